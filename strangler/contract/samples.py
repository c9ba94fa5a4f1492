"""
Samples of events, kept for ever: what was written once must be readable by whoever reads it later.

`samples.json` beside `schema.json` maps each type of event to payloads as they were published, the oldest first.
A new field adds a sample with it; the old ones stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

from strangler.contract.codec import WireError
from strangler.contract.event import EventType

Samples = Mapping[str, Sequence[msgspec.Raw]]

_decoder = msgspec.json.Decoder(dict[str, list[msgspec.Raw]])


def read_samples(raw: bytes) -> Samples:
    """
    Return the payloads by the name of their type, as they were written.

    Raises:
        ValueError: it is no JSON, or does not map names to lists.
    """
    return _decoder.decode(raw)


def sample_faults(types: Mapping[str, EventType], samples: Samples) -> Iterator[str]:
    """Yield what is wrong with the samples of a contract's events, each with what to do."""
    for name in sorted(samples.keys() - types.keys()):
        yield f"{name} has samples and is no event of this contract: correct its name, or declare it again."
    for name, kind in sorted(types.items()):
        yield from _faults(kind, samples.get(name, ()))


def _faults(kind: EventType, samples: Sequence[msgspec.Raw]) -> Iterator[str]:
    if not samples:
        yield f"{kind.name} has no sample: add a payload with all of its fields."
    for place, sample in enumerate(samples, 1):
        try:
            read = kind.decode(bytes(sample))
        except WireError as error:
            yield (
                f"{error} (sample {place} of {len(samples)}): copies like it may still be under way, so read it, or "
                "give the changed event a new version."
            )
            continue
        if place == len(samples) and (missing := dict.fromkeys(_missing(msgspec.json.decode(sample), read, ""))):
            yield (
                f"{kind.name}: the newest sample lacks {', '.join(missing)}: append one with all fields, and keep the "
                "old ones."
            )


def _missing(sample: Any, read: Any, where: str) -> Iterator[str]:
    """Yield the fields, at any depth, that *read* has and *sample*, which it was read from, has not."""
    if is_dataclass(read):
        for name in (field.name for field in fields(read)):
            if name in sample:
                yield from _missing(sample[name], getattr(read, name), f"{where}{name}.")
            else:
                yield f"{where}{name}"
    elif isinstance(read, tuple):
        for part, value in zip(sample, read, strict=True):
            yield from _missing(part, value, where)
    elif isinstance(read, Mapping):
        for name, value in read.items():
            yield from _missing(sample[name], value, where)
