"""`scaffold` writes a host that starts, loses nothing, and says what is missing and what binds."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from strangler import operations
from strangler.errors import Refused


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    """A project's folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "extracted"


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_host_is_written_once(folder: Path) -> None:
    made = operations.scaffold("inventory")
    assert names(folder) == {
        "__init__.py", "inventory/__init__.py", "inventory/settings.py", "inventory/README.md"
    }  # fmt: skip
    assert set(made.files.values()) == {"new"}
    settings = (folder / "inventory" / "settings.py").read_text()
    call = ast.parse(settings).body[-1]
    assert 'service_settings("inventory", package="monolith.inventory", port=' in ast.unparse(call).replace("'", '"')
    assert set(operations.scaffold("inventory").files.values()) == {"unchanged"}


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    assert set(operations.scaffold("inventory", dry_run=True).files.values()) == {"new"}
    assert not folder.exists()


def test_what_a_person_wrote_is_not_written_over_unless_forced(folder: Path) -> None:
    operations.scaffold("inventory")
    readme = folder / "inventory" / "README.md"
    readme.write_text("mine")
    (folder / "inventory" / "settings.py").unlink()
    with pytest.raises(Refused, match=r"README.md exists and says something else"):
        operations.scaffold("inventory")
    assert readme.read_text() == "mine"
    assert not (folder / "inventory" / "settings.py").exists(), "refused before anything is written"
    made = operations.scaffold("inventory", force=True)
    assert sorted(made.files.values()) == ["changed", "new", "unchanged"]
    assert readme.read_text() != "mine"


@pytest.mark.parametrize(
    ("app", "reason"),
    [
        ("../evil", "cannot be a capability"),
        ("monolith", "cannot be a capability"),
        ("monolith.inventory", "by its label"),
        ("nonsense", "Your own apps: .*inventory"),
    ],
)
def test_a_name_that_is_no_app_is_refused_with_what_to_do(app: str, reason: str, folder: Path) -> None:
    with pytest.raises(Refused, match=reason):
        operations.scaffold(app)
    assert not folder.exists()


def test_what_is_shipped_complete_is_a_peer_and_needs_no_host(folder: Path, settings: Any) -> None:
    """Its app is not here, so it is known by its contract alone."""
    gone = {
        "complete": True, "contract": "monolith.catalog.contract", "app": "gone", "routes": [{"prefix": "/api/c/"}],
        "service_url": "http://127.0.0.1:8101", "internal_url": "http://127.0.0.1:9177",
    }  # fmt: skip
    capabilities = {**settings.STRANGLER["CAPABILITIES"], "catalog": gone}
    contracts = [gone["contract"]]
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": capabilities, "CONTRACTS": contracts}
    operations.scaffold("inventory")
    assert '"catalog": 9177' in (folder / "inventory" / "settings.py").read_text()
    with pytest.raises(Refused, match="catalog is shipped complete: its service alone has the app"):
        operations.scaffold("catalog")


def test_the_port_is_the_known_one_the_next_or_the_given_one(folder: Path) -> None:
    def written(app: str, **wishes: Any) -> str:
        operations.scaffold(app, force=True, **wishes)
        return (folder / app / "settings.py").read_text()

    assert "port=9)" in written("sample"), "the settings know the service at port 9"
    assert "port=10," in written("inventory"), "the next"
    assert "port=8123," in written("inventory", port=8123)


def test_an_app_without_anything_is_told_everything(folder: Path) -> None:
    missing = " ".join(gap.what for gap in operations.scaffold("sample").gaps)
    for part in ("capability.py with ROUTES", "idempotency keys", "contract/"):
        assert part in missing


def test_a_complete_app_lacks_nothing(folder: Path) -> None:
    assert operations.scaffold("inventory").gaps == ()


@pytest.fixture
def caller(folder: Path, settings: Any, monkeypatch: Any) -> Path:
    """An app beside the catalog that calls it, installed; its folder."""
    app = folder.parent / "caller"
    app.mkdir()
    (app / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.delitem(sys.modules, "caller", raising=False)  # of the test before
    catalog = {"app": "catalog", "internal_url": "http://127.0.0.1:9107", "routes": [{"prefix": "/c/"}],
               "databases": {"monolith": "default"}}  # fmt: skip
    settings.STRANGLER = {
        **settings.STRANGLER, "CAPABILITIES": {**settings.STRANGLER["CAPABILITIES"], "catalog": catalog}
    }  # fmt: skip
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "caller"]
    return app


@pytest.mark.parametrize(
    "line",
    [
        "def f():\n    from monolith.catalog.contract import catalog\n",
        "from monolith.catalog import contract\n",
        "import monolith.catalog.contract as c\n",
    ],
)
def test_an_app_that_is_called_is_a_peer_of_the_host(line: str, caller: Path, folder: Path) -> None:
    """The host must know where the capabilities are whose contracts its app imports."""
    (caller / "asks.py").write_text(line)
    assert operations.scaffold("caller").bonds == ()
    assert 'peers={"catalog": 9107}' in (folder / "caller" / "settings.py").read_text()
    assert "`CATALOG_INTERNAL_URL`" in (folder / "caller" / "README.md").read_text()


def test_what_binds_an_app_is_told_by_file_and_line(caller: Path) -> None:
    (caller / "asks.py").write_text("\n\nfrom monolith.catalog.models import Product\n")
    (bond,) = operations.scaffold("caller").bonds or ()
    assert "caller/asks.py:3" in bond
    assert "caller.asks imports monolith.catalog.models" in bond


def test_the_command_says_it_for_people_and_for_programs(folder: Path, capsys: Any) -> None:
    call_command("strangler", "scaffold", "sample", "--dry-run")
    said = capsys.readouterr().out
    assert "would write" in said
    assert "capability.py with ROUTES" in said
    call_command("strangler", "scaffold", "sample", "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["files"]["extracted/sample/settings.py"] == "new"
    assert document["steps"][-1] == "python manage.py strangler toggle sample service"
    with pytest.raises(CommandError, match="nonsense"):
        call_command("strangler", "scaffold", "nonsense")
