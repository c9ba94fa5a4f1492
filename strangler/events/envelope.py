"""What an event looks like on its way: a CloudEvents 1.0 document in its structured JSON mode."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from strangler.contract import Moment, WireError
from strangler.contract.codec import UNREADABLE
from strangler.contract.event import NAME_LENGTH_MAX
from strangler.events.records import ID_LENGTH_MAX, aggregate_of, stream_of

_SEQUENCE_DIGITS = 19
_SEQUENCE_MAX = 2**63 - 1
# As wide as the columns that keep them: what cannot be kept is refused as it comes.
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX)]
_Source = Annotated[str, msgspec.Meta(pattern=r"\A/\w+\Z", max_length=NAME_LENGTH_MAX + 1)]
_Digits = Annotated[str, msgspec.Meta(pattern=rf"\A[0-9]{{{_SEQUENCE_DIGITS}}}\Z")]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One event for one subscriber, with the attributes of CloudEvents 1.0 and of its extensions.

    Attributes:
        source: the publishing capability, as a URI reference.
        subject: the id of the aggregate; so is *partitionkey* (Partitioning extension).
        sequence: counts the events of the aggregate, in digits that sort as text (Sequence extension).
        previoussequence: of the event of this aggregate that the subscriber got before; ours.
        traceparent: of whoever published it (Distributed Tracing extension).
        correlationid: the id of the first event, or request, of the chain; *causationid* that of its direct cause.
        skippedfor: subscribers, by commas, that are to pass over it; ours. *skipped* says who decided so, and why.
    """

    specversion: Literal["1.0"]
    id: _Id
    source: _Source
    type: _Name
    subject: _Id
    time: Moment
    datacontenttype: str
    dataschema: str
    partitionkey: str
    aggregatetype: _Name
    sequence: _Digits
    previoussequence: _Digits
    data: msgspec.Raw
    traceparent: str = ""
    correlationid: str = ""
    causationid: str = ""
    skippedfor: str = ""
    skipped: str = ""

    @property
    def publisher(self) -> str:
        """The capability that published it."""
        return self.source.removeprefix("/")

    @property
    def aggregate(self) -> str:
        """What it is about."""
        return aggregate_of(self.aggregatetype, self.subject)

    @property
    def stream(self) -> str:
        """In which order it belongs."""
        return stream_of(self.publisher, self.aggregate)

    @property
    def number(self) -> int:
        """Its place in that order."""
        return int(self.sequence)

    @property
    def previous(self) -> int:
        """The place that must have been handled before."""
        return int(self.previoussequence)

    def is_skipped_for(self, subscriber: str) -> bool:
        """Whether a person has decided that *subscriber* does without it."""
        return subscriber in self.skippedfor.split(",")


_decoder = msgspec.json.Decoder(Envelope)
_encoder = msgspec.json.Encoder()
_headers = msgspec.json.Decoder(dict[str, str])


def seal(publisher: str, event: Any, copy: Any) -> str:
    """Return the envelope of an `OutboxEvent` for the subscriber of an `OutboxCopy`."""
    return _encoder.encode(
        Envelope(
            specversion="1.0",
            id=str(event.id),
            source=f"/{publisher}",
            type=event.type,
            subject=event.aggregate_id,
            time=event.created_at,
            datacontenttype="application/json",
            dataschema=f"urn:strangler:{publisher}:{event.type}",
            partitionkey=event.aggregate_id,
            aggregatetype=event.aggregate_type,
            sequence=_digits(event.sequence),
            previoussequence=_digits(copy.previous),
            data=msgspec.Raw(event.payload.encode()),
            **_headers.decode(event.headers),
        )
    ).decode()


def unseal(raw: str) -> Envelope:
    """
    Return what an envelope says.

    Raises:
        WireError: it is none, or not one of ours.
    """
    try:
        envelope = _decoder.decode(raw)
    except UNREADABLE as error:
        raise WireError(f"this is no event of ours: {error}") from error
    if not envelope.previous < envelope.number <= _SEQUENCE_MAX:
        raise WireError(f"this is no event of ours: {envelope.number} cannot come after {envelope.previous}")
    return envelope


def _digits(sequence: int) -> str:
    return str(sequence).zfill(_SEQUENCE_DIGITS)
