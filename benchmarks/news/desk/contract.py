"""What the desk publishes: the same payload for none, one and three subscribers."""

from dataclasses import dataclass
from uuid import UUID

from strangler.contract import Events, Moment

events = Events("desk")


@events.declare("bench.story.noted.v1", aggregate="story", key="story")
@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Nobody listens."""

    story: str
    row_id: UUID
    number: int
    noted_at: Moment


@events.declare("bench.story.told.v1", aggregate="story", key="story")
@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The reader listens."""

    story: str
    row_id: UUID
    number: int
    noted_at: Moment


@events.declare("bench.story.spread.v1", aggregate="story", key="story")
@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The reader and two others listen."""

    story: str
    row_id: UUID
    number: int
    noted_at: Moment
