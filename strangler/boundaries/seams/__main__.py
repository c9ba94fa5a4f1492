"""`python -m strangler.boundaries.seams`: for projects in which the toolkit is not installed as an app."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from strangler.boundaries.seams.arguments import add_arguments
from strangler.boundaries.seams.command import run
from strangler.boundaries.seams.project import set_up
from strangler.errors import StranglerError


def main() -> int:
    """Look at a project; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m strangler.boundaries.seams",
        description="Show what binds the apps of a Django project to each other, and where to cut first.",
    )
    parser.add_argument("--settings", help="the project's settings module; default: what its manage.py says")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_arguments(parser)
    options = vars(parser.parse_args())
    try:
        set_up((options["path"] or Path.cwd()).resolve(), options["settings"])
        run(options)
    except StranglerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
