"""Look, and show what was found in the format that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from strangler.boundaries.seams.project import root_of_settings
from strangler.boundaries.seams.show import document, mermaid, page, terminal
from strangler.boundaries.seams.survey import Question, Survey, survey
from strangler.errors import Refused


def run(options: Mapping[str, Any], write: Callable[[str], object] = print) -> None:
    """
    Look, and show it as asked.

    Args:
        write: takes what a program may read: JSON and diagrams.

    Raises:
        Refused: an app, a package or a folder is not there.
        SetupError: a file of the project cannot be parsed.
    """
    names = tuple(name.strip() for name in (options["apps"] or "").split(",") if name.strip())
    root = (options["path"] or root_of_settings()).resolve()
    if not root.is_dir():
        raise Refused(f"{root} is no folder. Say where the project is: --path DIR.")
    with terminal.progress() as report:
        found = survey(Question(root, names, tuple(options["package"])), report)
    if options["app"]:
        _known(found, options["app"])
    _show(found, options, write)


def _show(found: Survey, options: Mapping[str, Any], write: Callable[[str], object]) -> None:
    if options["html"]:
        _write(options["html"], page.page(found))
    elif options["json"]:
        write(json.dumps(document.document(found, options["app"]), indent=2))
    elif options["mermaid"]:
        write(mermaid.mermaid(found, options["app"]))
    elif options["app"]:
        terminal.show_app(found, options["app"], options["limit"])
    else:
        terminal.show(found, options["limit"])


def _known(found: Survey, label: str) -> None:
    labels = [standing.app.label for standing in found.standings]
    if label not in labels:
        raise Refused(f"There is no app {label!r} to show. Known: {', '.join(sorted(labels)) or 'none'}.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"The page cannot be written: {error}.") from error
    terminal.say(f"Written to {path}.")
