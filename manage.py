#!/usr/bin/env python
"""Development entry; the settings module chooses the host."""

import os
import sys
from pathlib import Path

from monolith.config.run.environment import load_environment


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.config.settings")
    os.environ.setdefault("RUN_DIR", str(Path(__file__).resolve().parent / ".run"))
    load_environment(Path(os.environ["RUN_DIR"]))
    from django.core.management import execute_from_command_line

    from strangler.errors import SetupError

    try:
        execute_from_command_line(sys.argv)
    except SetupError as error:
        sys.exit("\n".join(("The settings are wrong:", *error.faults)))


if __name__ == "__main__":
    main()
