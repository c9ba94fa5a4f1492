"""`python -m tests.support.checker load LOAD.json`, `judge LEDGER --run RUN HOME=DSN HOME=DSN`, `pauses LEDGER`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from .instants import pauses
from .judge import NotOneOwner, judge
from .plan import Load
from .traffic import run


def main(arguments: list[str]) -> int:
    """Run one command; 0 when nothing is wrong, 1 when something is, 2 when there are two writers or none."""
    parser = argparse.ArgumentParser(prog="checker", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("load").add_argument("settings", type=Path)
    judging = commands.add_parser("judge")
    judging.add_argument("ledger", type=Path)
    judging.add_argument("--run", required=True)
    judging.add_argument("homes", nargs="+", metavar="HOME=DSN")
    commands.add_parser("pauses").add_argument("ledger", type=Path)
    chosen = parser.parse_args(arguments)
    return {"load": _load, "judge": _judge, "pauses": _pauses}[chosen.command](chosen)


def _load(chosen: argparse.Namespace) -> int:
    report = run(Load.from_json(json.loads(chosen.settings.read_text())))
    print(json.dumps({"event": "report", **report}), flush=True)
    return 1 if report["faults"] else 0


def _judge(chosen: argparse.Namespace) -> int:
    homes = dict(home.split("=", 1) for home in chosen.homes)
    try:
        verdict = judge(chosen.ledger, homes, run=chosen.run)
    except NotOneOwner as error:
        print(json.dumps({"not_one_owner": str(error)}))
        return 2
    print(json.dumps(asdict(verdict)))
    return 0 if verdict.innocent else 1


def _pauses(chosen: argparse.Namespace) -> int:
    print(json.dumps(pauses(chosen.ledger)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
