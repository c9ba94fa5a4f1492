"""
A mover that stays: `python -m tests.events.mover` does `strangler toggle` for each line of its input, such as
`reader service`, and answers with a line of JSON. It spares each move the start of a process.
"""

from __future__ import annotations

import io
import json
import sys

import django
from django.core.management import CommandError, call_command


def main() -> None:
    """Move until there is nobody left to tell where to."""
    django.setup()
    for line in sys.stdin:
        said = io.StringIO()
        try:
            call_command("strangler", "toggle", *line.split(), "--yes", "--json", stdout=said)
            answer = {"figures": json.loads(said.getvalue())["figures"]}
        except CommandError as error:
            answer = {"refused": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
