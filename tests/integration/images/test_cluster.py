"""A stage in a real cluster: applied, ready, the catalog moved with rows and traffic, and everything deleted again."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from tests.architecture.manifests.rendering import K8S, kubectl

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not os.environ.get("KUBECONFIG"), reason="no cluster: KUBECONFIG is not set"),
]
SPACE = "strangler-test"
READY_S = 900


def run(*words: str, stdin: str = "", timeout_s: float = 120) -> str:
    done = subprocess.run(
        [kubectl(), *words], input=stdin, capture_output=True, text=True, check=False, timeout=timeout_s
    )
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Stage 10 with dev's servers, in a namespace of its own that did not exist before."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "k8s").symlink_to(K8S)
    (folder / "live").mkdir()
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": SPACE,
        "resources": ["../k8s/stages/10-catalog"],
        "components": ["../k8s/components/dev-servers"],
        "patches": [
            {
                "target": {"kind": "ConfigMap", "labelSelector": "app.kubernetes.io/part-of=django-strangler"},
                "patch": json.dumps([
                    {"op": "replace", "path": "/data/ALLOWED_HOSTS", "value": "*"},
                    {"op": "add", "path": "/data/SECURE", "value": "false"},
                ]),
            }
        ],
    }  # fmt: skip
    (folder / "live/kustomization.yaml").write_text(yaml.safe_dump(document))
    run("create", "namespace", SPACE)
    try:
        run("apply", "-k", str(folder / "live"))
        for name in ("monolith", "monolith-worker", "monolith-mover", "shipping", "catalog", "catalog-worker", "edge"):
            run("-n", SPACE, "rollout", "status", f"deploy/{name}", f"--timeout={READY_S}s", timeout_s=READY_S + 10)
        yield
    finally:
        run("delete", "namespace", SPACE, "--wait=true", timeout_s=300)


def inside(deployment: str, *words: str) -> str:
    return run("-n", SPACE, "exec", f"deploy/{deployment}", "--", *words, timeout_s=300)


def asked() -> tuple[str, int]:
    """Return who answers at the edge, and how many products it knows."""
    look = (
        "import json, urllib.request as u; a = u.urlopen('http://edge/api/catalog/products?limit=50', timeout=20);"
        "print(a.headers['Strangler-Home'], len(json.loads(a.read())['data']))"
    )
    home, count = inside("monolith", "python", "-c", look).split()
    return home, int(count)


def test_a_capability_moves_in_a_cluster(cluster: None) -> None:
    inside("monolith", "manage", "seed_catalog", "--products", "20")
    assert asked() == ("monolith", 20)
    for home in ("service", "monolith"):
        inside("monolith-mover", "manage", "strangler", "toggle", "catalog", home, "--yes")
        assert asked() == (home, 20)
        verified = inside("monolith-mover", "manage", "strangler", "verify", "catalog")
        assert "same in both homes" in verified
