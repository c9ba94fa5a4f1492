"""Apply: bring the objects of a cluster into line with the table, after telling what would change."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strangler.conf import get_conf
from strangler.edge.kubernetes import OBJECTS
from strangler.edge.kubernetes.cluster import cluster_of
from strangler.edge.kubernetes.kubectl import Change, Kubectl, Live
from strangler.edge.kubernetes.owned import MANAGER, selector
from strangler.errors import Refused
from strangler.state import load_table

LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    What applying the newest table would do to a cluster.

    Attributes:
        text: the objects, as they will be applied.
        namespaces: in which objects of ours can be.
        stale: objects that an earlier table needed.
    """

    kind: str
    context: str
    version: int
    text: str
    namespaces: frozenset[str]
    changes: tuple[Change, ...]
    stale: tuple[Live, ...]
    force: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "kind": self.kind,
            "context": self.context,
            "version": self.version,
            "changes": [
                {"object": str(c), "new": c.is_new, "version_alone": c.is_version_alone, "diff": list(c.lines)}
                for c in self.changes
            ],
            "deletes": [str(one) for one in self.stale],
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What has become of a proposal.

    Attributes:
        troubles: of objects that no gateway has accepted in time, in the gateway's words; then nothing was deleted.
    """

    applied: int
    deleted: tuple[str, ...]
    troubles: Mapping[str, str]


def propose(kind: str, *, namespace: str | None = None, context: str | None = None, force: bool = False) -> Proposal:
    """
    Return what applying the newest table would change; nothing is.

    Args:
        context: of the kubeconfig; None is its current one.
        force: take back what others have changed, and put an older table over a newer one.

    Raises:
        SetupError: the settings name something that a cluster cannot have.
        Refused: the cluster obeys a newer table.
        ClusterError: the cluster does not answer, or refuses.
    """
    table, objects = load_table(), OBJECTS[kind]
    cluster = cluster_of(get_conf(), namespace)
    bodies = [manifest.body for manifest in objects.manifests(table, cluster)]
    text = objects.render(table, cluster)
    kubectl = Kubectl(context, force=force)
    context = kubectl.context()
    changes = kubectl.diff(text)
    namespaces = cluster.namespaces | {body["metadata"]["namespace"] for body in bodies}
    live = kubectl.owned(objects.resources, namespaces, selector(kind))
    newest = max((one.version for one in live), default=0)
    if newest > table.version and not force:
        raise Refused(
            f"The cluster obeys version {newest} and the table here is version {table.version}: it was set back, or "
            f"another installation uses the same namespace. Choose another --namespace, or say --force."
        )
    wanted = {(body["kind"], body["metadata"]["namespace"], body["metadata"]["name"]) for body in bodies}
    stale = [one for one in live if MANAGER in one.applied_by and (one.kind, one.namespace, one.name) not in wanted]
    return Proposal(kind, context, table.version, text, frozenset(namespaces), tuple(changes), tuple(stale), force)


def carry_out(proposal: Proposal, *, wait_s: float = 30.0) -> Outcome:
    """
    Apply, wait until gateways have accepted the routes, and only then delete what is stale.

    A repeat does no harm. Istio tells nobody what it has accepted, so nothing is waited for there.

    Raises:
        ClusterError: some objects may have been applied, and the others not.
    """
    kubectl = Kubectl(proposal.context, force=proposal.force)
    kubectl.apply(proposal.text)
    troubles = _await_gateways(kubectl, proposal, wait_s)
    if not troubles:
        for one in proposal.stale:
            kubectl.delete(one)
    deleted = () if troubles else tuple(map(str, proposal.stale))
    return Outcome(len(proposal.changes), deleted, troubles)


def _await_gateways(kubectl: Kubectl, proposal: Proposal, wait_s: float) -> dict[str, str]:
    deadline = time.monotonic() + wait_s
    stale = {str(one) for one in proposal.stale}
    while True:
        live = kubectl.owned(OBJECTS[proposal.kind].resources, proposal.namespaces, selector(proposal.kind))
        told = {str(one): trouble for one in live if str(one) not in stale and (trouble := trouble_of(one.body))}
        if not told or time.monotonic() >= deadline:
            return told if wait_s else {}
        time.sleep(LOOK_S)


def trouble_of(body: Mapping[str, Any]) -> str:
    """
    Return why a route is not obeyed yet, or an empty string.

    Each parent says so itself (Gateway API, RouteParentStatus): `Accepted` and `ResolvedRefs`, of this generation.
    """
    if body["kind"] != "HTTPRoute":
        return ""
    parents = body.get("status", {}).get("parents", [])
    for parent in body["spec"]["parentRefs"]:
        said = [one for one in parents if one["parentRef"].get("name") == parent["name"]]
        if not said:
            return f"no gateway has taken it: is there a Gateway {parent['name']!r}, and does it admit this namespace?"
        for condition in (condition for one in said for condition in one["conditions"]):
            if condition["type"] not in {"Accepted", "ResolvedRefs"}:
                continue
            if condition.get("observedGeneration", 0) < body["metadata"]["generation"]:
                return "the gateway has not looked at it yet"
            if condition["status"] != "True":
                return f"{condition['reason']}: {condition['message']}"
    return ""
