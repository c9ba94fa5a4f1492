"""
The routes: everything of Envoy's configuration that changes while it runs.

Envoy is a hint as every router is (DESIGN: the fence is the truth), so it need not be able to verify everything that
the middleware can. Where a decision hangs on a signature, Envoy sends the request to a home whose middleware decides
exactly, and forwards. What matters is that the outcome is the same; the conformance suite holds it to that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from strangler.conf import Conf
from strangler.edge.envoy import names
from strangler.edge.envoy.names import type_url
from strangler.edge.sessions import session_cookie, session_pattern
from strangler.routing import READ_METHODS, TOTAL_WEIGHT, Decision, Table
from strangler.routing.table import OTHER_METHODS, Answers

Json = dict[str, Any]
NOBODYS_IDLE_S = 300
_ROUTE_LIST = type_url("envoy.config.route.v3.RouteList")
_NO_HOST = set(":*")
_PLAIN = re.compile(r"[A-Za-z0-9._~/-]*")
_PATH_CHARACTERS = re.compile(r"[A-Za-z0-9._~/!$&'()*+,;=:@-]*")  # RFC 3986 3.3
# Characters that nobody has to escape (RFC 3986 2.3), and the slash: escaped, they may hide the name of a segment.
_NEEDLESS_ESCAPE = "%(2[DdEeFf]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])"
_CLUSTER = re.compile(r'"cluster":"([^"]+)"|"name":"([^"]+)","weight"')
_WRITES_AGAIN_ON = "connect-failure,refused-stream,reset-before-request"
_READS_AGAIN_ON = "connect-failure,refused-stream,reset,gateway-error"


def routes_document(listener: str, table: Table, conf: Conf, *, version: str) -> str:
    """
    Return a listener's file of routes.

    Args:
        version: by which Envoy's admin interface says that it obeys this file.
    """
    document = {"version_info": version, "resources": [_configuration(listener, table, conf)]}
    return json.dumps(document, separators=(",", ":"))


def _configuration(listener: str, table: Table, conf: Conf) -> Json:
    return {
        "@type": type_url("envoy.config.route.v3.RouteConfiguration"),
        "name": listener,
        "virtual_hosts": [_virtual_host(listener, host, table, conf) for host in (None, *_hosts(table))],
        "request_headers_to_remove": [names.SUBJECT_HEADER, *names.ENVOYS_OWN],
        "ignore_port_in_host_matching": True,
    }


def _hosts(table: Table) -> list[str]:
    """Return the hosts that have routes of their own, and that a request can name."""
    return sorted({r.host for r in table.routes if r.host and r.host == r.host.lower() and not _NO_HOST & set(r.host)})


def _virtual_host(listener: str, host: str | None, table: Table, conf: Conf) -> Json:
    lists = _Lists(host or "", table, conf, _calls(table) if listener == names.INTERNAL else {})
    return {"name": host or "any", "domains": [host or "*"], "matcher": lists.matcher()}


def _calls(table: Table) -> dict[str, list[Json]]:
    """Calls and events of other apps go to whoever owns the rows: they carry no subject."""
    return {
        f"{path}/{name}": [_to(f"{path}/{name}", {"cluster": names.internal_cluster(name, state.writer)})]
        for name, state in table.capabilities.items()
        for path in (names.CALLS, names.EVENTS)
    }


def _to(prefix: str, action: Json, **more: Any) -> Json:
    return {"match": _match(prefix), "route": {"timeout": "0s", **action}, **more}


def clusters_of(document: str) -> set[str]:
    """Return the clusters that a file of routes names; what hangs in a tree, Envoy does not look for itself."""
    return {single or weighted for single, weighted in _CLUSTER.findall(document)}


def _match(prefix: str, *headers: Json) -> Json:
    path = {"path_separated_prefix": prefix} if prefix else {"prefix": "/"}
    return {**path, "headers": list(headers)} if headers else path


class _Lists:
    """
    The routes of one virtual host, as lists that hang in a tree of prefixes.

    The tree knows characters and not segments: below `/api/cat` it looks for `/api/catalogue` as well. So each list
    goes on with those of the prefixes around its own, and every route checks the border itself.
    """

    def __init__(self, host: str, table: Table, conf: Conf, own: Mapping[str, list[Json]]) -> None:
        self.host = host
        self.table = table
        self.conf = conf
        routes = [r for r in table.routes if r.host in (None, host) and r.capability in table.capabilities]
        prefixes = {_normal(route.prefix) for route in routes}
        self.methods = (*sorted(READ_METHODS.union(*(r.methods or () for r in routes))), OTHER_METHODS)
        self.plain = all(_PLAIN.fullmatch(prefix) for prefix in prefixes)
        self.by_prefix = {prefix: self._routes(prefix) for prefix in prefixes if _PATH_CHARACTERS.fullmatch(prefix)}
        self.by_prefix |= own

    def matcher(self) -> Json:
        path = {"name": "path", "typed_config": {"@type": _INPUT, "header_name": ":path"}}
        lists = {prefix or "/": _action(self._chain(prefix)) for prefix in sorted(self.by_prefix)}
        nobodys = _action([self._nobodys])
        tree: Json = nobodys
        if lists:
            tree = {"matcher": {"matcher_tree": {"input": path, "prefix_match_map": {"map": lists}}}}
            tree["matcher"]["on_no_match"] = nobodys
        escapes = _NEEDLESS_ESCAPE if self.plain else "%"
        first = [_predicate(":path", f"[^?]*{escapes}.*")]
        if session := session_cookie():  # only the monolith knows whose it is, and tells the service (R22)
            first.append(_predicate("cookie", session_pattern(session)))
        return {
            "matcher_list": {"matchers": [{"predicate": predicate, "on_match": nobodys} for predicate in first]},
            "on_no_match": tree,
        }

    @property
    def _nobodys(self) -> Json:
        """Whatever is no capability's runs in the monolith, for as long as it likes while it says something."""
        return _to("", {"cluster": "monolith", "idle_timeout": f"{NOBODYS_IDLE_S}s", "retry_policy": _again("write")})

    def _chain(self, prefix: str) -> list[Json]:
        around = [prefix]
        while around[-1]:
            around.append(around[-1].rpartition("/")[0])
        return [*(route for p in around for route in self.by_prefix.get(p, ())), self._nobodys]

    def _routes(self, prefix: str) -> list[Json]:
        by_answers: dict[int, tuple[Answers, list[str]]] = {}
        for method in self.methods:
            if answers := self.table.match(self.host, prefix or "/", method):
                by_answers.setdefault(id(answers), (answers, []))[1].append(method)
        # Whoever answers methods that nobody has named comes last, and needs no list of them.
        ordered = sorted(by_answers.values(), key=lambda found: OTHER_METHODS in found[1])
        return [route for answers, those in ordered for route in self._of(prefix, answers, those)]

    def _of(self, prefix: str, answers: Answers, methods: list[str]) -> Iterator[Json]:
        named = [] if OTHER_METHODS in methods else [_header(":method", "|".join(methods))]
        writer = self._served(answers.writer)
        if not answers.weight:
            yield {"match": _match(prefix, *named), "route": writer}
            return
        for header, value in ((names.OVERRIDE_HEADER, ".*"), ("cookie", f"(.*; ?)?{names.PINS_COOKIE}=.*")):
            yield {"match": _match(prefix, *named, _header(header, value)), "route": writer}
        subject = {"name": names.SUBJECT_HEADER, "present_match": True}
        yield {"match": _match(prefix, *named, subject), "route": self._split(answers)}
        yield {
            "match": _match(prefix, *named),
            "route": writer,
            "typed_per_filter_config": _who_asks(jwt=self.conf.subject_jwks is not None),
        }

    def _served(self, decision: Decision) -> Json:
        return {"cluster": self._cluster(decision), **self._patience(decision)}

    def _split(self, answers: Answers) -> Json:
        weights = ((answers.share, answers.weight), (answers.remainder, TOTAL_WEIGHT - answers.weight))
        return {
            "weighted_clusters": {
                "clusters": [{"name": self._cluster(d), "weight": weight} for d, weight in weights],
                "use_hash_policy": True,
            },
            "hash_policy": [{"header": _salted(answers.capability)}],
            **self._patience(answers.share),
        }

    def _cluster(self, decision: Decision) -> str:
        """Behind a read's share, and behind what may be old, stands the monolith, which knows whether it may (R10)."""
        if decision.home == "monolith" or self.conf.capabilities[decision.capability].service_url is None:
            return "monolith"
        may_fall_back = decision.reason == "share" or (decision.kind == "read" and decision.route.stale_ok)
        return names.fallback_cluster(decision.capability) if may_fall_back else decision.capability

    def _patience(self, decision: Decision) -> Json:
        """
        Return timeouts longer than the home's own, which knows better what has happened.

        Only a route that names one is limited as a whole; others, live streams among them, may not be silent for long.
        """
        own_s = decision.route.timeout_s or self.conf.upstream_timeout_s
        silent_s = own_s + self.conf.switch_wait_s
        again = _again(decision.kind)
        if self._cluster(decision) == names.fallback_cluster(decision.capability):
            again |= {"per_try_timeout": f"{own_s}s", "retry_priority": _NEXT_PRIORITY}
        limit_s = 2 * silent_s if decision.route.timeout_s else 0
        return {"timeout": f"{limit_s}s", "idle_timeout": f"{2 * silent_s}s", "retry_policy": again}


