"""
What an Istio gateway does with a request, by the reference of VirtualService alone.

The words quoted are those of `networking/v1/virtual_service.proto`. Nothing of strangler is imported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tests.conformance.kubernetes_requests import Answer, Request


def serve(objects: Sequence[dict[str, Any]], request: Request) -> Answer:
    """Return what the gateway answers to *request*, or where it sends it."""
    service = _service_of(objects, request.host.partition(":")[0].lower())
    if service is None:
        return Answer(status=404)
    for entry in service["spec"]["http"]:  # "An ordered list of route rules": "the first rule matching [...] is used"
        # "All conditions inside a single match block have AND semantics, while the list of match blocks have OR."
        if "match" not in entry or any(_fits(match, request) for match in entry["match"]):
            return _answer(entry, request)
    return Answer(status=404)


def _service_of(objects: Sequence[dict[str, Any]], host: str) -> dict[str, Any] | None:
    """Return the one with the longest host name that fits, whole names before wildcards; it is the only one asked."""
    found: dict[tuple[bool, int], dict[str, Any]] = {}
    for one in objects:
        for name in one["spec"]["hosts"] if one["kind"] == "VirtualService" else ():
            if name == host or (name.startswith("*") and host.endswith(name[1:])):
                rank = (name == host, len(name))
                assert rank not in found, f"two VirtualServices for {name}: their order is nobody's"
                found[rank] = one
    return found[max(found)] if found else None


def _fits(match: dict[str, Any], request: Request) -> bool:
    known = {"uri": request.target.partition("?")[0], "method": request.method}
    for name, wanted in match.items():
        if name == "headers":
            # "The header keys must be lowercase"
            if not all(_is(how, request.headers.get(key)) for key, how in wanted.items() if key == key.lower()):
                return False
        elif not _is(wanted, known[name]):
            return False
    return True


def _is(wanted: dict[str, str], value: str | None) -> bool:
    """StringMatch: "exact string match", "prefix-based match", "RE2 style regex-based match" of the whole."""
    ((how, text),) = wanted.items()
    if value is None:
        return False
    if how == "regex":
        return re.fullmatch(text, value) is not None
    return value == text if how == "exact" else value.startswith(text)


def _answer(entry: dict[str, Any], request: Request) -> Answer:
    if "directResponse" in entry:
        return Answer(status=entry["directResponse"]["status"])
    route = entry["route"]
    chosen = route if len(route) == 1 else [one for one in route if one.get("weight", 0) > 0]
    assert len(chosen) == 1, f"{request}: drawn by weight for each request"
    destination = chosen[0]["destination"]
    name, namespace, rest = destination["host"].split(".", 2)
    assert rest == "svc.cluster.local"
    gone = {name.lower() for name in entry.get("headers", {}).get("request", {}).get("remove", [])}
    passed = frozenset(name for name in request.headers if name not in gone)
    timeout = entry.get("timeout")
    return Answer(
        backend=(name, namespace, destination["port"]["number"]),
        headers=passed,
        timeout_s=float(timeout.removesuffix("s")) if timeout else None,
    )
