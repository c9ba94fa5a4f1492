"""What was published once must be readable for ever: samples of it are kept, and a change that breaks them shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from strangler.contract import Events, Moment, read_samples, sample_faults

NAME = "test.parcel.sent.v1"
FIRST = {"parcel_id": "p-1", "stops": [{"town": "Linz"}], "weight_g": 5}
SECOND = FIRST | {
    "sent_at": "2026-05-01T12:00:00Z",
    "stops": [{"town": "Linz", "days": 2}, {"town": "Graz", "days": 1}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    town: str
    days: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelSent:
    parcel_id: str
    stops: tuple[Stop, ...]
    weight_g: int
    sent_at: Moment | None = None


def found(payload: type, *samples: object, **others: list[object]) -> list[str]:
    """What is said of the samples of an event with this payload, and of others."""
    events = Events("post")
    events.declare(NAME, aggregate="parcel", key="parcel_id")(payload)
    document: dict[str, Any] = ({NAME: samples} if samples else {}) | others
    return list(sample_faults(events.types, read_samples(json.dumps(document).encode())))


def test_samples_of_every_age_are_fine() -> None:
    assert found(ParcelSent, FIRST, SECOND) == []


def test_event_without_a_sample_is_named() -> None:
    said = [f"{NAME} has no sample: add a payload with all of its fields."]
    assert found(ParcelSent) == said
    assert found(ParcelSent, **{NAME: []}) == said


def test_samples_of_no_event_are_named() -> None:
    """A mistyped name would keep samples that nobody looks at."""
    assert found(ParcelSent, SECOND, **{"test.parcel.snet.v1": [SECOND]}) == [
        "test.parcel.snet.v1 has samples and is no event of this contract: correct its name, or declare it again."
    ]


def test_newest_sample_has_every_field_at_every_depth() -> None:
    lacking = FIRST | {"stops": [{"town": "Linz"}, {"town": "Graz"}]}
    assert found(ParcelSent, SECOND, lacking) == [
        f"{NAME}: the newest sample lacks stops.days, sent_at: append one with all fields, and keep the old ones."
    ]


def test_field_that_was_required_before_may_go() -> None:
    """That older subscribers need it is what `incompatibilities` tells; the samples are read all the same."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Less:
        parcel_id: str

    assert found(Less, FIRST, SECOND) == []


def test_new_required_field_is_caught_by_the_old_sample() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class More:
        parcel_id: str
        insured: bool

    (said,) = found(More, FIRST, SECOND | {"insured": True})
    assert said.startswith(f"{NAME}: Object missing required field `insured`")
    assert "(sample 1 of 2)" in said
    assert "give the changed event a new version" in said


@pytest.mark.parametrize("kind", ["str", "tuple[int, ...]", "None"])
def test_changed_type_is_caught(kind: str) -> None:
    changed = dataclass(frozen=True, slots=True, kw_only=True)(
        type("Changed", (), {"__annotations__": {"parcel_id": "str", "weight_g": kind}, "__module__": __name__})
    )
    assert len(found(changed, FIRST, SECOND)) == 2


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"a": {}}', b'{"a": 1}', b"{", b"\xff"])
def test_file_that_holds_no_samples_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever the decoder says
        read_samples(raw)
