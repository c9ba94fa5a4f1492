"""Validators and preconditions (RFC 9110 8.8.3, 13.1) made of a row's version, equal in both homes (R11)."""

from __future__ import annotations

import hashlib
import re

from rest_framework.request import Request
from rest_framework.response import Response

from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.problems import Problem

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def etag(*, version: int, representation: int, part: str = "") -> str:
    """
    Make the strong validator of a representation.

    Args:
        version: of the row; grows with every change of what is shown.
        representation: of the code that renders the row; grows when the same row is rendered differently.
        part: what distinguishes a partial representation, such as the chosen fields.
    """
    suffix = f"-{hashlib.sha256(part.encode()).hexdigest()[:12]}" if part else ""
    return f'"{version}-r{representation}{suffix}"'


def etag_of_body(body: bytes) -> str:
    """Make the validator of an answer that has no single row behind it."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def require_match(request: Request, current: str) -> None:
    """
    Let a write pass only if the client has seen the current version.

    The client may have seen it in any part: only version and representation are compared.

    Raises:
        Problem: `precondition_required` without If-Match, `version_conflict` when it names another version.
    """
    header = request.headers.get("If-Match")
    if header is None:
        raise Problem(RestCode.PRECONDITION_REQUIRED, "Send the ETag of your last read as If-Match.")
    check_match(request, current)


def check_match(request: Request, current: str) -> None:
    """Like `require_match`, for a resource where the precondition is the client's choice."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return
    # If-Match compares strongly: a weak tag never matches (RFC 9110 13.1.1).
    seen = {_whole(tag.group(1)) for tag in _TAG.finditer(header) if not tag.group(0).startswith("W/")}
    if _whole(current.strip('"')) not in seen:
        raise Problem(
            RestCode.VERSION_CONFLICT,
            "Read the resource again and repeat the change on what you find.",
            headers={"ETag": current},
        )


def conditional(request: Request, response: Response, tag: str) -> Response:
    """Set the validator, and answer 304 without a body when the client holds this representation already."""
    header = request.headers.get("If-None-Match", "")
    # If-None-Match compares weakly (RFC 9110 13.1.2).
    held = header.strip() == "*" or tag.strip('"') in {match.group(1) for match in _TAG.finditer(header)}
    if held:
        response = Response(
            status=304, headers={name: value for name, value in response.headers.items() if name in _KEPT}
        )
    response["ETag"] = tag
    return response


# RFC 9110 15.4.5: what a 304 repeats of the 200 that it stands for.
_KEPT = {"Cache-Control", "Content-Location", "Expires", "Vary"}


def _whole(tag: str) -> str:
    """Cut the part off: "7-r1-0a1b2c" and "7-r1" have seen the same version."""
    return "-".join(tag.split("-")[:2])
