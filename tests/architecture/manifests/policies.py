"""
The rules that rendered objects keep, a function for each: it yields what breaks the rule, and nothing when all is well.

They know Kubernetes, and nothing of how our folders make the objects.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from tests.architecture.manifests.rendering import Manifest

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
SINGLETON = "django-strangler/singleton"
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
REQUESTS_TAKE_S = 30
ISSUER, MAKES_KEY = "issuer", "dev-key"
_HASHED = re.compile(r"-[0-9a-z]{10}$")


def of_kind(objects: Iterable[Manifest], *kinds: str) -> list[Manifest]:
    """Return the objects of some kinds."""
    return [one for one in objects if one["kind"] in kinds]


def title(one: Manifest) -> str:
    """Return how a person calls an object."""
    return f"{one['kind']} {one['metadata']['name']}"


def pods(objects: Iterable[Manifest], *kinds: str) -> Iterator[tuple[str, Manifest, Manifest]]:
    """Yield (title, labels of its pods, their spec) of everything that runs."""
    for one in of_kind(objects, *(kinds or ("Deployment", "StatefulSet", "Job", "CronJob", "DaemonSet"))):
        template = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        yield title(one), template["template"]["metadata"]["labels"], template["template"]["spec"]


def containers(spec: Manifest) -> list[Manifest]:
    """Return all containers of a pod."""
    return [*spec.get("initContainers", ()), *spec["containers"]]


def probes_are_distinct(objects: list[Manifest]) -> Iterator[str]:
    """Every container of a Deployment is asked three things, each elsewhere."""
    for name, _, spec in pods(objects, "Deployment"):
        for container in spec["containers"]:
            asked = [_endpoint(container.get(probe)) for probe in PROBES]
            if None in asked or len(set(asked)) < len(PROBES):
                yield f"{name}/{container['name']}: {asked}"


def _endpoint(probe: Manifest | None) -> str | None:
    if probe is None:
        return None
    return str(probe["httpGet"]["path"] if "httpGet" in probe else probe.get("exec", {}).get("command"))


def resources_are_bounded(objects: list[Manifest]) -> Iterator[str]:
    """Every container says what it needs and what it may take."""
    for name, _, spec in pods(objects):
        for container in containers(spec):
            given = container.get("resources", {})
            missing = {f"{way}.{what}" for way in ("requests", "limits") for what in ("cpu", "memory")
                       if not given.get(way, {}).get(what)}  # fmt: skip
            if missing:
                yield f"{name}/{container['name']}: {sorted(missing)}"


def pods_are_restricted(objects: list[Manifest]) -> Iterator[str]:
    """The Pod Security Standard `restricted`, a numeric user, and a root file system nobody writes to."""
    for name, _, spec in pods(objects):
        pod = spec.get("securityContext", {})
        if pod.get("runAsNonRoot") is not True or not isinstance(pod.get("runAsUser"), int) or not pod["runAsUser"]:
            yield f"{name}: runs as {pod.get('runAsUser')}"
        if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name}: no seccomp profile"
        if any(spec.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{name}: shares the node's namespaces"
        if other := {kind for volume in spec.get("volumes", ()) for kind in volume if kind != "name"} - VOLUMES:
            yield f"{name}: volumes {sorted(other)}"
        for container in containers(spec):
            wanted = {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            if container.get("securityContext") != wanted:
                yield f"{name}/{container['name']}: {container.get('securityContext')}"
            if any("hostPort" in port for port in container.get("ports", ())):
                yield f"{name}/{container['name']}: takes a port of the node"


def no_account_token(objects: list[Manifest]) -> Iterator[str]:
    """Nobody talks to the API server, so nobody gets a token for it."""
    for name, _, spec in pods(objects):
        if spec.get("automountServiceAccountToken") is not False:
            yield name
    for one in of_kind(objects, "ServiceAccount"):
        if one.get("automountServiceAccountToken") is not False:
            yield title(one)


def pods_are_spread(objects: list[Manifest]) -> Iterator[str]:
    """The pods of a Deployment go to different nodes."""
    for name, labels, spec in pods(objects, "Deployment"):
        spread = spec.get("topologySpreadConstraints", ())
        if not any(
            one["topologyKey"] == "kubernetes.io/hostname"
            and one["labelSelector"]["matchLabels"].items() <= labels.items()
            for one in spread
        ):
            yield name


def nothing_is_cut_off(objects: list[Manifest]) -> Iterator[str]:
    """A pod waits until nobody sends it anything, and has time to finish; a new one is ready before an old one goes."""
    drains = {one["metadata"]["name"]: int(one["data"].get("DRAIN_S", 0)) for one in of_kind(objects, "ConfigMap")
              if "data" in one and "DRAIN_S" in one["data"]}  # fmt: skip
    for name, labels, spec in pods(objects, "Deployment"):
        wait_s = 0
        for container in spec["containers"]:
            stop = container.get("lifecycle", {}).get("preStop", {})
            if not stop:
                yield f"{name}/{container['name']}: no preStop"
            wait_s = max(wait_s, stop.get("sleep", {}).get("seconds", 0))
        drain_s = max((drains.get(config, 0) for config in _configs(spec)), default=0)
        if spec.get("terminationGracePeriodSeconds", 30) < wait_s + drain_s + REQUESTS_TAKE_S:
            yield f"{name}: {spec.get('terminationGracePeriodSeconds')} s are too few"
        serves = labels.get(COMPONENT) == "web"
        if (
            serves
            and wait_s < 5
            and not any("exec" in c.get("lifecycle", {}).get("preStop", {}) for c in spec["containers"])
        ):
            yield f"{name}: balancers get no time"
    for one in of_kind(objects, "Deployment"):
        rolling = one["spec"].get("strategy", {}).get("rollingUpdate", {})
        if SINGLETON not in one["metadata"].get("annotations", {}) and rolling.get("maxUnavailable") != 0:
            yield f"{title(one)}: goes before its successor is ready"


def disruptions_are_budgeted(objects: list[Manifest]) -> Iterator[str]:
    """Every Deployment has a PodDisruptionBudget of its own."""
    selectors = [one["spec"]["selector"]["matchLabels"] for one in of_kind(objects, "PodDisruptionBudget")]
    for name, labels, _ in pods(objects, "Deployment"):
        if sum(selector.items() <= labels.items() for selector in selectors) != 1:
            yield name


def deployments_scale(objects: list[Manifest]) -> Iterator[str]:
    """An autoscaler (v2) counts the pods, and nobody else does; a singleton says why it is one."""
    scaled = {
        one["spec"]["scaleTargetRef"]["name"]: one["apiVersion"] for one in of_kind(objects, "HorizontalPodAutoscaler")
    }
    for one in of_kind(objects, "Deployment"):
        if one["metadata"].get("annotations", {}).get(SINGLETON):
            continue
        if scaled.get(one["metadata"]["name"]) != "autoscaling/v2" or "replicas" in one["spec"]:
            yield title(one)


def migrations_are_jobs(objects: list[Manifest]) -> Iterator[str]:
    """Each host's tables are made by a Job that a new version replaces and nothing else changes."""
    jobs = {one["metadata"]["labels"].get(NAME): one for one in of_kind(objects, "Job")}
    for host in _hosts(objects):
        job = jobs.get(host)
        if job is None:
            yield f"{host}: no Job"
            continue
        container = job["spec"]["template"]["spec"]["containers"][0]
        version = container["image"].rpartition(":")[2]
        if not job["metadata"]["name"].endswith(f"-{version}"):
            yield f"{title(job)}: a new version would change it, and it cannot be changed"
        if any("configMapRef" in source for source in container["envFrom"]):
            yield f"{title(job)}: generated configuration would change it"
        if "migrate" not in " ".join(container["args"]) or job["spec"]["template"]["spec"]["restartPolicy"] != "Never":
            yield f"{title(job)}: does not migrate, or repeats in place"


