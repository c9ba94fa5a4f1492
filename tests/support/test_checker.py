"""The checker must find what it is there to find: each fault is made once, and must be reported."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.checking import SUPPORT, judge, pauses, traffic
from tests.support.standin import StandIn, standing_in

LOAD: dict[str, Any] = {
    "horizon_s": 2.0,
    "writers": 4,
    "readers": 2,
    "writes_per_s": 60,
    "reads_per_s": 40,
    "repeat_share": 0.2,
}


def run_to_the_end(home: StandIn, directory: Path, **settings: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (report, verdict) of a short load against a stand-in."""
    with traffic(directory, [home.door], "token", seed=7, **{**LOAD, **settings}) as load:
        report = load.finish(30)
        return report, load.judge({"monolith": str(home.database)})


def test_checker_imports_neither_toolkit_nor_apps_nor_django() -> None:
    """It would share the mistakes of what it checks."""
    allowed = set(sys.stdlib_module_names) | {"psycopg"}
    for source in (SUPPORT / "checker").glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= allowed, source
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert str(node.module).split(".")[0] in allowed, source


def test_honest_home_is_innocent(tmp_path: Path) -> None:
    with standing_in(tmp_path / "home.sqlite3") as home:
        report, verdict = run_to_the_end(home, tmp_path)
    assert report["faults"] == {}
    assert report["counts"]["acknowledged"] > 40
    assert report["counts"]["replayed"] > 3
    assert report["counts"]["own_read"] == report["counts"]["acknowledged"]
    assert verdict["innocent"]
    assert verdict["acknowledged"] == report["counts"]["acknowledged"]


def test_schedule_depends_on_the_seed_alone(tmp_path: Path) -> None:
    """Arrival times are fixed in advance; a slow home gets the same ones."""
    counts = []
    for name in ("one", "two"):
        with standing_in(tmp_path / f"{name}.sqlite3") as home:
            counts.append(run_to_the_end(home, tmp_path)[1]["acknowledged"])
    assert counts[0] == counts[1]


def test_refusal_is_repeated_with_its_key_and_counted(tmp_path: Path) -> None:
    with standing_in(tmp_path / "home.sqlite3", dict.fromkeys(range(10, 60, 7), "refuse")) as home:
        report, verdict = run_to_the_end(home, tmp_path)
    assert report["faults"] == {}
    assert verdict["innocent"]
    assert report["counts"]["refused_moved_midway"] == 8


@pytest.mark.parametrize(
    ("fault", "complaint", "charge"),
    [
        ("lose", "own_read_lost", "lost"),
        ("twice", "own_read_lost", "doubled"),
        ("break", "failed", None),
        ("forget", "not_replayed", None),
    ],
)
def test_fault_of_a_write_is_found(fault: str, complaint: str, charge: str | None, tmp_path: Path) -> None:
    """Lost, doubled, failed and forgotten writes, among many good ones."""
    faults = dict.fromkeys(range(5, 60) if fault == "forget" else (9, 10, 11, 12), fault)
    with standing_in(tmp_path / "home.sqlite3", faults) as home:
        report, verdict = run_to_the_end(home, tmp_path)
    assert complaint in report["faults"]
    assert charge is None or verdict[charge]


TAMPERING = {
    "deleted": ("DELETE FROM catalog_product WHERE slug = (SELECT min(slug) FROM catalog_product)", "lost"),
    "rolled_back": ("UPDATE catalog_product SET version = version - 1 WHERE version > 1", "lost"),
    "overwritten": ('UPDATE catalog_product SET attributes = \'{"mark": "other"}\'', "lost"),
    "copied": (
        (
            "INSERT INTO catalog_product"
            " SELECT id || 'x', slug || 'x', name, version, attributes FROM catalog_product LIMIT 1"
        ),
        "doubled",
    ),
    "without_variant": ("DELETE FROM catalog_variant WHERE id = 1", "lost"),
    "priced_twice": ("INSERT INTO catalog_price_history (variant_id) VALUES (1)", "doubled"),
    "counted_twice": ("UPDATE catalog_product SET version = version + 1", "doubled"),
    "invented": (
        "INSERT INTO catalog_product SELECT 'x', 'x', name || '-9', 1, attributes FROM catalog_product LIMIT 1",
        "doubled",
    ),
}


