"""kubectl as a process: what would change, change it, and what is there; every failure says what to do."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strangler.edge.kubernetes.owned import MANAGER, VERSION
from strangler.errors import StranglerError

TIMEOUT_S = 60.0
_FILE = re.compile(r"^diff .*/(?P<file>[^/ ]+)$")
_OBJECT = re.compile(r"\.(?P<kind>[A-Z]\w*)\.(?P<namespace>[-a-z0-9]+)\.(?P<name>.+)$")
_OWN_DIFF = {"KUBECTL_EXTERNAL_DIFF": "diff -u -N"}  # the operator's may colour, or wait for a key
_BY_SERVER = re.compile(r"^[ +-]\s+(creationTimestamp|generation|resourceVersion|uid): ")


class ClusterError(StranglerError):
    """A cluster was not reached, or refused."""


@dataclass(frozen=True, slots=True)
class Change:
    """
    What would become of one object.

    Attributes:
        lines: a unified diff without its head and without what the server sets; each begins with ` `, `+`, `-` or `@`.
    """

    kind: str
    namespace: str
    name: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def is_new(self) -> bool:
        """Whether there is no such object yet."""
        return not any(line.startswith(("-", " ")) for line in self.lines)

    @property
    def is_version_alone(self) -> bool:
        """Whether it would say the same, of a later version of the table."""
        return all(VERSION in line for line in self.lines if line.startswith(("+", "-")))


@dataclass(frozen=True, slots=True)
class Live:
    """
    An object of ours that is in the cluster.

    Attributes:
        resource: its kind as kubectl is told it, with the group.
        version: of the table that it was rendered from; 0 when it does not say.
        applied_by: the managers that applied it.
    """

    resource: str
    kind: str
    namespace: str
    name: str
    version: int
    applied_by: frozenset[str]
    body: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Kubectl:
    """
    Runs kubectl against one context.

    Args:
        context: of the kubeconfig; None is its current one.
        force: take back fields that other managers have set.
    """

    def __init__(self, context: str | None = None, *, force: bool = False, timeout_s: float = TIMEOUT_S) -> None:
        self._context = context
        self._timeout_s = timeout_s
        self._apply = ("--server-side", f"--field-manager={MANAGER}", *(("--force-conflicts",) if force else ()))

    def context(self) -> str:
        """Return the context's name; empty where there is none, as inside a pod that is known by its account."""
        if self._context:
            return self._context
        try:
            return self._run("config", "current-context").strip()
        except ClusterError:
            return ""

    def diff(self, manifest: str) -> list[Change]:
        """
        Return what applying *manifest* would change, as the server has worked out without doing it.

        Raises:
            ClusterError: it cannot be told.
        """
        told = self._run("diff", *self._apply, "-f", "-", stdin=manifest, good=(0, 1))
        return [change for change in _changes(told) if change.lines]

    def apply(self, manifest: str) -> None:
        """
        Apply *manifest*; a repeat changes nothing.

        Raises:
            ClusterError: some objects may have been applied, and the others not.
        """
        self._run("apply", *self._apply, "-f", "-", stdin=manifest)

    def owned(self, resources: Sequence[str], namespaces: Iterable[str], selector: str) -> list[Live]:
        """
        Return the objects with our labels, in the order of namespaces.

        Raises:
            ClusterError: they cannot be listed.
        """
        found = []
        for namespace in sorted(namespaces):
            asked = ("get", ",".join(resources), "--namespace", namespace, "--selector", selector)
            told = self._run(*asked, "--output=json", "--show-managed-fields")
            found += [_live(body, resources) for body in json.loads(told)["items"]]
        return found

    def delete(self, one: Live) -> None:
        """
        Delete an object; one that is gone already is no failure.

        Raises:
            ClusterError: it is still there.
        """
        self._run("delete", one.resource, one.name, "--namespace", one.namespace, "--ignore-not-found", "--wait=false")

    def _run(self, *arguments: str, stdin: str = "", good: Sequence[int] = (0,)) -> str:
        where = ("--context", self._context) if self._context else ()
        try:
            done = subprocess.run(  # noqa: S603  no shell
                ["kubectl", *arguments, *where],  # noqa: S607  whichever the operator has in PATH
                input=stdin,
                capture_output=True,
                text=True,
                timeout=self._timeout_s,
                check=False,
                env={**os.environ, **_OWN_DIFF},
            )
        except FileNotFoundError:
            raise ClusterError(
                "kubectl is not in PATH: install it, or give the output of `strangler render` to whoever applies it."
            ) from None
        except subprocess.TimeoutExpired:
            raise ClusterError(
                f"kubectl {arguments[0]} has not ended within {self._timeout_s:g} s. Does the cluster answer? "
                "Ask it with `kubectl version`, then repeat."
            ) from None
        if done.returncode not in good:
            raise ClusterError(_reason(done.stderr.strip() or done.stdout.strip(), arguments[0]))
        return done.stdout


