"""Commands that work through many rows, in batches that each assert ownership."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from strangler.errors import SetupError
from strangler.fence import Moved


@dataclass(frozen=True, slots=True)
class Progress:
    """How many items have been looked at so far, and how many of them this run has changed."""

    done: int
    made: int


class BatchCommand(BaseCommand):
    """
    A command that shows how far it is, and explains why it cannot go on.

    Attributes:
        doing: the word before the bar.
    """

    doing: str

    def follow(self, batches: Iterator[Progress], total: int) -> int:
        """
        Work through *batches* of *total* items, and return how many were changed.

        Raises:
            CommandError: another home owns the rows, or a database refuses; the batches before are kept.
        """
        made = 0
        try:
            for progress in self._shown(batches, total):
                made = progress.made
        except Moved as moved:
            raise CommandError(self._whose(moved)) from moved
        except SetupError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database refused: {error}Has `manage.py migrate` been run here?") from error
        return made

    def _shown(self, batches: Iterator[Progress], total: int) -> Iterator[Progress]:
        console = Console()
        columns = (
            TextColumn(self.doing),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
        )
        with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=total)
            for progress in batches:
                bar.update(task, completed=progress.done)
                yield progress

    def _whose(self, moved: Moved) -> str:
        name = type(self).__module__.rpartition(".")[2]
        return (
            f"{moved}. Run it there (`manage.py {name} --settings=<the settings of that host>`), "
            f"or move it here first (`manage.py strangler toggle {moved.capability}`)."
        )
