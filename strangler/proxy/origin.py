"""Where a request comes from: as the router in front saw it, or the proxy that the settings say to trust."""

from __future__ import annotations

from ipaddress import ip_address

from django.http import HttpRequest

_SCHEMES = frozenset({"http", "https"})


def restore_origin(request: HttpRequest) -> None:
    """
    Let a forwarded request look as it did at the router: its host, scheme and client.

    So absolute links, CSRF's origin check and secure cookies come out the same in both homes (R22), and no host needs
    to trust X-Forwarded-* from anybody.
    """
    environ = request.META
    environ["HTTP_HOST"] = environ.get("HTTP_X_FORWARDED_HOST", "")
    environ["wsgi.url_scheme"] = environ.get("HTTP_X_FORWARDED_PROTO", "http")
    environ["REMOTE_ADDR"] = _last(environ.get("HTTP_X_FORWARDED_FOR", ""))


def believe_proxy(request: HttpRequest) -> None:
    """
    Let a request look as it did at the proxy in front, which is trusted; what it does not say, or garbles, stays.

    The client is the last of X-Forwarded-For: what stands before it, the proxy has been told by others.
    """
    environ = request.META
    client = _last(environ.get("HTTP_X_FORWARDED_FOR", ""))
    if _is_address(client):
        environ["REMOTE_ADDR"] = client
    if (scheme := environ.get("HTTP_X_FORWARDED_PROTO", "")) in _SCHEMES:
        environ["wsgi.url_scheme"] = scheme
    if host := environ.get("HTTP_X_FORWARDED_HOST"):
        environ["HTTP_HOST"] = host


def _last(chain: str) -> str:
    return chain.rpartition(",")[2].strip()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
