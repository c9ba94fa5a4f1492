"""Releases of the sample app, each a migration that a test writes itself."""

from __future__ import annotations

import itertools
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.sample import migrations as originals

_HEAD = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations import *
from django.db.models.functions import Now


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("sample", {before!r}), *{others!r}]
    operations = [{operations}]
"""
_numbers = itertools.count()


@dataclass
class Releases:
    """A package of migrations that begins with the app's own."""

    folder: Path
    names: list[str] = field(default_factory=lambda: ["0001_initial"])

    def __post_init__(self) -> None:
        self.package = f"sample_releases_{next(_numbers)}"
        target = self.folder / self.package
        target.mkdir()
        for original in Path(originals.__path__[0]).glob("*.py"):
            shutil.copy(original, target)
        sys.path.insert(0, str(self.folder))

    def add(self, operations: str, *, atomic: bool = True, others: tuple[tuple[str, str], ...] = ()) -> str:
        """Write the next migration and return its name."""
        name = f"{len(self.names) + 1:04}_release"
        text = _HEAD.format(operations=operations, before=self.names[-1], atomic=atomic, others=others)
        (self.folder / self.package / f"{name}.py").write_text(text)
        self.names.append(name)
        return name

    def close(self) -> None:
        """Forget the package."""
        sys.path.remove(str(self.folder))
        for name in [name for name in sys.modules if name.split(".")[0] == self.package]:
            del sys.modules[name]
