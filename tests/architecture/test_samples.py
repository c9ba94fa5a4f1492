"""
An old sample of every event type is accepted by every newer schema, for every contract of the platform.

Judged twice: by the JSON Schema that was released, with a validator that is not ours, and by the class that decodes
it. Then each is broken on purpose.
"""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from strangler.contract import Events, WireError
from tests.architecture.test_borders import ROOT
from tests.architecture.test_platform import manage

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_formats = FormatChecker(formats=("date",))
_formats.checks("uuid", raises=ValueError)(lambda value: str(UUID(str(value))) == str(value).lower())
_formats.checks("decimal", raises=ArithmeticError)(lambda value: Decimal(str(value)).is_finite())
_formats.checks("date-time", raises=ValueError)(
    lambda value: bool(_RFC3339.fullmatch(str(value))) and datetime.fromisoformat(str(value)).tzinfo is not None
)


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def contracts() -> dict[str, Path]:
    """The folder of every contract that has released events, by the name of its package."""
    folders = {file.parent for file in ROOT.glob("*/*/contract/schema.json") if read(file).get("events")}
    return {".".join(folder.relative_to(ROOT).parts): folder for folder in sorted(folders)}


CONTRACTS = contracts()
SAMPLES = [
    pytest.param(package, name, place, id=f"{name}-{place + 1}")
    for package, folder in CONTRACTS.items()
    for name, samples in read(folder / "samples.json").items()
    for place in range(len(samples))
]


def schema_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the schema of a payload on its own; its references point to the types beside it."""
    schema = {"allOf": [document["events"][name]["data"]], "types": document["types"]}
    Draft202012Validator.check_schema(schema)
    return schema


def violations(schema: dict[str, Any], sample: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema, format_checker=_formats).iter_errors(sample)]


def whole(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with every field required, at every depth."""

    def harden(part: Any) -> Any:
        if isinstance(part, dict):
            hard = {name: harden(value) for name, value in part.items()}
            return hard | {"required": sorted(part["properties"])} if isinstance(part.get("properties"), dict) else hard
        return [harden(one) for one in part] if isinstance(part, list) else part

    hardened: dict[str, Any] = harden(schema)
    return hardened


def events_in(package: str) -> Events:
    (found,) = {value for value in vars(import_module(package)).values() if isinstance(value, Events)}
    return found


def test_there_are_samples_to_judge() -> None:
    """Contracts are found in the tree: a new one enrols itself."""
    assert {"monolith.catalog.contract", "monolith.inventory.contract"} <= set(CONTRACTS)
    assert len(SAMPLES) >= 15


@pytest.mark.parametrize("package", CONTRACTS)
def test_every_event_has_samples_and_every_sample_an_event(package: str) -> None:
    declared, folder = set(events_in(package).types), CONTRACTS[package]
    samples = read(folder / "samples.json")
    assert declared == set(read(folder / "schema.json")["events"]) == set(samples)
    assert all(samples.values())


@pytest.mark.parametrize(("package", "name", "place"), SAMPLES)
def test_every_sample_is_valid_and_can_be_read(package: str, name: str, place: int) -> None:
    schema = schema_of(read(CONTRACTS[package] / "schema.json"), name)
    samples = read(CONTRACTS[package] / "samples.json")[name]
    assert violations(schema, samples[place]) == []
    if place == len(samples) - 1:
        assert violations(whole(schema), samples[place]) == []
    kind = events_in(package).types[name]
    happened = kind.decode(json.dumps(samples[place]).encode())
    assert type(happened) is kind.payload
    assert kind.aggregate_id(happened) == str(samples[place][kind.key])


@pytest.mark.parametrize(("package", "name", "place"), SAMPLES)
def test_sample_without_a_field_is_caught(package: str, name: str, place: int) -> None:
    """The control of the samples, by both judges."""
    document = read(CONTRACTS[package] / "schema.json")
    schema, sample = schema_of(document, name), read(CONTRACTS[package] / "samples.json")[name][place]
    kind = events_in(package).types[name]
    payload = document["types"][document["events"][name]["data"]["$ref"].rpartition("/")[2]]
    for field in payload["required"]:
        less = {key: value for key, value in sample.items() if key != field}
        assert violations(schema, less) == [f"'{field}' is a required property"]
        with pytest.raises(WireError, match=field):
            kind.decode(json.dumps(less).encode())


def test_formats_bite() -> None:
    """The control of the formats, which a validator ignores unless it is told about them."""
    for format_, good, bad in [
        ("uuid", "019abc00-0000-7000-8000-000000000001", "019abc00"),
        ("date-time", "2026-11-23T08:30:00.125000Z", "2026-11-23T08:30:00"),
        ("decimal", "12.50", "a dozen"),
        ("date", "2026-11-23", "2026-23-11"),
    ]:
        schema = {"type": "string", "format": format_}
        assert violations(schema, good) == []
        assert len(violations(schema, bad)) == 1


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A platform that may be broken."""
    for package in ("monolith", "strangler"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "manage.py", tmp_path)
    return tmp_path


def check(folder: Path) -> tuple[int, list[str]]:
    """Return the exit code of the command, and what it says about breaks and samples."""
    result = manage(folder, "strangler", "contracts", "--check", "--json")
    found = json.loads(result.stdout)["contracts"]
    return result.returncode, [line for one in found for line in (*one["breaks"], *one["unproven"])]


def change(folder: Path, fields: str) -> None:
    """Let the payload of one event have other fields than those that were released."""
    with (folder / "monolith/inventory/contract/__init__.py").open("a") as text:
        text.write(
            "\nfrom dataclasses import dataclass as _dataclass, replace as _replace\n\n\n"
            f"@_dataclass(frozen=True, slots=True, kw_only=True)\nclass Changed:\n    {fields}\n\n\n"
            "_kind = events.types['shop.stock.back_in_stock.v1']\n"
            "events.types[_kind.name] = _replace(_kind, payload=Changed)\n"
        )


def test_every_contract_says_what_was_released() -> None:
    assert check(ROOT) == (0, [])


def test_removed_field_is_caught(copy: Path) -> None:
    change(copy, "sku: str")
    assert check(copy) == (1, ["shop.stock.back_in_stock.v1.available: it is gone; older subscribers need it."])


def test_new_required_field_is_caught(copy: Path) -> None:
    """Twice: by the schema, and by the sample that was written before it."""
    change(copy, "sku: str; available: int; warehouse: str")
    code, (by_schema, by_sample) = check(copy)
    assert code == 1
    assert by_schema == (
        "shop.stock.back_in_stock.v1.warehouse: it is required, and events published before may not have it."
    )
    assert by_sample.startswith(
        "shop.stock.back_in_stock.v1: Object missing required field `warehouse` (sample 1 of 1)"
    )


def test_new_optional_field_asks_for_a_sample_alone(copy: Path) -> None:
    change(copy, "sku: str; available: int; warehouse: str = ''")
    lacks = "shop.stock.back_in_stock.v1: the newest sample lacks warehouse"
    assert check(copy) == (1, [f"{lacks}: append one with all fields, and keep the old ones."])