def _hosts(objects: list[Manifest]) -> set[str]:
    """Names of the hosts with rows: those with a worker."""
    return {labels[NAME] for _, labels, _ in pods(objects, "Deployment") if labels.get(COMPONENT) == "worker"}


def only_the_mover_knows_two_homes(objects: list[Manifest]) -> Iterator[str]:
    """Whoever is not the mover reads the Secrets of one host alone, and none of those names two homes' writers."""
    for name, labels, spec in pods(objects, "Deployment", "Job", "StatefulSet"):
        secrets = {found for container in containers(spec) for found in _secrets_of(container)}
        if labels.get(COMPONENT) == "mover":
            continue
        if "mover" in secrets:
            yield f"{name}: reads the mover's"
        if len({secret.rpartition("-")[0] for secret in secrets if secret.endswith(("-app", "-migrations"))}) > 1:
            yield f"{name}: reads {sorted(secrets)}"
    for one in of_kind(objects, "Secret"):
        homes = {urlsplit(value).path for value in addresses(one).values() if urlsplit(value).username != "router"}
        if len(homes) > 1 and one["metadata"]["name"] != "mover":
            yield f"{title(one)}: writers of {sorted(homes)}"


def addresses(secret: Manifest) -> dict[str, str]:
    """Return the databases that a Secret names."""
    import base64

    plain = {key: base64.b64decode(value).decode() for key, value in secret.get("data", {}).items()}
    return {key: value for key, value in plain.items() if key.endswith("_DATABASE_URL")}


