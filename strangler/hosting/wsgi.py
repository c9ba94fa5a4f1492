"""The WSGI entry of a host; DJANGO_SETTINGS_MODULE says which one."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
