"""How an edge knows who has logged in by a session of Django's: only the monolith can tell whose it is (R22)."""

from __future__ import annotations

import re

from django.conf import settings

_MIDDLEWARE = "django.contrib.sessions.middleware.SessionMiddleware"


def session_cookie() -> str | None:
    """Return the name of the cookie by which this host knows who has logged in; None where it keeps no sessions."""
    return str(settings.SESSION_COOKIE_NAME) if _MIDDLEWARE in settings.MIDDLEWARE else None


def session_pattern(cookie: str) -> str:
    """Return a regular expression (RE2) that fits a whole Cookie field which holds *cookie* (RFC 6265 4.2.1)."""
    return f"^(.*; *)?{re.escape(cookie)}=.*$"
