"""
A Kubernetes API server as far as kubectl needs one: discovery, server-side apply, lists, deletion.

It keeps objects in memory, gives each applied field set to its manager, and refuses an apply that would take fields
from another manager (Kubernetes: Server-Side Apply, "Conflicts"). It validates nothing.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

KINDS = {
    "gateway.networking.k8s.io/v1": {"httproutes": "HTTPRoute"},
    "gateway.networking.k8s.io/v1beta1": {"referencegrants": "ReferenceGrant"},
    "networking.istio.io/v1": {"virtualservices": "VirtualService", "destinationrules": "DestinationRule"},
    "security.istio.io/v1": {"authorizationpolicies": "AuthorizationPolicy"},
}
VERBS = ["delete", "get", "list", "patch"]
Key = tuple[str, str, str]


@dataclass
class Api:
    """
    The state of a server, and what it should refuse.

    Attributes:
        objects: by resource, namespace and name.
        home: folder of the kubeconfig.
        asked: method and path of every request.
        without: API groups that are not installed.
        forbidden: verbs that are refused.
        gateway: sets the status of routes as a gateway's controller would; None: no controller runs.
        looks_until_told: lists of routes that do not show yet what the gateway says.
    """

    url: str = ""
    home: Path = Path()
    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    without: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset({"shop", "sales"})
    gateway: dict[str, Any] | None = field(default_factory=lambda: {"Accepted": "True", "ResolvedRefs": "True"})

    looks_until_told: int = 0

    def reset(self) -> None:
        """Forget everything but the address."""
        self.__init__(self.url, self.home)  # type: ignore[misc]

    @property
    def kinds(self) -> dict[str, dict[str, str]]:
        """What is installed."""
        return {version: kinds for version, kinds in KINDS.items() if version.partition("/")[0] not in self.without}

    def put(self, resource: str, body: Mapping[str, Any], manager: str) -> None:
        """Store an object as *manager* would have made it."""
        name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
        self.objects[resource, namespace, name] = self._with_status(copy.deepcopy(dict(body)), manager)

    def apply(self, key: Key, body: dict[str, Any], query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Return status and answer of a server-side apply."""
        manager, old = query["fieldManager"], self.objects.get(key)
        before = _manager_of(old) if old else manager
        if before != manager and query.get("force") != "true" and old and old["spec"] != body["spec"]:
            message = f'Apply failed with 1 conflict: conflict with "{before}": .spec'
            cause = {"reason": "FieldManagerConflict", "message": f'conflict with "{before}"', "field": ".spec"}
            return 409, _status(409, "Conflict", message, {"causes": [cause]})
        made = self._with_status(body, manager, old)
        if query.get("dryRun") != "All":
            self.objects[key] = made
        elif made.pop("status", None) and old:
            made["status"] = old["status"]  # no gateway looks at what is not stored
        return 200 if old else 201, made

    def _with_status(self, body: dict[str, Any], manager: str, old: dict[str, Any] | None = None) -> dict[str, Any]:
        before = old["metadata"] if old else {}
        changed = old is None or old["spec"] != body["spec"]
        same = not changed and all(before[name] == body["metadata"][name] for name in ("labels", "annotations"))
        generation = (old["metadata"]["generation"] if old else 0) + changed
        body["metadata"] |= {
            "uid": f"uid-{body['metadata']['name']}",
            "generation": generation,
            "resourceVersion": before["resourceVersion"] if same else str(len(self.asked)),
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"manager": manager, "operation": "Apply", "apiVersion": body["apiVersion"]}],
        }
        if body["kind"] == "HTTPRoute" and self.gateway is not None:
            conditions = [
                {"type": kind, "status": status, "observedGeneration": generation, "reason": kind, "message": "as told"}
                for kind, status in self.gateway.items()
            ]
            body["status"] = {"parents": [{"parentRef": ref, "controllerName": "test/gateway", "conditions": conditions}
                                          for ref in body["spec"]["parentRefs"]]}  # fmt: skip
        return body


def _manager_of(body: Mapping[str, Any]) -> str:
    return str(body["metadata"]["managedFields"][0]["manager"])


