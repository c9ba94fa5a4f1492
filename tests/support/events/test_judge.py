"""The judge must find what it is there to find: each fault is made once in an innocent copy, and must be reported."""

from __future__ import annotations

import ast
import json
import sqlite3
import sys
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.events.judge import NotOneOwner, judge

AGGREGATES = ("r-1", "r-2", "r-3")
NUMBERS = (1, 2, 3, 4)
FINDINGS = ("lost", "doubled", "disordered", "unknown", "stray")
Homes = dict[str, Path]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Twelve notes, all of them acknowledged."""
    file = tmp_path / "ledger"
    notes = [(aggregate, n) for n in NUMBERS for aggregate in AGGREGATES]
    lines = [{"kind": kind, "aggregate": aggregate, "n": n} for aggregate, n in notes for kind in ("intent", "ack")]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


@pytest.fixture
def homes(tmp_path: Path) -> Homes:
    """The service owns the rows and had an effect of each note, in order; the monolith has a copy, a bit behind."""
    made = {home: tmp_path / home for home in ("monolith", "service")}
    effects = [
        (uuid.uuid4().hex, aggregate, n, n - 1, f"12:00:0{n}", "service") for n in NUMBERS for aggregate in AGGREGATES
    ]
    for home, rows in (("service", effects), ("monolith", effects[:7])):
        with closing(sqlite3.connect(made[home])) as file, file:
            file.execute("CREATE TABLE strangler_ownership (capability, owner, epoch)")
            file.execute("CREATE TABLE reader_effect (id, aggregate, n, before, at, home)")
            file.execute("INSERT INTO strangler_ownership VALUES ('reader', 'service', 5)")
            file.executemany("INSERT INTO reader_effect VALUES (?, ?, ?, ?, ?, ?)", rows)
    return made


def judged(ledger: Path, homes: Homes) -> dict[str, Any]:
    """Return what the judge found wrong."""
    verdict = judge(ledger, {home: str(file) for home, file in homes.items()}, run="r")
    found = {name: getattr(verdict, name) for name in FINDINGS if getattr(verdict, name)}
    assert verdict.innocent == (not found)
    return found


def tamper(file: Path, *statements: str) -> None:
    """Change a home's rows."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, statement


def test_complete_effects_in_order_are_innocent(ledger: Path, homes: Homes) -> None:
    """A judge who always complains proves nothing either."""
    assert judged(ledger, homes) == {}


DOUBLED = "INSERT INTO reader_effect SELECT 'x', aggregate, n, before, at, home FROM reader_effect WHERE {}"
SECOND = "aggregate = 'r-2' AND n = 2"
THIRD = "aggregate = 'r-2' AND n = 3"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([DOUBLED.format(SECOND)], "doubled"),
        ([f"DELETE FROM reader_effect WHERE {SECOND}"], "lost"),
        (
            [
                f"UPDATE reader_effect SET at = '12:00:03', before = 2 WHERE {SECOND}",
                f"UPDATE reader_effect SET at = '12:00:02', before = 1 WHERE {THIRD}",
            ],
            "disordered",
        ),
        ([f"UPDATE reader_effect SET before = 0 WHERE {SECOND}"], "disordered"),
        (["INSERT INTO reader_effect VALUES ('x', 'r-9', 1, 0, '12:00:01', 'service')"], "unknown"),
        (["INSERT INTO reader_effect VALUES ('x', 'r-1', 5, 4, '12:00:05', 'service')"], "unknown"),
    ],
    ids=["doubled", "lost", "swapped", "missed those before", "of nobody", "of a note never sent"],
)
def test_tampered_copy_is_found(ledger: Path, homes: Homes, statements: list[str], expected: str) -> None:
    """Each fault alone."""
    tamper(homes["service"], *statements)
    assert expected in judged(ledger, homes)


def test_effect_in_the_home_that_does_not_own_the_rows_is_found(ledger: Path, homes: Homes) -> None:
    """It was had where nobody may have effects, and its rows went nowhere."""
    tamper(homes["monolith"], "INSERT INTO reader_effect VALUES ('x', 'r-1', 4, 3, '12:00:04', 'monolith')")
    assert judged(ledger, homes) == {"stray": ["r-1/4, in the monolith"]}


def test_note_of_unknown_outcome_may_have_an_effect_or_none(ledger: Path, homes: Homes) -> None:
    """Whoever never heard an answer knows nothing; two effects are too many all the same."""
    with ledger.open("a") as file:
        file.write(json.dumps({"kind": "intent", "aggregate": "r-1", "n": 5}) + "\n")
    assert judged(ledger, homes) == {}
    tamper(homes["service"], "INSERT INTO reader_effect VALUES ('x', 'r-1', 5, 4, '12:00:05', 'service')")
    assert judged(ledger, homes) == {}
    tamper(homes["service"], "INSERT INTO reader_effect VALUES ('y', 'r-1', 5, 5, '12:00:06', 'service')")
    assert judged(ledger, homes) == {"doubled": ["r-1/5: 2 times"]}


@pytest.mark.parametrize("change", ["owner = 'monolith'", "epoch = 6"])
def test_homes_that_disagree_are_not_judged(ledger: Path, homes: Homes, change: str) -> None:
    """With two writers or none there is nothing to compare with."""
    tamper(homes["service"], f"UPDATE strangler_ownership SET {change}")
    with pytest.raises(NotOneOwner):
        judged(ledger, homes)


def test_actor_and_judge_import_neither_toolkit_nor_apps_nor_django() -> None:
    """They would share the mistakes of what they check."""
    allowed = set(sys.stdlib_module_names) | {"psycopg"}
    own = ("tests.support.checker.", "tests.support.events.")
    for source in Path(__file__).parent.glob("[!t]*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in allowed or name.startswith(own), (source, name)
