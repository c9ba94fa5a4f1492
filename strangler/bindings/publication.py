"""The contracts that this host's own apps publish, each beside its `schema.json` and its `samples.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import AppConfig, apps

from strangler.bindings.local import faults_of
from strangler.conf import get_conf
from strangler.contract import (
    Events,
    EventType,
    Port,
    Samples,
    incompatibilities,
    read_samples,
    sample_faults,
    snapshot,
)
from strangler.contract.package import declared, package_of
from strangler.errors import SetupError

FILE = "schema.json"
SAMPLES_FILE = "samples.json"


@dataclass(frozen=True, slots=True)
class Publication:
    """
    A contract as the code says it, beside what was released.

    Attributes:
        file: its committed `schema.json`.
        breaks: how the code breaks users of the released contract.
        unproven: what the samples of its events lack, or say that the code does not understand.
    """

    capability: str
    file: Path
    current: dict[str, Any]
    released: dict[str, Any] | None
    breaks: tuple[str, ...]
    unproven: tuple[str, ...]

    @property
    def samples_file(self) -> Path:
        """The committed payloads of its events."""
        return self.file.with_name(SAMPLES_FILE)

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
    ports = declared(_package(capability), Port)
    return next((port for port in ports if port.name == capability), None)


def publications() -> Iterator[Publication]:
    """
    Yield every contract of this host's own apps: operations, events, or both.

    Raises:
        SetupError: one cannot cross a border, or its `schema.json` or `samples.json` cannot be read.
    """
    for capability in get_conf().own_capabilities:
        package = _package(capability)
        if package is None or package.__file__ is None:
            continue
        folder, port = Path(package.__file__).parent, port_of(capability)
        events = next((found for found in declared(package, Events) if found.capability == capability), None)
        if port or events or (folder / FILE).exists():
            operations, types = port.contract.operations if port else {}, events.types if events else {}
            yield _publication(snapshot(capability, operations, types), types, folder)


def _publication(current: dict[str, Any], types: Mapping[str, EventType], folder: Path) -> Publication:
    released = _released(folder / FILE)
    return Publication(
        capability=current["capability"],
        file=folder / FILE,
        current=current,
        released=released,
        breaks=() if released is None else tuple(incompatibilities(released, current)),
        unproven=tuple(sample_faults(types, _samples(folder / SAMPLES_FILE))),
    )


def faults() -> Iterator[str]:
    """Yield what keeps a contract of this host from being served."""
    for capability in get_conf().own_capabilities:
        try:
            port = port_of(capability)
            if port is not None:
                yield from faults_of(_app(capability), port.contract)
        except SetupError as error:
            yield from error.faults


def _package(capability: str) -> ModuleType | None:
    return package_of(_app(capability).name, get_conf().capabilities[capability].contract)


def _app(capability: str) -> AppConfig:
    return apps.get_app_config(get_conf().capabilities[capability].app)


def _released(file: Path) -> dict[str, Any] | None:
    if not file.exists():
        return None
    try:
        document: dict[str, Any] = json.loads(file.read_text())
    except ValueError as error:
        raise _unreadable(file, error) from error
    return document


def _samples(file: Path) -> Samples:
    if not file.exists():
        return {}
    try:
        return read_samples(file.read_bytes())
    except ValueError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: ValueError) -> SetupError:
    return SetupError([f"{file} cannot be read ({error}): restore it from the last release."])
