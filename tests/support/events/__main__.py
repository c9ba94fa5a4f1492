"""`python -m tests.support.events act PLAN.json`, and `... judge LEDGER --run RUN HOME=DSN HOME=DSN`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.support.events.actor import Plan, act
from tests.support.events.judge import NotOneOwner, judge


def main(arguments: list[str]) -> int:
    """Run one command; 0 when nothing is wrong, 1 when something is, 2 when there are two writers or none."""
    parser = argparse.ArgumentParser(prog="events", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("act").add_argument("plan", type=Path)
    judging = commands.add_parser("judge")
    judging.add_argument("ledger", type=Path)
    judging.add_argument("--run", required=True)
    judging.add_argument("homes", nargs="+", metavar="HOME=DSN")
    chosen = parser.parse_args(arguments)
    return _act(chosen) if chosen.command == "act" else _judge(chosen)


def _act(chosen: argparse.Namespace) -> int:
    raw = json.loads(chosen.plan.read_text())
    report = act(Plan(**{**raw, "doors": tuple(raw["doors"])}))
    print(json.dumps(report))
    return 1 if report["faults"] else 0


def _judge(chosen: argparse.Namespace) -> int:
    try:
        verdict = judge(chosen.ledger, dict(home.split("=", 1) for home in chosen.homes), run=chosen.run)
    except NotOneOwner as error:
        print(json.dumps({"not_one_owner": str(error)}))
        return 2
    print(json.dumps(asdict(verdict)))
    return 0 if verdict.innocent else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