def _status(code: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "code": code, "reason": reason, "message": message, "details": dict(details or {}),
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve("get")

    def do_PATCH(self) -> None:
        self._serve("patch")

    def do_DELETE(self) -> None:
        self._serve("delete")

    def _serve(self, verb: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = [unquote(segment) for segment in parts.path.strip("/").split("/")]
        self.api.asked.append((self.command, parts.path))
        code, answer = self._discovery(path) or self._object(verb, path, query, body)
        data = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _discovery(self, path: list[str]) -> tuple[int, Any] | None:
        kinds = self.api.kinds
        if path == ["version"]:
            return 200, {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}
        if path == ["api"]:
            return 200, {"kind": "APIVersions", "versions": ["v1"]}
        if path == ["api", "v1"]:
            return 200, _resources("v1", {"namespaces": "Namespace"}, namespaced=False)
        if path == ["apis"]:
            return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups(kinds)}
        if path[0] == "apis" and len(path) == 3 and (version := "/".join(path[1:])) in kinds:
            return 200, _resources(version, kinds[version])
        if path[0] == "openapi":
            return self._openapi(path)
        return None

    def _openapi(self, path: list[str]) -> tuple[int, Any] | None:
        """Version 3: an index, and for each group what its operations take."""
        if path == ["openapi", "v3"]:
            return 200, {"paths": {f"apis/{v}": {"serverRelativeURL": f"/openapi/v3/apis/{v}"} for v in self.api.kinds}}
        version = "/".join(path[3:])
        if path[:3] != ["openapi", "v3", "apis"] or version not in self.api.kinds:
            return None
        group, _, short = version.partition("/")
        takes = [{"name": name, "in": "query"} for name in ("dryRun", "fieldManager", "fieldValidation", "force")]
        paths = {
            f"/apis/{version}/namespaces/{{namespace}}/{plural}/{{name}}": {
                "patch": {
                    "parameters": takes,
                    "x-kubernetes-group-version-kind": {"group": group, "version": short, "kind": kind},
                }
            }
            for plural, kind in self.api.kinds[version].items()
        }
        return 200, {"openapi": "3.0.0", "info": {"title": "test", "version": "1"}, "paths": paths}

    def _object(self, verb: str, path: list[str], query: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        if path[:3] == ["api", "v1", "namespaces"] and len(path) == 4 and path[3] in self.api.namespaces:
            return 200, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": path[3]}}
        version = "/".join(path[1:3])
        if path[0] != "apis" or version not in self.api.kinds or len(path) < 6:
            return 404, _status(404, "NotFound", "the server could not find the requested resource")
        namespace, resource, name = path[4], path[5], path[6] if len(path) > 6 else ""
        group = version.partition("/")[0]
        if verb in self.api.forbidden:
            where = f'{resource}.{group} is forbidden: User "anna" cannot {verb} resource "{resource}" in API group'
            return 403, _status(403, "Forbidden", f'{where} "{group}" in the namespace "{namespace}"')
        if namespace not in self.api.namespaces and verb == "patch":
            return 404, _status(404, "NotFound", f'namespaces "{namespace}" not found', {"kind": "namespaces"})
        if verb == "patch":
            return self.api.apply((resource, namespace, name), yaml.safe_load(body), query)
        if not name:
            return 200, self._list(version, resource, namespace, query.get("labelSelector", ""))
        found = self.api.objects.get((resource, namespace, name))
        if found is None:
            return 404, _status(404, "NotFound", f'{resource}.{group} "{name}" not found', {"name": name})
        if verb == "delete":
            del self.api.objects[resource, namespace, name]
            return 200, _status(200, "", "") | {"status": "Success"}
        return 200, found

    def _list(self, version: str, resource: str, namespace: str, selector: str) -> dict[str, Any]:
        wanted = dict(pair.split("=") for pair in selector.split(",") if pair)
        items = [
            one for (kind, where, _), one in self.api.objects.items()
            if (kind, where) == (resource, namespace)
            and wanted.items() <= one["metadata"].get("labels", {}).items()
        ]  # fmt: skip
        if resource == "httproutes" and self.api.looks_until_told:
            self.api.looks_until_told -= 1
            items = [{name: value for name, value in one.items() if name != "status"} for one in items]
        return {
            "kind": f"{self.api.kinds[version][resource]}List",
            "apiVersion": version,
            "metadata": {},
            "items": items,
        }


def _groups(kinds: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = dict.fromkeys(version.partition("/")[0] for version in kinds)
    groups = []
    for name in names:
        versions = [
            {"groupVersion": version, "version": version.partition("/")[2]}
            for version in kinds
            if version.startswith(f"{name}/")
        ]
        groups.append({"name": name, "versions": versions, "preferredVersion": versions[0]})
    return groups


def _resources(version: str, kinds: Mapping[str, str], *, namespaced: bool = True) -> dict[str, Any]:
    resources = [
        {"name": plural, "singularName": kind.lower(), "namespaced": namespaced, "kind": kind, "verbs": VERBS}
        for plural, kind in kinds.items()
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


@contextmanager
def api_server(folder: Path, *, context: str = "test") -> Iterator[Api]:
    """Serve an empty cluster; *folder*/config is the kubeconfig that leads to it, and a home for kubectl's caches."""
    api = Api(home=folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": context,
        "clusters": [{"name": "c", "cluster": {"server": api.url}}],
        "users": [{"name": "anna", "user": {}}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "anna", "namespace": "shop"}}],
    }  # fmt: skip
    (folder / "config").write_text(json.dumps(config))
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
