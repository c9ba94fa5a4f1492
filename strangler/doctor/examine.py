"""All examinations, in the order in which what they find is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from django.db import DatabaseError

from strangler.conf import get_conf
from strangler.doctor.case import Case, open_case, unseen_homes
from strangler.doctor.completeness import completeness
from strangler.doctor.copies import copies, drift
from strangler.doctor.fences import fences
from strangler.doctor.finding import Finding
from strangler.doctor.letters import letters
from strangler.doctor.operations import operations
from strangler.doctor.rehearsals import rehearsals
from strangler.doctor.restores import restores
from strangler.doctor.routers import routers
from strangler.doctor.servers import servers, strangers
from strangler.doctor.streams import streams
from strangler.doctor.verifications import verifications
from strangler.errors import StranglerError
from strangler.state import load_table

EXAMINATIONS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    unseen_homes,
    restores,
    operations,
    streams,
    rehearsals,
    servers,
    fences,
    drift,
    copies,
    verifications,
    letters,
)
_ROUNDS_MAX = 5
"""What is mended may bring to light what stood behind it: a home that was restored has an old table, too."""


def examine() -> list[Finding]:
    """Return everything found, errors first, otherwise in the order in which it is to be mended."""
    table, conf = load_table(), get_conf()
    findings = [*routers(table.version)]
    findings += completeness()
    for name, state in table.capabilities.items():
        if conf.capabilities[name].complete and not conf.home_of(name):
            continue  # it has one home, which is examined there
        case = open_case(name, state)
        for look in EXAMINATIONS:
            findings += _answers(look, case)
        findings += _answers(lambda c: strangers(c, list(table.capabilities)), case)
    unique = {(f.code, f.what): f for f in findings}.values()
    return sorted(unique, key=lambda finding: finding.level)


def _answers(look: Callable[[Case], Iterator[Finding]], case: Case) -> list[Finding]:
    """Let a database that goes away in the middle be one finding, and not the end of all."""
    try:
        return list(look(case))
    except (DatabaseError, StranglerError) as error:
        advice = "Repeat it when the database answers."
        return [Finding("unexamined", "error", case.name, f"An examination failed: {str(error).strip()}", advice)]


def repair(findings: Sequence[Finding]) -> list[Finding]:
    """
    Mend what can be mended without asking, and what comes to light by that.

    Returns:
        What was mended, in order, and what could not be although it should: those are errors `not-mended`.
    """
    done: list[Finding] = []
    tried: set[tuple[str, str, str]] = set()
    for _ in range(_ROUNDS_MAX):
        due = [f for f in findings if f.mend and _once(f) not in tried]
        if not due:
            break
        for finding in due:
            tried.add(_once(finding))
            done.append(_mended(finding))
        findings = examine()
    return done


def _once(finding: Finding) -> tuple[str, str, str]:
    """What is the same when a mend is offered again because it has not helped; a sentence may count on meanwhile."""
    return finding.code, finding.capability, finding.advice


def _mended(finding: Finding) -> Finding:
    assert finding.mend
    try:
        finding.mend.act()
    except (DatabaseError, StranglerError) as error:
        what = f"{finding.what} It could not be mended: {str(error).strip()}"
        return Finding("not-mended", "error", finding.capability, what, finding.advice)
    return finding
