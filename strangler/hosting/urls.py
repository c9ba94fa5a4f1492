"""The URLs of a host, derived: its apps at their mounts, and what every host answers."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django_prometheus.exports import ExportToDjangoView

from strangler.hosting import health
from strangler.hosting.conf import get_hosting
from strangler.hosting.rest import problems


def health_urls() -> list[URLPattern]:
    """Return the questions of an orchestrator, and the figures."""
    return [
        path("livez", health.livez),
        path("health", health.livez),
        path("readyz", health.readyz),
        path("ready", health.readyz),
        path("startupz", health.startupz),
        path("metrics", ExportToDjangoView),
    ]


def app_urls() -> list[URLResolver]:
    """Return the apps of this host, each at its mount; each brings its own documentation."""
    return [path(mount, include(urls)) for mount, urls in get_hosting().mounts.items()]


urlpatterns = [*health_urls(), *app_urls()]
handler404 = problems.page_not_found
handler500 = problems.server_error