def each_host_has_its_own_role(objects: list[Manifest]) -> Iterator[str]:
    """A host reads and writes one database as a role of its own, which owns no table (R3)."""
    known = {one["metadata"]["name"]: addresses(one) for one in of_kind(objects, "Secret")}
    for host in _hosts(objects):
        own = f"{host.upper()}_DATABASE_URL"
        used, owner = (urlsplit(known.get(f"{host}-{kind}", {}).get(own, "")) for kind in ("app", "migrations"))
        if used.username != host or used.path != f"/{host}" or owner.username != f"{host}_owner":
            yield f"{host}: used by {used.username}, owned by {owner.username}, at {used.path}"


def nobody_talks_unasked(objects: list[Manifest]) -> Iterator[str]:
    """All pods are closed both ways, names can be looked up, and every rule says to whom or at which port."""
    policies = of_kind(objects, "NetworkPolicy")
    closed = [
        one for one in policies if one["spec"]["podSelector"] == {} and not set(one["spec"]) & {"ingress", "egress"}
    ]
    if {way for one in closed for way in one["spec"]["policyTypes"]} != {"Ingress", "Egress"}:
        yield "pods are not closed both ways"
    open_to_all = [
        rule for one in policies if one["spec"]["podSelector"] == {} for rule in one["spec"].get("egress", ())
    ]
    ports = {port["port"] for rule in open_to_all for port in rule.get("ports", ())}
    if ports != {53}:
        yield f"everybody may reach {sorted(ports)}, not names alone"
    for one in policies:
        for way in ("ingress", "egress"):
            if any(not rule.get("ports") for rule in one["spec"].get(way, ())):
                yield f"{title(one)}: opens every port"
            if any(not rule.get("to") for rule in one["spec"].get("egress", ())):
                yield f"{title(one)}: leads anywhere"
        is_edge = one["spec"]["podSelector"].get("matchLabels", {}).get(NAME) == "edge"
        if not is_edge and any(not rule.get("from") for rule in one["spec"].get("ingress", ())):
            yield f"{title(one)}: lets everybody in"


def servers_are_elsewhere(objects: list[Manifest]) -> Iterator[str]:
    """Databases that matter are not run here."""
    yield from (title(one) for one in of_kind(objects, "StatefulSet", "PersistentVolumeClaim"))


def rows_can_flow(objects: list[Manifest]) -> Iterator[str]:
    """PostgreSQL in the cluster keeps what logical replication needs."""
    servers = [spec for name, _, spec in pods(objects, "StatefulSet") if name.endswith("postgres")]
    if not servers or not any("wal_level=logical" in argument for argument in servers[0]["containers"][0]["args"]):
        yield "wal_level is not logical"


def secrets_are_elsewhere(objects: list[Manifest]) -> Iterator[str]:
    """No Secret is written down; an ExternalSecret fetches each that is read."""
    yield from (title(one) for one in of_kind(objects, "Secret"))
    fetched = {one["spec"]["target"]["name"] for one in of_kind(objects, "ExternalSecret")}
    for name, _, spec in pods(objects):
        if missing := set(_secrets(spec)) - fetched:
            yield f"{name}: nobody fetches {sorted(missing)}"


def keys_are_made(objects: list[Manifest]) -> Iterator[str]:
    """Whoever signs in dev makes the key as he starts: nobody waits for one that somebody would have to bring."""
    for name, spec in _signers(objects):
        if spec["containers"][0].get("command", [""])[0] != MAKES_KEY:
            yield f"{name}: has no key"
        if ISSUER in _secrets(spec):
            yield f"{name}: waits for the Secret {ISSUER}"


def keys_are_fetched(objects: list[Manifest]) -> Iterator[str]:
    """Whoever signs where it matters reads keys that can be rotated, and nobody makes one of his own."""
    for name, spec in _signers(objects):
        if ISSUER not in _secrets(spec):
            yield f"{name}: reads no keys"
    for name, _, spec in pods(objects):
        if any(MAKES_KEY in container.get("command", ()) for container in containers(spec)):
            yield f"{name}: makes the key of development"