_INPUT = type_url("envoy.type.matcher.v3.HttpRequestHeaderMatchInput")
_NEXT_PRIORITY = {
    "name": "envoy.retry_priorities.previous_priorities",
    "typed_config": {
        "@type": type_url("envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"),
        "update_frequency": 1,
    },
}


def _normal(prefix: str) -> str:
    """Return *prefix* as the table takes it; empty for everything."""
    return "".join(f"/{segment}" for segment in prefix.split("/") if segment)


def _again(kind: str) -> Json:
    """A write is sent again only where nothing of it has been."""
    return {
        "retry_on": _READS_AGAIN_ON if kind == "read" else _WRITES_AGAIN_ON,
        "num_retries": 1,
        "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.02s"},
    }


def _predicate(header: str, regex: str) -> Json:
    found = {"name": header.strip(":"), "typed_config": {"@type": _INPUT, "header_name": header}}
    return {"single_predicate": {"input": found, "value_match": {"safe_regex": {"google_re2": {}, "regex": regex}}}}


def _header(name: str, regex: str) -> Json:
    return {"name": name, "string_match": {"safe_regex": {"regex": regex}}}


def _salted(capability: str) -> Json:
    """Hash what `strangler.routing.share` hashes."""
    rewrite = {"pattern": {"regex": "^(.*)$"}, "substitution": rf"{capability}:\1"}
    return {"header_name": names.SUBJECT_HEADER, "regex_rewrite": rewrite}


def _who_asks(*, jwt: bool) -> Json:
    """Let the filters find out the subject; then the routes are looked at once more."""
    by_cookie = {"@type": type_url("envoy.extensions.filters.http.lua.v3.LuaPerRoute"), "name": names.BY_COOKIE}
    if not jwt:
        return {names.LUA: by_cookie}
    by_token = type_url("envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig")
    return {names.JWT: {"@type": by_token, "requirement_name": names.BY_COOKIE}, names.LUA: by_cookie}


def _action(routes: list[Json]) -> Json:
    return {"action": {"name": "routes", "typed_config": {"@type": _ROUTE_LIST, "routes": routes}}}