def _live(body: Mapping[str, Any], resources: Sequence[str]) -> Live:
    about = body["metadata"]
    group = body["apiVersion"].partition("/")[0]
    of_group = [resource for resource in resources if resource.partition(".")[2] == group]
    version = str(about.get("annotations", {}).get(VERSION, ""))
    return Live(
        resource=next(r for r in of_group if r.partition(".")[0].startswith(body["kind"].lower()[:-1])),
        kind=body["kind"],
        namespace=about["namespace"],
        name=about["name"],
        version=int(version) if version.isdecimal() else 0,
        applied_by=frozenset(f["manager"] for f in about.get("managedFields", ()) if f.get("operation") == "Apply"),
        body=body,
    )


# -- diffs ------------------------------------------------------------------------------------------------------


def _changes(told: str) -> Iterator[Change]:
    """kubectl writes both sides into files that are named by group, version, kind, namespace and name."""
    place: re.Match[str] | None = None
    lines: list[str] = []
    for line in told.splitlines():
        if head := _FILE.match(line):
            yield from _change(place, lines)
            place, lines = _OBJECT.search(head["file"]), []
        elif not line.startswith(("--- ", "+++ ")) and not _BY_SERVER.match(line):
            lines.append(line)
    yield from _change(place, lines)


def _change(place: re.Match[str] | None, lines: Sequence[str]) -> Iterator[Change]:
    if place and any(line.startswith(("+", "-")) for line in lines):
        yield Change(place["kind"], place["namespace"], place["name"], tuple(lines))


# -- failures ---------------------------------------------------------------------------------------------------

_ADVICE = (
    (
        r'context "(?P<what>.+?)" does not exist',
        "The kubeconfig has no context {what!r}: `kubectl config get-contexts` lists what there is, --context chooses.",
    ),
    (
        r"current-context is not set|no configuration has been provided|localhost:8080",
        "kubectl knows no cluster: choose one with --context, or set KUBECONFIG to the file that names it.",
    ),
    (
        r'(?:no matches for kind|resource mapping not found).*?kind "(?P<what>\w+)" in version "(?P<group>[^"/]+)',
        "The cluster does not know {what}: install the custom resources of {group} first ({crds}).",
    ),
    (
        r'''doesn't have a resource type "(?P<what>\w+)"''',
        "The cluster does not know {what}: install the custom resources of the Gateway API, or Istio, first.",
    ),
    (
        r'(?s)conflicts? with "(?P<what>[^"]+)"',
        "{what} has set fields that the table would set otherwise. --force takes them back. kubectl says: {all}",
    ),
    (
        r'[Ff]orbidden\)?: .*?cannot (?P<what>\w+) resource "(?P<group>\w+)"',
        "You may not {what} {group} here: ask for get, list, patch, create and delete. kubectl says: {all}",
    ),
    (
        r'namespaces "(?P<what>[^"]+)" not found',
        "There is no namespace {what!r}: create it, or choose another with --namespace.",
    ),
    (r"Unauthorized|must be logged in|provide credentials", "The cluster does not know you: log in, then repeat."),
    (
        r"connection refused|was refused|no such host|i/o timeout|Unable to connect|TLS handshake",
        "The cluster does not answer: is it up, and this the right --context? kubectl says: {all}",
    ),
    (r"executable file not found", "kubectl needs `diff` in PATH to tell what would change: install diffutils."),
)  # fmt: skip
_CRDS = {
    "gateway.networking.k8s.io": "standard-install.yaml of the Gateway API, 1.0 or newer",
    "networking.istio.io": "Istio 1.22 or newer",
    "security.istio.io": "Istio 1.22 or newer",
}


def _reason(told: str, verb: str) -> str:
    for pattern, advice in _ADVICE:
        if found := re.search(pattern, told):
            named = {"what": "", "group": "", **found.groupdict()}
            crds = _CRDS.get(named["group"], "of its project")
            return advice.format(**named, crds=crds, all=" ".join(told.split()))
    return f"kubectl {verb} failed: {' '.join(told.split()) or 'it does not say why'}"
