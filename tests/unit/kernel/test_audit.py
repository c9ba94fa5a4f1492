"""What an audit tells people and programs, and how it ends."""

import io
import json
from typing import NamedTuple

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from monolith.kernel.audit import AuditCommand


class Missing(NamedTuple):
    """A sum that is not there."""

    what: str
    sum: int

    def __str__(self) -> str:
        return f"{self.what}: {self.sum} is missing"


class Audit(AuditCommand):
    """Finds what it is given."""

    def __init__(self, found):
        super().__init__()
        self._found = found

    def differences(self):
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


def told(found, **options):
    """Run an audit; return how it ended and what it said."""
    out = io.StringIO()
    try:
        call_command(Audit(found), stdout=out, **options)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_books_in_order_end_with_0():
    assert told([]) == (0, "The books are in order.\n")
    assert told([], json=True) == (0, '{"differences": []}\n')


def test_differences_are_told_and_end_with_1():
    assert told([Missing("rent", 3)]) == (1, "1 differences:\nrent: 3 is missing\n")


def test_a_person_is_shown_the_first_and_a_program_all():
    found = [Missing("rent", number) for number in range(23)]
    code, said = told(found)
    assert code == 1
    assert said.splitlines()[0] == "23 differences:"
    assert said.splitlines()[-2:] == ["rent: 19 is missing", "... and 3 more; --json shows all."]
    code, said = told(found, json=True)
    assert code == 1
    assert json.loads(said)["differences"][22] == {"what": "rent", "sum": 22}


def test_a_database_that_refuses_says_what_to_do():
    with pytest.raises(CommandError, match=r"(?s)no such table: rent.*manage\.py migrate"):
        told(OperationalError("no such table: rent\n"))
