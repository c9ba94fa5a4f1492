"""Who ran a statement: the frames of the application, without those of Django and the toolkit."""

from __future__ import annotations

import linecache
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import django

from strangler.boundaries.places import shown

_TOOLKIT = Path(__file__).resolve().parents[1]
_OTHERS = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(_TOOLKIT), str(Path(django.__file__).parent), "<frozen"}
)


class Frame(NamedTuple):
    """One call of the application."""

    path: str
    line: int
    function: str

    def __str__(self) -> str:
        source = linecache.getline(self.path, self.line).strip()
        return f"{shown(self.path)}:{self.line} in {self.function}" + (f"\n    {source}" if source else "")


def application_frames() -> tuple[Frame, ...]:
    """Return the application's frames of the current call, the innermost first."""
    return tuple(_frames())


def _frames() -> Iterator[Frame]:
    frame = sys._getframe(2)
    while frame:
        code = frame.f_code
        if _is_application(code.co_filename):
            yield Frame(code.co_filename, frame.f_lineno, code.co_name)
        if not frame.f_back:
            return
        frame = frame.f_back


@lru_cache(maxsize=4096)
def _is_application(path: str) -> bool:
    return not path.startswith(_OTHERS)
