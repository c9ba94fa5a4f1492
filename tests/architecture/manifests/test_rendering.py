"""Every folder of `k8s/` renders with kubectl alone, and every object is what three minors of Kubernetes know."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource

from monolith.config.capabilities import CAPABILITIES
from tests.architecture.manifests.policies import COMPONENT, NAME, containers, of_kind, pods, title
from tests.architecture.manifests.rendering import FOREIGN, K8S, ROOT, Manifest, folders, group_of, render, text_of
from tests.architecture.test_images import SERVICES, contents

MINORS = ("1.31", "1.34", "1.37")
EVERYTHING = [*folders("base"), *folders("stages"), *folders("overlays")]
EDGES = ("gateway-api", "istio")
OPTIONS = ("monitoring", "network-policies")


@cache
def schema(name: str) -> Resource:
    """Return a file of Kubernetes' schemas; unknown fields are refused (`-strict`)."""
    folder = files("kubernetes_validate") / "kubernetes-json-schema"
    return Resource.from_contents(json.loads((folder / name).read_text()))


@cache
def validator(minor: str, api_version: str, kind: str) -> Draft202012Validator:
    """Return what knows one kind of objects in one minor; the definitions are read once for each minor."""
    group, _, version = api_version.rpartition("/")
    name = "-".join(filter(None, (kind.lower(), group.partition(".")[0], version)))
    known = schema(f"v{minor}.0-local-strict/{name}.json")
    registry = schema(f"v{minor}.0-local-strict/_definitions.json") @ (known @ Registry())
    return Draft202012Validator(known.contents, registry=registry)


@cache
def valid(minor: str, one: str) -> None:
    """Validate an object; the same object of another folder is not validated again."""
    parsed = json.loads(one)
    validator(minor, parsed["apiVersion"], parsed["kind"]).validate(parsed)


def validate(objects: list[Manifest]) -> None:
    """Validate each object strictly against every minor; others' have types elsewhere (`test_foreign`)."""
    for one in objects:
        if group_of(one) in FOREIGN:
            continue
        for minor in MINORS:
            valid(minor, json.dumps(one, sort_keys=True))


@pytest.mark.parametrize("folder", EVERYTHING)
def test_every_folder_renders_to_what_kubernetes_knows(folder: str) -> None:
    objects = render(folder)
    validate(objects)
    assert len({(one["kind"], one["metadata"]["name"]) for one in objects}) == len(objects)


def test_a_field_that_is_unknown_is_found() -> None:
    """The control: strict validation refuses what kubectl would drop with a warning."""
    service = of_kind(render("base/catalog"), "Service")[0]
    service["spec"]["portz"] = []
    with pytest.raises(ValidationError):
        validate([service])


def combinations() -> Iterator[tuple[str, ...]]:
    """At most one edge, and each of the options or not."""
    for edge in ((), *((edge,) for edge in EDGES)):
        for count in range(len(OPTIONS) + 1):
            for options in itertools.combinations(OPTIONS, count):
                yield (*edge, *options)


@pytest.mark.parametrize("components", list(combinations()), ids="+".join)
def test_components_go_together(components: tuple[str, ...], tmp_path: Path) -> None:
    """Kustomize finds other folders by relative paths, so the tree is linked to beside the folder that combines it."""
    (tmp_path / "k8s").symlink_to(K8S)
    combined = tmp_path / "combined"
    combined.mkdir()
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../k8s/stages/10-catalog"],
        "components": [f"../k8s/components/{name}" for name in ("dev-servers", *components)],
    }
    (combined / "kustomization.yaml").write_text(yaml.safe_dump(document))
    objects = [one for one in yaml.safe_load_all(text_of(combined)) if one]
    validate(objects)
    behind_gateway = bool(set(components) & set(EDGES))
    assert ("Deployment edge" in map(title, objects)) is not behind_gateway


@pytest.mark.parametrize("folder", ["stages/99-all-extracted", *folders("overlays")])
def test_every_capability_has_a_host(folder: str) -> None:
    """An app that is new in the list of capabilities wants a base of five lines and a line in the last stage."""
    objects = render(folder)
    hosts = {labels[NAME] for _, labels, _ in pods(objects, "Deployment") if labels[COMPONENT] == "web"}
    assert hosts >= {"monolith", "edge", *(capability.name for capability in CAPABILITIES)}