@pytest.mark.parametrize("way", TAMPERING)
def test_judge_finds_a_tampered_database(way: str, tmp_path: Path) -> None:
    """Proof that the judge bites: the same ledger is innocent before the tampering and guilty after it."""
    sql, charge = TAMPERING[way]
    with (
        standing_in(tmp_path / "home.sqlite3") as home,
        traffic(tmp_path, [home.door], "token", seed=3, **{**LOAD, "horizon_s": 1.0}) as load,
    ):
        load.finish(30)
        assert load.judge({"monolith": str(home.database)})["innocent"]
        home.execute(sql)
        verdict = load.judge({"monolith": str(home.database)})
    assert not verdict["innocent"]
    assert verdict[charge], verdict


@pytest.mark.parametrize("owners", [("service", "monolith"), ("monolith", "service"), ("service", "service")])
def test_judge_wants_exactly_one_owner(owners: tuple[str, str], tmp_path: Path) -> None:
    """Homes that disagree, or an owner that is in nobody's interest here, end the judgement."""
    with standing_in(tmp_path / "a.sqlite3") as home, standing_in(tmp_path / "b.sqlite3") as other:
        for each, owner in zip((home, other), owners, strict=True):
            each.execute(f"UPDATE strangler_ownership SET owner = '{owner}'")
        homes = {"monolith": str(home.database), "service": str(other.database)}
        with traffic(tmp_path, [home.door], "token", **{**LOAD, "horizon_s": 0.2}) as load:
            load.finish(30)
            if owners == ("service", "service"):
                assert load.judge(homes)["owner"] == "service"
            else:
                assert "not_one_owner" in load.judge(homes)


def test_judge_knows_one_writer_from_two(tmp_path: Path) -> None:
    """A move there and back, seen by witnesses; each way in which two homes could be open at one instant is found."""
    there_and_back = [("monolith", 1, 1.0), ("monolith", 1, 2.0), ("service", 2, 2.01), ("monolith", 3, 3.0)]
    assert _two_writers(tmp_path, there_and_back) == []
    assert _two_writers(tmp_path, reversed(there_and_back)) == [], "the order of the lines means nothing"
    late = [*there_and_back, ("monolith", 1, 2.02)]
    assert _one(_two_writers(tmp_path, late)).endswith("in epoch 1, after the service had taken one in epoch 2")
    early = [*there_and_back, ("service", 2, 1.99)]
    assert _one(_two_writers(tmp_path, early)).startswith("the monolith took a write at 2.0")
    both = [*there_and_back, ("service", 3, 3.1)]
    assert _one(_two_writers(tmp_path, both)) == "both homes took writes in epoch 3"
    unfenced = [{"home": "monolith", "owner": "service", "epoch": 2, "at": 2.5}]
    assert _two_writers(tmp_path, there_and_back, unfenced)[0].endswith("although its own row named the service")


def _one(sentences: list[str]) -> str:
    (sentence,) = sentences
    return sentence


def _two_writers(
    directory: Path, seen: Iterable[tuple[str, int, float]], others: Iterable[dict[str, Any]] = ()
) -> list[str]:
    """Return what the judge, in its own process, says about witnesses in a ledger."""
    ledger, database = directory / "witnesses", directory / "home.sqlite3"
    database.unlink(missing_ok=True)
    witnesses = [{"home": home, "owner": home, "epoch": epoch, "at": at} for home, epoch, at in seen]
    ledger.write_text("".join(json.dumps({"kind": "witness", **one}) + "\n" for one in (*witnesses, *others)))
    StandIn(database)
    verdict = judge(ledger, "chk", {"monolith": str(database)})
    assert verdict["innocent"] == (not verdict["two_writers"])
    found: list[str] = verdict["two_writers"]
    return found


def test_pause_is_what_writers_waited_around_a_change_of_home(tmp_path: Path) -> None:
    """Admissions every 10 ms for ten seconds, with a break of 50 ms when the home changes; one slow write elsewhere."""
    ledger = tmp_path / "ledger"
    lines: list[dict[str, Any]] = []
    for number in range(1_000):
        home, late_s = ("service", 0.04) if number >= 500 else ("monolith", 0.0)
        witness = {"home": home, "owner": home, "epoch": 1 + (number >= 500), "at": number / 100 + late_s}
        done = {"at": witness["at"] - (0.2 if number == 900 else 0.001), "done": witness["at"]}
        lines.append({"kind": "ack", "key": str(number), "version": 1, "witness": witness, **done})
    ledger.write_text("".join(json.dumps(line) + "\n" for line in lines))
    figures = pauses(ledger)
    assert figures["with_a_switch"]["windows"] == 1
    assert figures["with_a_switch"]["nobody"]["max"] == 50.0
    assert figures["with_a_switch"]["slowest_sql"]["max"] == 1.0
    assert figures["without"]["windows"] == 6
    assert figures["without"]["nobody"]["max"] == 10.0
    assert figures["without"]["slowest_sql"]["max"] == 200.0
