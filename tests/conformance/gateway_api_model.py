"""
What a gateway does with a request, by the text of the Gateway API alone.

The words quoted are those of HTTPRouteSpec, HTTPRouteRule and HTTPPathMatch in `apis/v1/httproute_types.go`, and of
ReferenceGrantSpec. Nothing of strangler is imported. Where the text leaves a choice, the model takes both, and says so
when they differ: `Ambiguous`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tests.conformance.kubernetes_requests import Answer, Request


class Ambiguous(AssertionError):
    """The specification lets gateways disagree about this request."""


class _Match(NamedTuple):
    specificity: tuple[int, int]  # of the host name
    precedence: tuple[bool, int, bool, int, int]
    route: dict[str, Any]
    rule: dict[str, Any]


def serve(objects: Sequence[dict[str, Any]], request: Request) -> Answer:
    """Return what every conformant gateway answers to *request*, or where it sends it."""
    found = [match for route in _routes(objects) for match in _matches(route, request)]
    if not found:
        # "When no rules matching a request have been successfully attached [...] 404 status code MUST be returned."
        return Answer(status=404)
    answers = {_answer(objects, match, request) for match in _first(found, request, objects)}
    if len(answers) > 1:
        raise Ambiguous(f"{request}: {answers}")
    return answers.pop()


def _routes(objects: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in objects if one["kind"] == "HTTPRoute"]


def _first(found: list[_Match], request: Request, objects: Sequence[dict[str, Any]]) -> Iterator[_Match]:
    """
    Yield the matches that may be taken first.

    "Precedence must be given to rules from the HTTPRoute with the largest number of: characters in a matching
    non-wildcard hostname; characters in a matching hostname." Gateways that look for a host first never come to rules
    of a less specific one: both must find the same. "If ties still exist across multiple Routes": the oldest, so any.
    """
    hosts = [h for route in _routes(objects) if (h := _host_specificity(route, request.host)) is not None]
    best = max(match.specificity for match in found)
    if best != max(hosts):
        raise Ambiguous(f"{request}: a more specific host has no rule for it")
    top = max((m.specificity, m.precedence) for m in found)
    tied = [m for m in found if (m.specificity, m.precedence) == top]
    seen: set[int] = set()
    for match in tied:  # "Within an HTTPRoute [...] the FIRST matching rule (in list order)"
        if id(match.route) not in seen:
            seen.add(id(match.route))
            yield match


def _host_specificity(route: dict[str, Any], host: str) -> tuple[int, int] | None:
    """Return (characters without a wildcard, characters); None when no host name fits. Ports are ignored."""
    names = route["spec"].get("hostnames")
    if not names:
        return (0, 0)
    host = host.partition(":")[0].lower()
    fits = [
        (0 if name.startswith("*.") else len(name), len(name))
        for name in names
        if name == host or (name.startswith("*.") and host.endswith(name[1:]) and host != name[2:])
    ]
    return max(fits, default=None)


def _matches(route: dict[str, Any], request: Request) -> Iterator[_Match]:
    specificity = _host_specificity(route, request.host)
    if specificity is None:
        return
    for rule in route["spec"]["rules"]:
        for match in rule.get("matches") or [{}]:
            if (precedence := _precedence(match, request)) is not None:
                yield _Match(specificity, precedence, route, rule)


def _precedence(match: dict[str, Any], request: Request) -> tuple[bool, int, bool, int, int] | None:
    """
    Return the rank of a match that fits, in the order of the text, or None.

    "Exact path match; Prefix path match with largest number of characters; Method match; Largest number of header
    matches; Largest number of query param matches."
    """
    path = match.get("path", {"type": "PathPrefix", "value": "/"})
    kind, value = path.get("type", "PathPrefix"), path.get("value", "/")
    asked = request.target.partition("?")[0]
    if not (asked == value if kind == "Exact" else _is_prefix(value, asked)):
        return None
    if "method" in match and match["method"] != request.method:
        return None
    headers = match.get("headers", [])
    if not all(_header_fits(header, request) for header in headers):
        return None
    assert "queryParams" not in match, "the model knows no query parameters"
    return (kind == "Exact", len(value.rstrip("/")), "method" in match, len(headers), 0)


def _is_prefix(prefix: str, path: str) -> bool:
    """ "Matching is case-sensitive and done on a path element by element basis [...] a trailing `/` is ignored." """
    elements = prefix.rstrip("/").split("/")[1:]
    return path.split("/")[1:][: len(elements)] == elements


def _header_fits(header: dict[str, Any], request: Request) -> bool:
    """ "Name matching MUST be case-insensitive"; the dialect of expressions is RE2, on the whole value."""
    value = request.headers.get(header["name"].lower())
    if value is None:
        return False
    if header.get("type", "Exact") == "RegularExpression":
        return re.fullmatch(header["value"], value) is not None
    return bool(value == header["value"])


def _answer(objects: Sequence[dict[str, Any]], match: _Match, request: Request) -> Answer:
    """ "If all entries in BackendRefs are invalid [...] all traffic [...] MUST receive a 500 status code." """
    rule, namespace = match.rule, match.route["metadata"]["namespace"]
    chosen = [ref for ref in rule.get("backendRefs", []) if ref.get("weight", 1) > 0]
    if not chosen:
        return Answer(status=500)
    if len(chosen) > 1:
        raise Ambiguous(f"{request}: drawn by weight for each request")
    ref = chosen[0]
    there = ref.get("namespace", namespace)
    if there != namespace and not _is_granted(objects, namespace, there, ref["name"]):
        return Answer(status=500)
    gone = {
        name.lower()
        for one in rule.get("filters", [])
        if one["type"] == "RequestHeaderModifier"
        for name in one["requestHeaderModifier"].get("remove", [])
    }
    timeout = rule.get("timeouts", {}).get("request")
    passed = frozenset(name for name in request.headers if name not in gone)
    return Answer(backend=(ref["name"], there, ref["port"]), headers=passed, timeout_s=_seconds(timeout))


def _is_granted(objects: Sequence[dict[str, Any]], source: str, target: str, name: str) -> bool:
    """A ReferenceGrant lives in the namespace that is referred to; an empty name means every object of the kind."""
    asked = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": source}
    return any(
        grant["kind"] == "ReferenceGrant"
        and grant["metadata"]["namespace"] == target
        and asked in grant["spec"]["from"]
        and any(to["group"] == "" and to["kind"] == "Service" and to.get("name", name) == name
                for to in grant["spec"]["to"])
        for grant in objects
    )  # fmt: skip


def _seconds(duration: str | None) -> float | None:
    """GEP-2257."""
    if duration is None:
        return None
    assert re.fullmatch(r"([0-9]{1,5}(h|m|s|ms)){1,4}", duration), duration
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    return round(sum(int(n) * units[unit] for n, unit in re.findall(r"([0-9]+)(ms|h|m|s)", duration)), 3)