def _signers(objects: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Hosts that ask nobody for the public keys, for they have the private ones."""
    for name, _, spec in pods(objects, "Deployment"):
        told = {one["name"]: one.get("value") for one in spec["containers"][0].get("env", ())}
        if told.get("JWKS_URL") == "":
            yield name, spec


def configuration_restarts(objects: list[Manifest]) -> Iterator[str]:
    """Pods read configuration by a name that changes with what it says."""
    for name, _, spec in pods(objects, "Deployment"):
        read = set(_configs(spec))
        if not read or any(not _HASHED.search(config) for config in read):
            yield f"{name}: {sorted(read)}"


def images_are_pinned(objects: list[Manifest]) -> Iterator[str]:
    """Each image has one tag in all objects, and it says a version."""
    tags: dict[str, Counter[str]] = {}
    for _, _, spec in pods(objects):
        for container in containers(spec):
            repository, _, tag = container["image"].partition(":")
            tags.setdefault(repository, Counter())[tag] += 1
    for repository, found in tags.items():
        if len(found) != 1 or not re.match(r"v?\d+\.\d+|sha-", next(iter(found))):
            yield f"{repository}: {dict(found)}"


def references_lead_somewhere(objects: list[Manifest]) -> Iterator[str]:
    """Whatever is named is there: accounts, configuration, pods behind Services, ports, scaled Deployments."""
    there = {(one["kind"], one["metadata"]["name"]) for one in objects}
    secrets = {one["spec"]["target"]["name"] for one in of_kind(objects, "ExternalSecret")}
    secrets |= {name for kind, name in there if kind == "Secret"}
    for name, _, spec in pods(objects):
        wanted = [("ConfigMap", config) for config in _configs(spec)]
        wanted += [("ServiceAccount", spec["serviceAccountName"])] if "serviceAccountName" in spec else []
        yield from (f"{name}: no {kind} {config}" for kind, config in wanted if (kind, config) not in there)
        if secrets:
            yield from (f"{name}: no Secret {secret}" for secret in set(_secrets(spec)) - secrets)
    for one in of_kind(objects, "Service"):
        behind = [spec for _, labels, spec in pods(objects) if one["spec"]["selector"].items() <= labels.items()]
        if len(behind) != 1:
            yield f"{title(one)}: {len(behind)} workloads behind it"
            continue
        ports = {str(port[key]) for container in behind[0]["containers"] for port in container["ports"]
                 for key in ("name", "containerPort")}  # fmt: skip
        yield from (f"{title(one)}: no port {port}" for port in one["spec"]["ports"]
                    if str(port.get("targetPort", port["port"])) not in ports)  # fmt: skip
    for one in of_kind(objects, "HorizontalPodAutoscaler"):
        target = one["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) not in there:
            yield f"{title(one)}: no {target}"


def names_are_restricted(objects: list[Manifest]) -> Iterator[str]:
    """The namespace refuses pods that are not restricted, and everything is in one."""
    spaces = of_kind(objects, "Namespace")
    if [one["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") for one in spaces] != ["restricted"]:
        yield "no namespace that refuses what is not restricted"
    names = {one["metadata"]["name"] for one in spaces}
    yield from (title(one) for one in objects
                if one["kind"] != "Namespace" and one["metadata"].get("namespace") not in names)  # fmt: skip


def _configs(spec: Manifest) -> Iterator[str]:
    for container in containers(spec):
        yield from (
            source["configMapRef"]["name"] for source in container.get("envFrom", ()) if "configMapRef" in source
        )


def _secrets_of(container: Manifest) -> Iterator[str]:
    yield from (source["secretRef"]["name"] for source in container.get("envFrom", ()) if "secretRef" in source)
    for variable in container.get("env", ()):
        if found := variable.get("valueFrom", {}).get("secretKeyRef"):
            yield found["name"]


def _secrets(spec: Manifest) -> Iterator[str]:
    for container in containers(spec):
        yield from _secrets_of(container)
    yield from (volume["secret"]["secretName"] for volume in spec.get("volumes", ()) if "secret" in volume)


EVERYWHERE = (
    probes_are_distinct, resources_are_bounded, pods_are_restricted, no_account_token, pods_are_spread,
    nothing_is_cut_off, disruptions_are_budgeted, deployments_scale, migrations_are_jobs,
    only_the_mover_knows_two_homes, configuration_restarts, images_are_pinned, references_lead_somewhere,
)  # fmt: skip
IN_OVERLAYS = (nobody_talks_unasked, names_are_restricted)
IN_DEV = (each_host_has_its_own_role, keys_are_made, rows_can_flow)
OUTSIDE_DEV = (keys_are_fetched, servers_are_elsewhere, secrets_are_elsewhere)
