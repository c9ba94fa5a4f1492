"""Events on their way: what stands still, why, and how it goes on."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from uuid import UUID

from strangler.conf import HOMES, MONOLITH_HOST, Home, get_conf
from strangler.errors import Refused
from strangler.events import letters as desk
from strangler.events import mending
from strangler.events.catalogue import inbox_of, outbox_of, subscribers_of
from strangler.events.figures import Figures, figures_of
from strangler.events.letters import Content, Letter, Place
from strangler.fence import Moved, owner_of
from strangler.hosting.scaffold import HOSTS
from strangler.operations.look import known
from strangler.state import ControlUnreachable, load_table

STATES = ("attention", "dead", "parked", "pending", "all")
BEHIND_MAX = 20
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants something mended, and why; *dry_run*: say what would be done, and do nothing."""

    actor: str
    reason: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """
    A capability whose rows another host owns.

    Attributes:
        command: how to ask there.
    """

    capability: str
    host: str
    command: str

    def __str__(self) -> str:
        home = "the monolith" if self.host == MONOLITH_HOST else "its service"
        return f"{self.capability}'s rows belong to {home}. There: {self.command}"


@dataclass(frozen=True, slots=True)
class Listing:
    """
    What is open in the outboxes and inboxes that this host owns.

    Attributes:
        waiting: for each dead letter, how many wait behind it.
        cursor: where the next page begins; empty on the last one.
    """

    letters: tuple[Letter, ...]
    waiting: Mapping[UUID, int]
    figures: Mapping[str, Figures]
    elsewhere: tuple[Elsewhere, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Story:
    """
    One event, at every place that this host owns.

    Attributes:
        behind: for each letter that is open, the first of those that wait for it, and how many there are.
        handled: for each letter in an inbox, how far its stream has come.
        unseen: the places of its way that another host owns.
    """

    content: Content
    letters: tuple[Letter, ...]
    behind: Mapping[UUID, tuple[tuple[Letter, ...], int]]
    handled: Mapping[UUID, int]
    unseen: tuple[Elsewhere, ...]


@dataclass(frozen=True, slots=True)
class Mending:
    """What was done to letters, or would be: one sentence, and the command that shows what becomes of them."""

    done: str
    watch: str
    count: int
    letters: tuple[Letter, ...]


def list_events(capability: str | None = None, state: str = STATES[0], *, limit: int = 20, cursor: str = "") -> Listing:
    """
    Return a page of open letters, oldest first.

    Args:
        state: one of `STATES`; `attention`: what is dead, and what is parked behind it.
        cursor: of the page before.

    Raises:
        Refused: there is no such capability here, or the cursor is none.
    """
    if limit < 1:
        raise Refused(f"A page has at least 1 event, not {limit}.")
    here, elsewhere = _split(capability, f"list{f' {capability}' if capability else ''}")
    after = _place(cursor) if cursor else None
    found = sorted(
        (one for name in here for one in desk.letters(name, state, after=after, limit=limit + 1)), key=desk.place_of
    )
    page = found[:limit]
    return Listing(
        letters=tuple(page),
        waiting={one.id: desk.count_behind(one) for one in page if one.state == "dead"},
        figures={name: figures_of(name) for name in here},
        elsewhere=elsewhere,
        cursor=_cursor(desk.place_of(page[-1])) if len(found) > limit else "",
    )


def show_event(event_id: str) -> Story:
    """
    Return everything that this host knows of an event.

    Raises:
        Refused: it knows nothing.
    """
    event_id = _checked(event_id)
    words = f"show {event_id}"
    here, elsewhere = _split(None, words)
    content = next(filter(None, (desk.content_of(name, event_id) for name in here)), None)
    if content is None:
        raise _unknown(event_id, elsewhere)
    found = tuple(one for name in here for one in desk.lying_at(name, event_id))
    subscribers = {one.subscriber for one in found} | set(subscribers_of(content.publisher, content.type))
    unseen = sorted(({content.publisher} | subscribers) - set(here))
    return Story(
        content=content,
        letters=found,
        behind={one.id: (tuple(desk.behind(one, BEHIND_MAX)), desk.count_behind(one)) for one in found if one.is_open},
        handled={one.id: desk.handled_up_to(one) for one in found if one.side == "inbox"},
        unseen=tuple(_elsewhere(name, words) for name in unseen),
    )


def replay_event(wish: Wish, event_id: str, *, subscriber: str | None = None) -> Mending:
    """
    Let an event that is dead, or fails, be tried again now, as if for the first time.

    Raises:
        Refused: it has had its effect, waits for another one, or is not this host's to mend.
    """
    event_id = _checked(event_id)
    chosen = _open_letters(event_id, "replay", subscriber)
    tried = tuple(one for one in chosen if one.state != "parked")
    if not tried:
        raise Refused([_waits(one) for one in chosen])
    where = _places(tried)
    watch = f"strangler events show {event_id}"
    if wish.dry_run:
        return Mending(f"Would be tried again now: {tried[0].type} {event_id} in {where}.", watch, len(tried), tried)
    with _owned(f"replay {event_id}"):
        count = sum(
            mending.replay(name, [event_id], _note("replayed", wish, tried), subscriber=subscriber)
            for name in sorted({one.capability for one in tried})
        )
    log.warning("%s replays %s %s in %s: %s", wish.actor, tried[0].type, event_id, where, wish.reason)
    return Mending(f"{tried[0].type} {event_id} is tried again now in {where}.", watch, count, tried)


def replay_dead(wish: Wish, capability: str) -> Mending:
    """
    Let everything that is dead in a capability's outbox and inbox be tried again now.

    Raises:
        Refused: its rows are not this host's.
    """
    (name,) = _needed(known(capability), f"replay --capability {capability} --all-dead")
    watch = f"strangler events list {name} --state all"
    figures = figures_of(name)
    count = figures.outbox_dead + figures.inbox_dead
    if wish.dry_run or not count:
        would = f"{count} dead letters of {name} would be tried again now."
        return Mending(would if count else f"Nothing of {name} is dead.", watch, count, ())
    with _owned(f"replay --capability {name} --all-dead"):
        count = mending.replay(name, None, _note("replayed", wish))
    log.warning("%s replays %s dead letters of %s: %s", wish.actor, count, name, wish.reason)
    return Mending(f"{count} dead letters of {name} are tried again now.", watch, count, ())


def skip_event(wish: Wish, event_id: str, *, subscriber: str | None = None) -> Mending:
    """
    Let a subscriber do without an event for good, so that what waits behind it goes on. There is no way back.

    Raises:
        Refused: no reason is given, it has had its effect, its turn has not come, it is still on its way to more than
            one place, or it is not this host's to mend.
    """
    if not wish.reason.strip():
        raise Refused("An event that is skipped has no effect, ever: say why with --reason.")
    event_id = _checked(event_id)
    letter = _skippable(event_id, subscriber)
    watch = f"strangler events show {event_id}"
    waiting = desk.count_behind(letter)
    goes_on = f"; {waiting} behind it go on" if waiting else ""
    what = f"{letter.type} {event_id} ({letter.aggregate}, sequence {letter.sequence})"
    if wish.dry_run:
        return Mending(f"{letter.subscriber} would do without {what}{goes_on}.", watch, 1, (letter,))
    with _owned(f"skip {event_id} --reason ..."):
        done = mending.skip(letter, _note("skipped", wish))
    if not done:
        raise Refused(f"{what} has changed meanwhile; nothing was skipped. Look again: {watch}")
    log.warning("%s skips %s for %s: %s", wish.actor, what, letter.subscriber, wish.reason)
    told = "is told to do" if letter.side == "outbox" else "does"
    return Mending(f"{letter.subscriber} {told} without {what}{goes_on}.", watch, 1, (letter,))


# -- whose rows -------------------------------------------------------------------------------------------------


def _split(capability: str | None, words: str) -> tuple[list[str], tuple[Elsewhere, ...]]:
    """Return the capabilities with events that this host owns, and those of its own that another one does."""
    if capability and capability not in get_conf().own_capabilities:
        known(capability)
        raise Refused(str(_elsewhere(capability, words)))
    names = [capability] if capability else get_conf().own_capabilities
    with_events = [name for name in names if outbox_of(name) or inbox_of(name)]
    here = [name for name in with_events if owner_of(name).owner == get_conf().home_of(name)]
    return here, tuple(_elsewhere(name, words) for name in with_events if name not in here)


def _needed(capability: str, words: str) -> list[str]:
    here, elsewhere = _split(capability, words)
    if not here:
        raise Refused(str(elsewhere[0]) if elsewhere else f"{capability} neither publishes nor hears of events.")
    return here


def _elsewhere(capability: str, words: str) -> Elsewhere:
    home = _home_of(capability)
    if home == "monolith":
        return Elsewhere(capability, MONOLITH_HOST, f"manage.py strangler events {words}")
    own_settings = find_spec(HOSTS) and find_spec(f"{HOSTS}.{capability}")
    named = f"--settings={HOSTS}.{capability}.settings " if own_settings else ""
    return Elsewhere(capability, capability, f"manage.py strangler {named}events {words}")


def _home_of(capability: str) -> Home:
    conf = get_conf()
    if capability in conf.own_capabilities:
        owner = owner_of(capability).owner
        return next(home for home in HOMES if home == owner)
    try:
        state = load_table().capabilities.get(capability)
    except ControlUnreachable:
        state = None
    return state.writer if state else "service"


@contextmanager
def _owned(words: str) -> Iterator[None]:
    """Say where to go when this home has lost the rows meanwhile."""
    try:
        yield
    except Moved as moved:
        raise Refused(str(_elsewhere(moved.capability, words))) from moved


# -- which letters ----------------------------------------------------------------------------------------------


def _open_letters(event_id: str, verb: str, subscriber: str | None) -> list[Letter]:
    """Return the letters of an event that have not had their effect, in the places that this host owns."""
    here, elsewhere = _split(None, f"{verb} {event_id}")
    found = [one for name in here for one in desk.lying_at(name, event_id)]
    chosen = [one for one in found if subscriber in (None, one.subscriber)]
    if not chosen:
        raise _unknown(event_id, elsewhere, subscriber)
    if open_ones := [one for one in chosen if one.is_open]:
        return open_ones
    reasons = [
        f"{one.subscriber} has {one.state} {one.type} {event_id} at {one.ended_at:%Y-%m-%d %H:%M:%S}Z: "
        "there is nothing to mend here."
        for one in chosen
    ]
    unseen = {name for one in chosen for name in (one.publisher, one.subscriber)} - set(here)
    raise Refused([*reasons, *(str(_elsewhere(name, f"{verb} {event_id}")) for name in sorted(unseen))])


def _skippable(event_id: str, subscriber: str | None) -> Letter:
    """Return the one letter that can be skipped: the first of its stream in an inbox, or a copy that was refused."""
    chosen = _open_letters(event_id, "skip", subscriber)
    ready = [one for one in chosen if (one.state == "dead" if one.side == "outbox" else one.state != "parked")]
    if not ready:
        raise Refused([_waits(one) for one in chosen])
    if len(ready) > 1:
        names = ", ".join(one.subscriber for one in ready)
        raise Refused(f"{event_id} stands still at {names}: say who is to do without it, with --subscriber.")
    return ready[0]


def _waits(letter: Letter) -> str:
    if letter.side == "outbox":
        again = f"; the next attempt is at {letter.next_attempt_at:%H:%M:%S}Z" if letter.next_attempt_at else ""
        return (
            f"{letter.subscriber} has not refused {letter.type} {letter.event_id} for good: it is on its way{again}. "
            "Only what is dead in an outbox can be skipped."
        )
    blocker = desk.blocker_of(letter)
    if blocker:
        return f"{letter.event_id} waits for {blocker.event_id}, which is {blocker.state}: mend that one."
    return (
        f"{letter.event_id} waits for sequence {letter.previous} of {letter.aggregate}, which has not come: see "
        f"what {letter.publisher} has of it. {_elsewhere(letter.publisher, f'list {letter.publisher}').command}"
    )


def _unknown(event_id: str, elsewhere: tuple[Elsewhere, ...], subscriber: str | None = None) -> Refused:
    whom = f" for {subscriber}" if subscriber else ""
    return Refused([f"No outbox or inbox that {get_conf().host} owns knows {event_id}{whom}.", *map(str, elsewhere)])


def _checked(event_id: str) -> str:
    try:
        return str(UUID(event_id))
    except ValueError:
        raise Refused(f"{event_id!r} is no id of an event; `strangler events list` shows them.") from None


def _places(letters: tuple[Letter, ...]) -> str:
    return " and ".join(
        f"{one.publisher}'s outbox for {one.subscriber}" if one.side == "outbox" else f"{one.subscriber}'s inbox"
        for one in letters
    )


def _note(done: str, wish: Wish, letters: tuple[Letter, ...] = ()) -> str:
    reason = f": {wish.reason}" if wish.reason else ""
    before = next((one.note for one in letters if one.note), "")
    return f"{done} by {wish.actor}{reason}" + (f" (before: {before})" if before else "")


def _cursor(place: Place) -> str:
    at, one = place
    return base64.urlsafe_b64encode(f"{at.isoformat()} {one.hex}".encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    try:
        at, _, one = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        return datetime.fromisoformat(at), UUID(one)
    except ValueError:
        raise Refused(f"{cursor!r} is no cursor: take it from the page before.") from None
