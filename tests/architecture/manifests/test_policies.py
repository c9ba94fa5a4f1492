"""Rendered objects keep every rule of the platform, and each rule finds what is broken on purpose."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from tests.architecture.manifests import policies
from tests.architecture.manifests.policies import EVERYWHERE, IN_DEV, IN_OVERLAYS, OUTSIDE_DEV, of_kind
from tests.architecture.manifests.rendering import Manifest, folders, render

DEV, PROD = "overlays/dev", "overlays/prod"
OVERLAYS = folders("overlays")


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("folder", [*folders("base"), *folders("stages"), *OVERLAYS])
def test_every_folder_keeps_every_rule(folder: str, rule: Callable) -> None:
    assert list(rule(render(folder))) == []


@pytest.mark.parametrize("rule", IN_OVERLAYS, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("folder", OVERLAYS)
def test_every_overlay_keeps_its_rules(folder: str, rule: Callable) -> None:
    assert list(rule(render(folder))) == []


@pytest.mark.parametrize("rule", IN_DEV, ids=lambda rule: rule.__name__)
def test_dev_brings_its_servers(rule: Callable) -> None:
    assert list(rule(render(DEV))) == []


@pytest.mark.parametrize("rule", OUTSIDE_DEV, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("folder", [folder for folder in OVERLAYS if folder != DEV])
def test_servers_and_secrets_are_outside_elsewhere(folder: str, rule: Callable) -> None:
    assert list(rule(render(folder))) == []


def deployment(objects: list[Manifest], name: str = "catalog") -> Manifest:
    return next(one for one in of_kind(objects, "Deployment") if one["metadata"]["name"] == name)


def template(one: Manifest) -> Manifest:
    return one["spec"]["template"]["spec"]


def pod(objects: list[Manifest], name: str = "catalog") -> Manifest:
    return deployment(objects, name)["spec"]["template"]["spec"]


def container(objects: list[Manifest], name: str = "catalog") -> Manifest:
    return pod(objects, name)["containers"][0]


def without(kind: str, name: str) -> Callable[[list[Manifest]], None]:
    def leave_out(objects: list[Manifest]) -> None:
        objects[:] = [one for one in objects if (one["kind"], one["metadata"]["name"]) != (kind, name)]

    return leave_out


def changed(where: Callable[[list[Manifest]], Manifest], **fields: object) -> Callable[[list[Manifest]], None]:
    return lambda objects: where(objects).update(fields)


def job(objects: list[Manifest]) -> Manifest:
    return next(one for one in of_kind(objects, "Job") if one["metadata"]["name"].startswith("catalog-"))


def policy(objects: list[Manifest], name: str) -> Manifest:
    return next(one for one in of_kind(objects, "NetworkPolicy") if one["metadata"]["name"] == name)["spec"]


def secret(objects: list[Manifest], name: str) -> Manifest:
    return next(one for one in of_kind(objects, "Secret") if one["metadata"]["name"] == name)


def with_second_home(objects: list[Manifest]) -> None:
    address = base64.b64encode(b"postgresql://inventory:word@postgres/inventory").decode()
    secret(objects, "catalog-app")["data"]["INVENTORY_DATABASE_URL"] = address


BROKEN = {
    "one endpoint for two questions": (
        policies.probes_are_distinct,
        lambda o: container(o).update(livenessProbe=container(o)["readinessProbe"]),
    ),
    "no startup probe": (policies.probes_are_distinct, lambda o: container(o).pop("startupProbe")),
    "no limit of memory": (policies.resources_are_bounded, lambda o: container(o)["resources"]["limits"].pop("memory")),
    "no requests": (policies.resources_are_bounded, lambda o: container(o)["resources"].pop("requests")),
    "root": (policies.pods_are_restricted, lambda o: pod(o)["securityContext"].update(runAsUser=0)),
    "a root that is written to": (
        policies.pods_are_restricted,
        lambda o: container(o)["securityContext"].update(readOnlyRootFilesystem=False),
    ),
    "a capability": (
        policies.pods_are_restricted,
        lambda o: container(o)["securityContext"]["capabilities"].update(add=["NET_RAW"]),
    ),
    "a folder of the node": (
        policies.pods_are_restricted,
        lambda o: pod(o)["volumes"].append({"name": "node", "hostPath": {"path": "/"}}),
    ),
    "no seccomp profile": (policies.pods_are_restricted, lambda o: pod(o)["securityContext"].pop("seccompProfile")),
    "a token": (policies.no_account_token, changed(pod, automountServiceAccountToken=True)),
    "one node for all": (policies.pods_are_spread, changed(pod, topologySpreadConstraints=[])),
    "no preStop": (policies.nothing_is_cut_off, lambda o: container(o).pop("lifecycle")),
    "too little time": (policies.nothing_is_cut_off, changed(pod, terminationGracePeriodSeconds=30)),
    "gone before the next": (
        policies.nothing_is_cut_off,
        lambda o: deployment(o)["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1),
    ),
    "no budget": (policies.disruptions_are_budgeted, without("PodDisruptionBudget", "catalog-worker")),
    "no autoscaler": (policies.deployments_scale, without("HorizontalPodAutoscaler", "edge")),
    "a count beside it": (policies.deployments_scale, lambda o: deployment(o)["spec"].update(replicas=2)),
    "no migrations": (policies.migrations_are_jobs, lambda o: o.remove(job(o))),
    "a Job of every version": (policies.migrations_are_jobs, lambda o: job(o)["metadata"].update(name="catalog-m")),
    "a Job of every configuration": (
        policies.migrations_are_jobs,
        lambda o: template(job(o))["containers"][0]["envFrom"].append({"configMapRef": {"name": "x"}}),
    ),
    "the mover's Secret": (
        policies.only_the_mover_knows_two_homes,
        lambda o: container(o)["envFrom"].append({"secretRef": {"name": "mover"}}),
    ),
    "a neighbour's Secret": (
        policies.only_the_mover_knows_two_homes,
        lambda o: container(o)["envFrom"].append({"secretRef": {"name": "inventory-migrations"}}),
    ),
    "a neighbour's database": (policies.only_the_mover_knows_two_homes, with_second_home),
    "configuration of a fixed name": (
        policies.configuration_restarts,
        lambda o: container(o)["envFrom"][0]["configMapRef"].update(name="catalog"),
    ),
    "whatever is latest": (policies.images_are_pinned, lambda o: container(o).update(image="catalog:latest")),
    "two versions": (policies.images_are_pinned, lambda o: container(o).update(image="django-strangler/catalog:0.0.9")),
    "an account that is not there": (policies.references_lead_somewhere, without("ServiceAccount", "catalog")),
    "a Secret that is not there": (policies.references_lead_somewhere, without("Secret", "catalog-migrations")),
    "a Service with nobody behind it": (
        policies.references_lead_somewhere,
        lambda o: deployment(o)["spec"]["template"]["metadata"]["labels"].pop(policies.COMPONENT),
    ),
    "a port that is not there": (policies.references_lead_somewhere, lambda o: container(o)["ports"].pop()),
    "open pods": (policies.nobody_talks_unasked, without("NetworkPolicy", "nobody-talks-to-anybody")),
    "closed one way": (
        policies.nobody_talks_unasked,
        lambda o: policy(o, "nobody-talks-to-anybody").update(policyTypes=["Ingress"]),
    ),
    "no names": (policies.nobody_talks_unasked, without("NetworkPolicy", "everybody-looks-up-names")),
    "every port": (
        policies.nobody_talks_unasked,
        lambda o: policy(o, "the-platform-asks-homes")["egress"][0].pop("ports"),
    ),
    "everybody in": (
        policies.nobody_talks_unasked,
        lambda o: policy(o, "valkey-serves-the-platform")["ingress"][0].pop("from"),
    ),
    "a namespace that takes all": (
        policies.names_are_restricted,
        lambda o: of_kind(o, "Namespace")[0]["metadata"]["labels"].clear(),
    ),
    "no logical replication": (
        policies.rows_can_flow,
        lambda o: next(
            one for one in of_kind(o, "StatefulSet") if one["metadata"]["name"] == "postgres"
        )["spec"]["template"]["spec"]["containers"][0].update(args=[]),
    ),
    "a key that nobody has made": (policies.keys_are_made, lambda o: container(o, "users").pop("command")),
    "a key that somebody must bring": (
        policies.keys_are_made,
        lambda o: pod(o, "monolith")["volumes"].append({"name": "keys", "secret": {"secretName": "issuer"}}),
    ),
    "the owner's role": (
        policies.each_host_has_its_own_role,
        lambda o: secret(o, "catalog-app")["data"].update(secret(o, "catalog-migrations")["data"]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_each_rule_finds_what_is_broken(name: str) -> None:
    rule, break_it = BROKEN[name]
    objects = render(DEV)
    assert list(rule(objects)) == []
    break_it(objects)
    assert list(rule(objects))


def test_what_belongs_to_dev_is_found_elsewhere() -> None:
    """The rules for everywhere but dev find dev's own servers, Secrets and keys, and a Secret that nobody fetches."""
    assert {"StatefulSet postgres", "StatefulSet valkey"} <= set(policies.servers_are_elsewhere(render(DEV)))
    assert "Secret platform" in set(policies.secrets_are_elsewhere(render(DEV)))
    assert "Deployment users: makes the key of development" in set(policies.keys_are_fetched(render(DEV)))
    objects = render(PROD)
    assert pod(objects, "users")["volumes"].pop()["secret"]["secretName"] == "issuer"
    assert list(policies.keys_are_fetched(objects)) == ["Deployment users: reads no keys"]
    objects = render(PROD)
    without("ExternalSecret", "catalog-app")(objects)
    assert any("catalog-app" in found for found in policies.secrets_are_elsewhere(objects))


def test_every_rule_has_a_broken_sample() -> None:
    tried = {rule for rule, _ in BROKEN.values()} | set(OUTSIDE_DEV)
    assert tried == {*EVERYWHERE, *IN_OVERLAYS, *IN_DEV, *OUTSIDE_DEV}
