"""Whoever is told of a finding at night finds a section of that name."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
RUNBOOK = ROOT / "docs" / "runbooks" / "doctor.md"


def test_every_finding_has_a_section_and_every_section_a_finding():
    sources = "\n".join(file.read_text() for file in (ROOT / "strangler" / "doctor").glob("*.py"))
    found = set(re.findall(r'Finding\(\s*"([a-z-]+)"', sources)) | set(re.findall(r'"(wal-[a-z]+)"', sources))
    headings = re.findall(r"^### (.*)$", RUNBOOK.read_text(), re.MULTILINE)
    explained = {code for heading in headings for code in re.findall(r"`([a-z-]+)`", heading)}
    assert found == explained
    assert len(found) > 30


def test_every_finding_has_a_test():
    """Each is made on a real server, seen, and mended where it may be."""
    tests = "\n".join(file.read_text() for file in (ROOT / "tests" / "integration").rglob("*.py"))
    explained = re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^### .*$", RUNBOOK.read_text(), re.MULTILINE)))
    assert [code for code in explained if f'"{code}"' not in tests] == []
