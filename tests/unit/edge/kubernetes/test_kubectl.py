"""
A real kubectl against a server that plays the API server (`tests/support/kubernetes.py`).

Where the failure is kubectl's own absence, or its hanging, a program of ours stands first in PATH.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from strangler.edge.kubernetes import OBJECTS
from strangler.edge.kubernetes.kubectl import ClusterError, Kubectl
from strangler.edge.kubernetes.owned import selector
from strangler.routing import CapabilityState
from tests.support.kubernetes import Api, api_server
from tests.support.processes import free_port
from tests.unit.edge.kubernetes.samples import CANARY, CLUSTER, table

KIND = "gateway-api"
RESOURCES = OBJECTS[KIND].resources
pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl in PATH")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Path]]:
    """One server for all, so that kubectl looks only once at what the cluster knows."""
    home = tmp_path_factory.mktemp("kube")
    with api_server(home) as api:
        yield api, home


@pytest.fixture
def api(served: tuple[Api, Path], monkeypatch: pytest.MonkeyPatch) -> Api:
    """An empty cluster, which kubectl finds in its environment."""
    api, home = served
    api.reset()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("KUBECONFIG", str(home / "config"))
    return api


def text(version: int = 41) -> str:
    return OBJECTS[KIND].render(table(version=version), CLUSTER)


def owned(kubectl: Kubectl) -> list[str]:
    return [str(one) for one in kubectl.owned(RESOURCES, {"shop", "sales"}, selector(KIND))]


def test_a_diff_tells_what_is_new_and_changes_nothing(api: Api) -> None:
    changes = Kubectl().diff(text())
    assert [str(change) for change in changes if change.is_new] == [
        "HTTPRoute shop/strangler-catalog",
        "HTTPRoute shop/strangler-monolith",
        "HTTPRoute shop/strangler-orders",
        "ReferenceGrant sales/strangler-from-shop",
    ]
    assert not any("uid: " in line or "generation: " in line for change in changes for line in change.lines)
    assert api.objects == {}


def test_what_was_applied_does_not_differ(api: Api) -> None:
    Kubectl().apply(text())
    assert Kubectl().diff(text()) == []
    assert {body["metadata"]["managedFields"][0]["manager"] for body in api.objects.values()} == {"django-strangler"}


def test_a_diff_shows_the_lines_that_change(api: Api) -> None:
    Kubectl().apply(text())
    back = table(states=(CapabilityState("catalog", "synced", epoch=4), CANARY), version=42)
    changes = {change.name: change for change in Kubectl().diff(OBJECTS[KIND].render(back, CLUSTER))}
    weights = [line for line in changes["strangler-catalog"].lines if "weight" in line and line[0] in "+-"]
    assert [(line[0], line.split()[-1]) for line in weights] == [("-", "0"), ("+", "100"), ("-", "100"), ("+", "0")]
    assert not changes["strangler-catalog"].is_version_alone
    assert changes["strangler-orders"].is_version_alone


def test_what_is_ours_is_found_by_its_labels(api: Api) -> None:
    Kubectl().apply(text())
    stranger = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "spec": {"parentRefs": []}}
    api.put("httproutes", {**stranger, "metadata": {"name": "theirs", "namespace": "shop"}}, "helm")
    found = Kubectl().owned(RESOURCES, {"shop", "sales"}, selector(KIND))
    assert sorted(map(str, found)) == [
        "HTTPRoute shop/strangler-catalog",
        "HTTPRoute shop/strangler-monolith",
        "HTTPRoute shop/strangler-orders",
        "ReferenceGrant sales/strangler-from-shop",
    ]
    assert {one.version for one in found} == {41}
    assert {one.applied_by for one in found} == {frozenset({"django-strangler"})}


def test_an_object_is_deleted_once(api: Api) -> None:
    kubectl = Kubectl()
    kubectl.apply(text())
    (one,) = (one for one in kubectl.owned(RESOURCES, {"shop"}, selector(KIND)) if one.name == "strangler-orders")
    kubectl.delete(one)
    kubectl.delete(one)
    assert "HTTPRoute shop/strangler-orders" not in owned(kubectl)


def test_fields_of_another_manager_are_taken_back_by_force_alone(api: Api) -> None:
    Kubectl().apply(text())
    route = next(body for body in api.objects.values() if body["metadata"]["name"] == "strangler-catalog")
    api.put("httproutes", {**route, "spec": {**route["spec"], "rules": []}}, "kubectl-edit")
    with pytest.raises(ClusterError, match="kubectl-edit has set fields .* --force takes them back"):
        Kubectl().apply(text())
    Kubectl(force=True).apply(text())
    assert Kubectl().diff(text()) == []


# -- failures ---------------------------------------------------------------------------------------------------


def test_custom_resources_that_are_missing_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    with api_server(tmp_path) as api:
        api.without = frozenset({"gateway.networking.k8s.io"})
        with pytest.raises(ClusterError, match=r"does not know HTTPRoute: install .* \(standard-install.yaml"):
            Kubectl().diff(text())
        with pytest.raises(ClusterError, match="does not know httproutes: install"):
            Kubectl().owned(RESOURCES, {"shop"}, selector(KIND))


@pytest.mark.parametrize("verb", ["patch", "get"])
def test_a_right_that_is_missing_is_named(api: Api, verb: str) -> None:
    api.forbidden = frozenset({verb})
    with pytest.raises(ClusterError, match=rf"You may not {verb} httproutes here: ask for"):
        Kubectl().diff(text())


def test_a_namespace_that_is_missing_is_named(api: Api) -> None:
    api.namespaces = frozenset({"shop"})
    with pytest.raises(ClusterError, match="no namespace 'sales': create it, or choose another with --namespace"):
        Kubectl().apply(text())


def test_a_context_that_is_missing_is_named(api: Api) -> None:
    with pytest.raises(ClusterError, match="no context 'prod': `kubectl config get-contexts`"):
        Kubectl("prod").diff(text())


def test_the_current_context_is_named(api: Api) -> None:
    assert Kubectl().context() == "test"
    assert Kubectl("other").context() == "other"


def test_no_context_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert Kubectl().context() == ""
    with pytest.raises(ClusterError, match="kubectl knows no cluster: choose one with --context"):
        Kubectl().diff(text())


def test_a_server_that_is_down_is_said(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Path(tmp_path / "config")
    nobody = f"http://127.0.0.1:{free_port()}"
    config.write_text((Path(api.home) / "config").read_text().replace(api.url, nobody))
    monkeypatch.setenv("KUBECONFIG", str(config))
    with pytest.raises(ClusterError, match="The cluster does not answer"):
        Kubectl().diff(text())


def test_kubectl_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="kubectl is not in PATH: install it"):
        Kubectl().diff(text())


def test_diff_that_is_missing_is_said(api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = shutil.which("kubectl")
    (tmp_path / "kubectl").symlink_to(str(real))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="needs `diff` in PATH"):
        Kubectl().diff(text())


def test_kubectl_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    idle = tmp_path / "kubectl"
    idle.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    idle.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ClusterError, match=r"kubectl diff has not ended within 0\.2 s"):
        Kubectl(timeout_s=0.2).diff(text())


def test_an_unknown_failure_is_told_in_kubectls_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "kubectl"
    broken.write_text("#!/bin/sh\necho 'error: the moon is full' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ClusterError, match="kubectl apply failed: error: the moon is full"):
        Kubectl().apply(text())