def test_stages_only_add() -> None:
    stages = [{title(one) for one in render(folder)} for folder in folders("stages")]
    assert all(before < after for before, after in itertools.pairwise(stages))


def test_every_host_is_told_where_all_are() -> None:
    data = of_kind(render("base/catalog"), "ConfigMap")[0]["data"]
    wanted = {f"{capability.name.upper()}{kind}_URL" for capability in CAPABILITIES for kind in ("", "_INTERNAL")}
    assert wanted <= set(data)


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: capability.name)
def test_dev_knows_the_secrets_of_every_app(capability) -> None:
    """
    What an app requires in production, its own host, the monolith and the edge, which reads its settings, get.

    One that is complete is nobody else's, and nobody moves it.
    """
    secrets = {one["metadata"]["name"]: set(one.get("data", ())) for one in of_kind(render("overlays/dev"), "Secret")}
    wanted = {name for name in capability.environment if name.endswith("_SECRET")}
    assert wanted <= secrets[f"{capability.name}-app"]
    for reader in ("monolith", "edge"):
        assert wanted & secrets[f"{reader}-app"] == (set() if capability.complete else wanted)
    assert (f"{capability.name.upper()}_DATABASE_URL" in secrets["mover"]) is not capability.complete


def test_a_change_of_configuration_changes_the_name(tmp_path: Path) -> None:
    """What restarts pods: their ConfigMap is called otherwise as soon as it says something else."""
    (tmp_path / "k8s").symlink_to(K8S)
    changed = tmp_path / "changed"
    changed.mkdir()
    patch = '[{"op": "add", "path": "/data/LOG_LEVEL", "value": "DEBUG"}]'
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../k8s/base/catalog"],
        "patches": [{"target": {"kind": "ConfigMap"}, "patch": patch}],
    }
    (changed / "kustomization.yaml").write_text(yaml.safe_dump(document))
    after = [one for one in yaml.safe_load_all(text_of(changed)) if one]
    before = render("base/catalog")
    names = [of_kind(objects, "ConfigMap")[0]["metadata"]["name"] for objects in (before, after)]
    assert names[0] != names[1]
    web = of_kind(after, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]
    assert web["envFrom"][0]["configMapRef"]["name"] == names[1]


def test_dev_is_rendered_from_what_git_knows(tmp_path: Path) -> None:
    """`kubectl apply -k` alone is enough: no file has to be made before."""
    for file in contents._known(ROOT):
        if file.startswith("k8s/"):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, tmp_path / file)
    assert text_of(tmp_path / "k8s/overlays/dev") == text_of(K8S / "overlays/dev")


def test_images_are_named_in_one_place(tmp_path: Path) -> None:
    """Another registry and another version are said once each, and whatever runs from our images follows."""
    shutil.copytree(K8S, tmp_path / "k8s")
    for name, old, new in (
        ("account.yaml", "registry: django-strangler", "registry: registry.example:5000/shop"),
        ("kustomization.yaml", 'version: "0.1.0"', 'version: "9.8.7"'),
    ):
        file = tmp_path / "k8s/templates/host" / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
    objects = [one for one in yaml.safe_load_all(text_of(tmp_path / "k8s/overlays/dev")) if one]
    images = {container["image"] for _, _, spec in pods(objects) for container in containers(spec)}
    ours = {image for image in images if not image.startswith(("postgres:", "valkey/"))}
    assert ours == {f"registry.example:5000/shop/{name}:9.8.7" for name in (*SERVICES, "monolith", "edge")}


def test_versions_are_one() -> None:
    """The version of the toolkit is that of all images, in every file that says it."""
    from strangler import __version__

    tags = {container["image"].rpartition(":")[2] for _, _, spec in pods(render("overlays/dev"))
            for container in spec["containers"] if container["image"].startswith("django-strangler/")}  # fmt: skip
    assert tags == {__version__}
