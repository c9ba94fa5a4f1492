"""
`manage.py strangler apply`, by a real kubectl against a server that plays the API server.

It changes what the table says must change and nothing else, says so before, and deletes only what is its own.
"""

from __future__ import annotations

import copy
import io
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from strangler.operations.apply import trouble_of
from strangler.state.store import Change, publish
from tests.support.kubernetes import Api, api_server

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("sample_alone"),
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl in PATH"),
]
ROUTES = {"strangler-monolith", "strangler-sample"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with api_server(tmp_path_factory.mktemp("kube")) as api:
        yield api


@pytest.fixture
def api(served: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """An empty cluster whose gateway accepts everything."""
    served.reset()
    monkeypatch.setenv("HOME", str(served.home))
    monkeypatch.setenv("KUBECONFIG", str(served.home / "config"))
    return served


def move(**values: Any) -> None:
    publish(Change("sample", values, verb="test", actor="test"))


def run(*words: str, kind: str = "gateway-api", code: int = 0) -> str:
    out = io.StringIO()
    with pytest.raises(SystemExit, match=str(code)) if code else nullcontext():
        call_command("strangler", "apply", kind, "--namespace", "shop", *words, stdout=out)
    return out.getvalue()


def run_json(*words: str, kind: str = "gateway-api", code: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("--json", *words, kind=kind, code=code))
    return document


def names(api: Api, resource: str = "httproutes") -> set[str]:
    return {name for kind, _, name in api.objects if kind == resource}


def weights(api: Api) -> list[int]:
    rules = api.objects["httproutes", "shop", "strangler-sample"]["spec"]["rules"]
    return [ref["weight"] for ref in rules[-1]["backendRefs"]]


def test_a_cluster_obeys_the_table_after_each_move(api: Api) -> None:
    first = run_json()
    assert (first["applied"], first["context"], first["deletes"], first["troubles"]) == (True, "test", [], {})
    assert {change["object"] for change in first["changes"] if change["new"]} == {f"HTTPRoute shop/{n}" for n in ROUTES}
    assert weights(api) == [100]
    move(stage="extracted", writer="service", epoch=2)
    second = run_json()
    assert [c["object"] for c in second["changes"] if not c["version_alone"]] == ["HTTPRoute shop/strangler-sample"]
    assert weights(api) == [0, 100]


def test_a_repeat_changes_nothing(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    before = copy.deepcopy(api.objects)
    api.asked.clear()
    assert run_json()["applied"] is False
    run()
    assert "Nothing to do: the cluster of context test obeys version 0." in capsys.readouterr().out
    assert api.objects == before


def test_a_dry_run_shows_the_difference_and_applies_nothing(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    run("--dry-run")
    shown = capsys.readouterr().out
    assert "create  HTTPRoute shop/strangler-sample" in shown
    assert "+    - name: monolith" in shown
    assert api.objects == {}
    run()
    move(stage="synced")
    capsys.readouterr()
    run("--dry-run")
    shown = capsys.readouterr().out
    assert "change  HTTPRoute shop/strangler-sample" in shown
    assert "+    - name: sample" in shown
    assert "1 object would change nothing but the version." in shown


def test_no_is_an_answer(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    with pytest.raises(CommandError, match="Nothing was changed"):
        run()
    assert api.objects == {}
    run("--yes")
    assert names(api) == ROUTES


# -- what is deleted --------------------------------------------------------------------------------------------


def _left(api: Api, name: str, manager: str, **labels: str) -> None:
    """Leave a route in the cluster as *manager* would have applied it."""
    ours = {"app.kubernetes.io/managed-by": "django-strangler", "django-strangler/edge": "gateway-api"}
    body = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": "shop", "labels": ours | labels, "annotations": {}},
        "spec": {"parentRefs": [{"name": "public"}], "rules": []},
    }
    api.put("httproutes", body, manager)


def test_only_what_is_its_own_is_deleted(api: Api) -> None:
    """The labels alone prove nothing: somebody may have copied them. Nor does another kind of edge count."""
    _left(api, "strangler-gone", "django-strangler")
    _left(api, "copied-by-hand", "kubectl")
    _left(api, "of-helm", "django-strangler", **{"app.kubernetes.io/managed-by": "Helm"})
    _left(api, "of-another-edge", "django-strangler", **{"django-strangler/edge": "istio"})
    assert run_json("--dry-run")["deletes"] == ["HTTPRoute shop/strangler-gone"]
    assert "strangler-gone" in names(api)
    assert run_json()["deletes"] == ["HTTPRoute shop/strangler-gone"]
    assert names(api) == ROUTES | {"copied-by-hand", "of-helm", "of-another-edge"}


def test_nothing_is_deleted_while_a_gateway_refuses(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """What is stale may still be what serves."""
    _left(api, "strangler-gone", "django-strangler")
    api.gateway = {"Accepted": "False"}
    document = run_json("--wait-s", "0.1", code=1)
    assert document["applied"] is True
    assert document["deletes"] == []
    assert set(document["troubles"]) == {f"HTTPRoute shop/{name}" for name in ROUTES}
    assert "strangler-gone" in names(api)
    run("--wait-s", "0.1", "--force", code=1)
    shown = capsys.readouterr().out
    assert "✗ HTTPRoute shop/strangler-sample  Accepted: as told" in shown
    assert "1 object that would be deleted stayed" in shown


def test_a_gateway_that_is_slow_is_waited_for(api: Api) -> None:
    _left(api, "strangler-gone", "django-strangler")
    api.looks_until_told = 3  # the first is before anything was applied
    assert run_json()["deletes"] == ["HTTPRoute shop/strangler-gone"]
    assert api.looks_until_told == 0


def test_a_gateway_that_does_not_exist_is_said(api: Api) -> None:
    api.gateway = None
    troubles = run_json("--wait-s", "0.1", code=1)["troubles"]
    assert all("is there a Gateway 'public'" in trouble for trouble in troubles.values())
    assert run_json("--wait-s", "0")["troubles"] == {}


def test_istio_has_nothing_to_wait_for(api: Api) -> None:
    assert run_json(kind="istio")["troubles"] == {}
    assert names(api, "virtualservices") == {"strangler"}
    assert names(api, "destinationrules") == {"strangler-monolith"}


# -- what is refused --------------------------------------------------------------------------------------------


def test_an_older_table_is_refused(api: Api) -> None:
    """A restored control database, or a second installation, must not put routes back behind anybody's back."""
    move(stage="extracted", writer="service", epoch=2)
    run()
    for body in api.objects.values():
        body["metadata"]["annotations"]["django-strangler/version"] = "99"
    with pytest.raises(CommandError, match="obeys version 99 and the table here is version 1: it was set back"):
        run()
    assert run_json("--force")["applied"] is True


def test_a_failure_is_told_as_json_as_well(api: Api) -> None:
    out = io.StringIO()
    with pytest.raises(CommandError, match="no context 'prod'"):
        call_command("strangler", "apply", "istio", "--context", "prod", "--json", stdout=out)
    assert json.loads(out.getvalue())["error"]["code"] == "ClusterError"


def test_kubectl_that_is_missing_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        CommandError, match="kubectl is not in PATH: install it, or give the output of `strangler render`"
    ):
        run()


# -- what gateways say ------------------------------------------------------------------------------------------


def _route(generation: int, conditions: Sequence[dict[str, Any]], parent: str = "public") -> dict[str, Any]:
    told = [{"parentRef": {"name": parent}, "conditions": list(conditions)}]
    return {
        "kind": "HTTPRoute", "metadata": {"generation": generation},
        "spec": {"parentRefs": [{"name": "public"}]}, "status": {"parents": told},
    }  # fmt: skip


def _said(kind: str, status: str, of: int) -> dict[str, Any]:
    return {"type": kind, "status": status, "observedGeneration": of, "reason": "Why", "message": "so"}


@pytest.mark.parametrize(("body", "trouble"), [
    ({"kind": "ReferenceGrant"}, ""),
    (_route(2, [_said("Accepted", "True", 2), _said("ResolvedRefs", "True", 2)]), ""),
    (_route(2, [_said("Accepted", "True", 2), _said("Programmed", "False", 1)]), ""),
    (_route(2, [_said("Accepted", "True", 1)]), "has not looked at it yet"),
    (_route(2, [_said("Accepted", "True", 2), _said("ResolvedRefs", "False", 2)]), "Why: so"),
    (_route(2, [_said("Accepted", "True", 2)], parent="other"), "no gateway has taken it"),
])  # fmt: skip
def test_a_route_is_obeyed_when_its_gateway_says_so(body: dict[str, Any], trouble: str) -> None:
    assert trouble_of(body) == "" if not trouble else trouble in trouble_of(body)
