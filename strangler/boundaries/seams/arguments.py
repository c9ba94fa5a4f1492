"""The arguments of `seams`, shared by `manage.py strangler` and `python -m`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what both entries take, but `--json`."""
    parser.add_argument("--app", metavar="NAME", help="everything that binds one app, with file and line")
    parser.add_argument("--apps", metavar="A,B", help="look at these apps only")
    parser.add_argument("--package", action="append", default=[], help="look at the apps of an installed package")
    parser.add_argument("--path", type=Path, metavar="DIR", help="the project's folder")
    parser.add_argument("--limit", type=_positive, metavar="N", help="at most N apps, and N places of each kind")
    parser.add_argument("--mermaid", action="store_true", help="print a diagram for Markdown")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page that needs nothing else")


def _positive(text: str) -> int:
    if not text.isdecimal() or text == "0":
        raise argparse.ArgumentTypeError(f"a number from 1, not {text!r}")
    return int(text)
