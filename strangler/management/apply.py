"""`strangler apply`: what would change in a cluster, shown; and then changed."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from strangler import operations
from strangler.edge.kubernetes import OBJECTS
from strangler.edge.kubernetes.kubectl import Change
from strangler.operations.apply import Outcome, Proposal

Show = Callable[[Any, Callable[[], None]], None]
_STYLE = {"+": "green", "-": "red", "@": "cyan"}
_console = Console(highlight=False, soft_wrap=True)


def arguments(parser: ArgumentParser) -> None:
    """Add what can be asked for."""
    parser.add_argument("kind", choices=list(OBJECTS), help="what the cluster routes by")
    parser.add_argument("--namespace", help="where the objects go (default: KUBERNETES_NAMESPACE of the settings)")
    parser.add_argument("--context", help="of the kubeconfig (default: its current one)")
    parser.add_argument("--force", action="store_true", help="take back what others have changed; obey an older table")
    parser.add_argument("--wait-s", type=float, default=30.0, help="for gateways to accept (default: 30; 0: do not)")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: dict[str, Any], show: Show, confirm: Callable[[str], None]) -> None:
    """
    Show the difference, ask, apply; leaves with 1 when a gateway has not accepted everything.

    Args:
        show: prints a document as JSON, or calls what shows it to a person.
        confirm: asks a person, who may give up.
    """
    proposal = operations.propose(
        options["kind"], namespace=options["namespace"], context=options["context"], force=options["force"]
    )
    nothing = not proposal.changes and not proposal.stale
    if not options["json"]:
        _show_proposal(proposal)
    if nothing or options["dry_run"]:
        show({**proposal.as_dict(), "applied": False, "troubles": {}}, lambda: None)
        return
    confirm(f"apply this to {_where(proposal)}")
    outcome = operations.carry_out(proposal, wait_s=options["wait_s"])
    document = {**proposal.as_dict(), "deletes": outcome.deleted, "applied": True, "troubles": outcome.troubles}
    show(document, lambda: _show_outcome(proposal, outcome))
    if outcome.troubles:
        sys.exit(1)


def _show_proposal(proposal: Proposal) -> None:
    where = _where(proposal)
    if not proposal.changes and not proposal.stale:
        _console.print(Text.assemble(("✓ ", "green"), f"Nothing to do: {where} obeys version {proposal.version}."))
        return
    _console.print(Text(f"To bring {where} to version {proposal.version}:", style="bold"))
    for change in proposal.changes:
        if not change.is_version_alone:
            _console.print(_heading(change))
            for line in _lines(change):
                _console.print(Text(f"  {line}", style=_STYLE.get(line[:1], "dim")))
    if alone := sum(change.is_version_alone for change in proposal.changes):
        _console.print(Text(f"{_objects(alone)} would change nothing but the version.", style="dim"))
    for one in proposal.stale:
        _console.print(Text.assemble(("delete  ", "red"), str(one)))


def _where(proposal: Proposal) -> str:
    return f"the cluster of context {proposal.context}" if proposal.context else "the cluster"


def _heading(change: Change) -> Text:
    return Text.assemble(("create  " if change.is_new else "change  ", "yellow"), (str(change), "bold"))


def _lines(change: Change) -> Iterator[str]:
    """What is new has no line numbers to tell."""
    return (line for line in change.lines if not (change.is_new and line.startswith("@")))


def _show_outcome(proposal: Proposal, outcome: Outcome) -> None:
    _console.print(Text.assemble(("✓ ", "green"), f"applied {_objects(outcome.applied)} (version {proposal.version})"))
    for name in outcome.deleted:
        _console.print(Text.assemble(("✓ ", "green"), f"deleted {name}"))
    for name, trouble in outcome.troubles.items():
        _console.print(Text.assemble(("✗ ", "red"), (name, "bold"), f"  {trouble}"))
    if outcome.troubles and proposal.stale:
        _console.print(f"{_objects(len(proposal.stale))} that would be deleted stayed, in case they still serve.")


def _objects(number: int) -> str:
    return "1 object" if number == 1 else f"{number} objects"
