"""Whoever reads the number of a rule finds in `docs/` what it says, and in the tests what tries to break it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_borders import ROOT

TABLES = {"R": "rules.md", "I": "inventory.md", "O": "orders.md", "P": "payments.md"}
_CITED = re.compile(r"\(([RIOP]\d{1,2})(?:[,)])")


def texts(*folders: str) -> Iterator[tuple[str, str]]:
    """Return what Git knows of some folders, by file."""
    names = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if name.endswith((".py", ".md")) and (ROOT / name).exists():
            yield name, (ROOT / name).read_text()


def told(letter: str) -> set[str]:
    """Return the numbers that a document's tables say something of."""
    lines = (ROOT / "docs" / TABLES[letter]).read_text().splitlines()
    return {number for line in lines for number in re.findall(rf"\b{letter}\d+\b", line)}


def test_every_number_is_explained() -> None:
    cited = {number: name for name, text in texts("strangler", "monolith", "extracted", "tests", "docs")
             for number in _CITED.findall(text)}  # fmt: skip
    assert {number[0] for number in cited} == set(TABLES)
    assert {number: name for number, name in cited.items() if number not in told(number[0])} == {}


@pytest.mark.parametrize("rule", sorted(told("R") - {"R19"}, key=lambda rule: int(rule[1:])))
def test_every_rule_has_a_test_that_names_it(rule: str) -> None:
    named = re.compile(rf"\b{rule}\b")
    assert [name for name, text in texts("tests") if named.search(text) and Path(name) != Path(__file__)] != []
