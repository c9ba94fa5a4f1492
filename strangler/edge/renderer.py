"""What every renderer of the route table has in common."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from strangler.conf import Conf
from strangler.routing import Table


class Document(NamedTuple):
    """A file as an edge reads it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Renderer:
    """
    How the table is written for one kind of edge.

    Attributes:
        title: what it writes, for a person.
        arguments: adds the options that only this kind has.
        render: returns the files; pure, of the table, the host's settings and the options given.
    """

    title: str
    arguments: Callable[[ArgumentParser], None]
    render: Callable[[Table, Conf, Mapping[str, Any]], list[Document]]


def write(documents: Iterable[Document], folder: Path) -> None:
    """Write files so that whoever watches *folder* never reads half of one: each is replaced in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    for document in documents:
        fresh = folder / f".{document.name}.fresh"
        fresh.write_text(document.text)
        fresh.replace(folder / document.name)
