"""
Objects that are not Kubernetes' own have the fields that their makers know, of the right types, and no others.

Their packages for TypeScript say which: an object is a literal, and the compiler is strict about those.
"""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from strangler.edge.kubernetes import OBJECTS
from strangler.routing import Route
from tests.architecture.manifests.rendering import FOREIGN, ROOT, Manifest, folders, foreign, group_of, render
from tests.unit.edge.kubernetes.samples import rendered, table

TYPES, LOCK = Path(__file__).with_name("types"), "package-lock.json"
STRICTLY = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022")
Complaints = Callable[[list[Manifest]], str]


@pytest.fixture(scope="module")
def complaints() -> Complaints:
    """Return what the compiler has against objects; the packages are fetched once for each environment."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("no node with npm in PATH")
    folder = Path(sys.prefix) / "types"
    if not (folder / "node_modules").exists() or not filecmp.cmp(TYPES / LOCK, folder / LOCK, shallow=False):
        shutil.copytree(TYPES, folder, dirs_exist_ok=True)
        fetch = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run(fetch, cwd=folder, capture_output=True, text=True, check=True, timeout=200)
        except subprocess.SubprocessError as error:
            shutil.rmtree(folder)
            pytest.skip(f"npm cannot fetch the types: {error} {error.stderr or ''}"[:500])

    def ask(objects: list[Manifest]) -> str:
        (folder / "objects.mts").write_text("\n".join(map(typed, objects)))
        compiler = [node, "node_modules/typescript/bin/tsc", *STRICTLY, "objects.mts"]
        return subprocess.run(compiler, cwd=folder, capture_output=True, text=True, check=False, timeout=120).stdout

    return ask


def typed(one: Manifest) -> str:
    """Return an object as a literal of its type."""
    module = f"@kubernetes-models/{FOREIGN[group_of(one)]}/{one['apiVersion']}/{one['kind']}"
    return f'({json.dumps(one)}) satisfies import("{module}").I{one["kind"]};'


def test_whatever_is_rendered_has_the_fields_that_its_makers_know(complaints: Complaints) -> None:
    found = [one for kind in ("base", "stages", "overlays") for name in folders(kind) for one in foreign(render(name))]
    found += foreign(everything())
    routes = (Route("catalog", "/api/catalog", timeout_s=2.5), Route("orders", "/b", host="b.example", stale_ok=True))
    found += [one for kind in OBJECTS for one in foreign(rendered(kind, table(*routes)))]
    each = {json.dumps(one, sort_keys=True): one for one in found}
    assert set(map(group_of, each.values())) == set(FOREIGN)
    assert complaints(list(each.values())) == ""


def everything() -> list[Manifest]:
    """Return what the components for edges and figures add."""
    names = ("gateway-api", "istio", "monitoring")
    return [one for name in names for file in sorted((ROOT / "k8s/components" / name).glob("*.yaml"))
            if file.name != "kustomization.yaml" for one in yaml.safe_load_all(file.read_text()) if one]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"weight": "1"}, "Type 'string' is not assignable to type 'number'"),
        ({"wait": 1}, '"wait"\' does not exist in type'),
    ],
    ids=["type", "field"],
)
@pytest.mark.parametrize("kind", OBJECTS)
def test_what_is_wrong_is_found(complaints: Complaints, kind: str, wrong: Manifest, says: str) -> None:
    """The control: in a destination deep inside an object."""
    objects = list(foreign(rendered(kind, table())))
    specs = (one["spec"] for one in objects if one["kind"] in ("HTTPRoute", "VirtualService"))
    rules = (rule for spec in specs for rule in spec.get("rules") or spec["http"])
    next(found for rule in rules if (found := rule.get("backendRefs") or rule.get("route")))[0].update(wrong)
    assert says in complaints(objects)
