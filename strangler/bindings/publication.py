"""The contracts that this host's own apps publish, each beside its `schema.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps

from strangler.bindings.local import faults_of
from strangler.conf import get_conf
from strangler.contract import Port, incompatibilities, snapshot
from strangler.errors import SetupError

FILE = "schema.json"


@dataclass(frozen=True, slots=True)
class Publication:
    """
    A contract as the code says it, beside what was released.

    Attributes:
        file: its committed `schema.json`.
        breaks: how the code breaks users of the released contract.
    """

    capability: str
    file: Path
    current: dict[str, Any]
    released: dict[str, Any] | None
    breaks: tuple[str, ...]

    @property
    def state(self) -> str:
        """One of `kept`, `new`, `grown`, `broken`."""
        if self.released is None:
            return "new"
        if self.breaks:
            return "broken"
        return "kept" if self.current == self.released else "grown"

    def write(self) -> None:
        """Let `schema.json` say what the code says."""
        self.file.write_text(json.dumps(self.current, indent=2, ensure_ascii=False) + "\n")


@lru_cache(maxsize=64)
def port_of(capability: str) -> Port[Any] | None:
    """Return the port that the capability's own app publishes in its package `contract`; None when it has none."""
    name = f"{_app(capability).name}.contract"
    module = import_module(name) if find_spec(name) else None
    return next((p for p in vars(module or object).values() if isinstance(p, Port) and p.name == capability), None)


def publications() -> Iterator[Publication]:
    """
    Yield every contract of this host's own apps.

    Raises:
        SetupError: one cannot cross a border, or its `schema.json` cannot be read.
    """
    for capability in get_conf().own_capabilities:
        if (port := port_of(capability)) is not None:
            folder = Path(import_module(f"{_app(capability).name}.contract").__file__ or "").parent
            current, released = snapshot(port.contract), _released(folder / FILE)
            breaks = () if released is None else tuple(incompatibilities(released, current))
            yield Publication(capability, folder / FILE, current, released, breaks)


def faults() -> Iterator[str]:
    """Yield what keeps a contract of this host from being served."""
    for capability in get_conf().own_capabilities:
        try:
            port = port_of(capability)
            if port is not None:
                yield from faults_of(_app(capability), port.contract)
        except SetupError as error:
            yield from error.faults


def _app(capability: str) -> AppConfig:
    return apps.get_app_config(get_conf().capabilities[capability].app)


def _released(file: Path) -> dict[str, Any] | None:
    if not file.exists():
        return None
    try:
        document: dict[str, Any] = json.loads(file.read_text())
    except ValueError as error:
        raise SetupError([f"{file} cannot be read ({error}): restore it from the last release."]) from error
    return document
