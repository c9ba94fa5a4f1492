"""`strangler events`: what stands still between capabilities, and how it goes on; and what it shows to a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.utils import timezone
from rich.console import Console
from rich.table import Table
from rich.text import Text

from strangler import operations
from strangler.errors import Refused
from strangler.events.figures import Figures
from strangler.events.letters import Letter
from strangler.management.person import person
from strangler.operations import Listing, Mending, Story
from strangler.operations.events import STATES

Show = Callable[[Any, Callable[[], None]], None]
_WIDE = 200
_STYLES = {"dead": "red", "parked": "yellow", "pending": "cyan", "due": "cyan", "skipped": "magenta"}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


# -- parsing and asking -----------------------------------------------------------------------------------------


def arguments(parser: CommandParser) -> None:
    """Add the four errands."""
    errands = parser.add_subparsers(dest="errand", required=True, metavar="ERRAND", title="errands")
    listed = _errand(errands, "list", "what is open in the outboxes and inboxes that this host owns, oldest first")
    listed.add_argument("capability", nargs="?", help="only its outbox and inbox")
    listed.add_argument(
        "--state",
        choices=STATES,
        default=STATES[0],
        help="attention (default): what is dead, and what is parked behind it; pending: somebody will try again",
    )
    listed.add_argument("--limit", type=int, default=20, help="at most so many (default: 20)")
    listed.add_argument("--cursor", default="", help="where the page before has ended")
    shown = _errand(errands, "show", "one event: what it says, where its copies are, what waits behind it")
    shown.add_argument("event", help="its id")
    replayed = _errand(errands, "replay", "let what is dead, or fails, be tried again now")
    replayed.add_argument("event", nargs="?", help="its id")
    replayed.add_argument("--capability", help="with --all-dead: whose outbox and inbox")
    replayed.add_argument("--all-dead", action="store_true", help="everything that is dead there")
    _mending(replayed, reason_required=False)
    skipped = _errand(errands, "skip", "let a subscriber do without an event, for good; what waits behind it goes on")
    skipped.add_argument("event", help="its id")
    _mending(skipped, reason_required=True)


def _errand(errands: Any, name: str, text: str) -> CommandParser:
    parser: CommandParser = errands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _mending(parser: CommandParser, *, reason_required: bool) -> None:
    parser.add_argument("--subscriber", help="only for this one, when several have it")
    parser.add_argument("--reason", default="", required=reason_required, help="why; it is kept with the event")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: dict[str, Any], show: Show, confirm: Callable[[str], None]) -> None:
    """
    Do one errand.

    Args:
        show: prints a document as JSON, or calls what shows it to a person.
        confirm: asks a person, who may give up.
    """
    match options["errand"]:
        case "list":
            wishes = {name: options[name] for name in ("limit", "cursor")}
            listing = operations.list_events(options["capability"], options["state"], **wishes)
            show(listing_document(listing), lambda: show_listing(listing, options["state"]))
        case "show":
            story = operations.show_event(options["event"])
            show(story_document(story), lambda: show_story(story))
        case errand:
            _mend(options, _mender(errand, options), show, confirm)


def _mender(errand: str, options: dict[str, Any]) -> Callable[[operations.Wish], Mending]:
    event, capability, subscriber = options["event"], options.get("capability"), options["subscriber"]
    if errand == "skip":
        return lambda wish: operations.skip_event(wish, event, subscriber=subscriber)
    if event and not capability and not options["all_dead"]:
        return lambda wish: operations.replay_event(wish, event, subscriber=subscriber)
    if event or not capability or not options["all_dead"] or subscriber:
        raise Refused("Name one event, or everything that is dead: --capability NAME --all-dead.")
    return lambda wish: operations.replay_dead(wish, capability)


def _mend(
    options: dict[str, Any],
    mender: Callable[[operations.Wish], Mending],
    show: Show,
    confirm: Callable[[str], None],
) -> None:
    """Say first what it would be, and then ask."""
    wish = {"actor": person(), "reason": options["reason"]}
    planned = mender(operations.Wish(**wish, dry_run=True))
    done = planned
    if planned.count and not options["dry_run"]:
        if not options["json"] and not options["yes"]:
            show_letters(planned.letters)
        confirm(f"{options['errand']} {options['event'] or f'{planned.count} dead letters'}")
        done = mender(operations.Wish(**wish))
    show(mending_document(done), lambda: show_mending(done, dry_run=done is planned))


# -- documents --------------------------------------------------------------------------------------------------


def listing_document(listing: Listing) -> dict[str, Any]:
    """Return a page as plain values."""
    rows = [letter_document(one) | {"behind": listing.waiting.get(one.id, 0)} for one in listing.letters]
    return {
        "events": rows,
        "figures": {name: figures._asdict() for name, figures in listing.figures.items()},
        "elsewhere": [asdict(one) for one in listing.elsewhere],
        "cursor": listing.cursor or None,
    }


def letter_document(letter: Letter) -> dict[str, Any]:
    """Return a letter as plain values."""
    times = ("since", "next_attempt_at", "dead_at", "ended_at")
    return {**asdict(letter), "id": str(letter.id), **{name: _iso(getattr(letter, name)) for name in times}}


def story_document(story: Story) -> dict[str, Any]:
    """Return an event and its letters as plain values."""
    content = story.content._asdict() | {"happened_at": _iso(story.content.happened_at)}
    rows = []
    for one in story.letters:
        chain, count = story.behind.get(one.id, ((), 0))
        row = letter_document(one) | {"behind": count, "next_behind": [letter_document(later) for later in chain]}
        rows.append(row | ({"handled_up_to": story.handled[one.id]} if one.id in story.handled else {}))
    return {"event": content, "places": rows, "elsewhere": [asdict(one) for one in story.unseen]}


def mending_document(mending: Mending) -> dict[str, Any]:
    """Return what was done as plain values."""
    return {"done": mending.done, "count": mending.count, "watch": mending.watch}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


# -- screens ----------------------------------------------------------------------------------------------------


def _console() -> Console:
    """As wide as the terminal; ids must not be broken where somebody reads a file or a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDE)


def show_listing(listing: Listing, state: str) -> None:
    """Print a page, or that there is nothing to do, with the figures."""
    console = _console()
    if listing.letters:
        console.print(_letters_table(listing.letters, listing.waiting))
        console.print()
    elif listing.figures:
        console.print(_nothing(state, everywhere=not listing.elsewhere))
    if listing.figures:
        console.print(_figures_table(listing))
    for place in listing.elsewhere:
        console.print(Text(str(place), style="dim"), soft_wrap=True)
    if not listing.figures and not listing.elsewhere:
        console.print("No app of this host publishes events or hears of any.")
    if listing.cursor:
        console.print(Text(f"There are more: --cursor {listing.cursor}", style="dim"), soft_wrap=True)
    if any(one.state == "dead" for one in listing.letters):
        console.print(Text("Next: strangler events show ID, then replay ID or skip ID --reason WHY", style="dim"))


def _nothing(state: str, *, everywhere: bool) -> Text:
    if state == "attention":
        well = "All is well: no event stands still." if everywhere else "No event stands still here."
        return Text("✓ ", style="green") + Text(well, style="default")
    return Text("No event is open." if state == "all" else f"No event is {state}.")


def show_letters(letters: Sequence[Letter]) -> None:
    """Print what is about to be mended."""
    if letters:
        _console().print(_letters_table(letters, {}))


def _letters_table(letters: Sequence[Letter], waiting: Mapping[UUID, int]) -> Table:
    """Fits 80 columns: everything long stands in one cell."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("state", "event", "tries", "behind", "since"):
        table.add_column(
            column, justify="right" if column in {"tries", "behind"} else "left", no_wrap=column != "event"
        )
    table.columns[1].min_width = 36  # an id must not be broken
    for one in letters:
        event = Text.assemble((one.type, "bold"), "\n", one.event_id, "\n", f"{one.aggregate} #{one.sequence}")
        event.append(f"  {one.publisher} → {one.subscriber}, {one.side}", style="dim")
        if one.note:
            event.append(f"\n{_short(one.note)}", style=_STYLES.get(one.state, "dim"))
        behind = str(waiting.get(one.id) or "-")
        table.add_row(_state(one), event, str(one.attempts), behind, _ago(one.since))
    return table


def _figures_table(listing: Listing) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("capability")
    for name in Figures._fields:
        table.add_column(name.replace("_seconds", " (s)").replace("_", " ", 1), justify="right")
    for capability, figures in listing.figures.items():
        table.add_row(Text(capability, style="bold"), *map(_figure, Figures._fields, figures))
    return table


def _figure(name: str, value: float) -> Text:
    text = f"{value:.1f}" if name.endswith("_seconds") else f"{value:,}"
    return Text(text, style="red" if value and name.endswith("_dead") else "default")


def show_story(story: Story) -> None:
    """Print an event: what it says, where it is, and what waits behind it."""
    console, content = _console(), story.content
    console.print(Text.assemble((content.type, "bold"), f"  {content.event_id}"))
    facts = Table.grid(padding=(0, 2, 0, 0))
    for name, value in _facts(story):
        facts.add_row(Text(name, style="dim"), Text(value))
    console.print(facts)
    console.print(Text("\nPayload", style="bold"))
    console.print(Text(json.dumps(content.payload, indent=2, ensure_ascii=False)), soft_wrap=True)
    for side, title in (("outbox", "Copies"), ("inbox", "Inbox")):
        letters = [one for one in story.letters if one.side == side]
        if letters:
            console.print(Text(f"\n{title}", style="bold"))
            console.print(_places_table(story, letters))
    for one in story.letters:
        _show_chain(console, story, one)
    if story.unseen:
        console.print(Text("\nNot seen from here", style="bold"))
    for place in story.unseen:
        console.print(Text(str(place)), soft_wrap=True)


def _facts(story: Story) -> Iterator[tuple[str, str]]:
    content = story.content
    yield "published by", content.publisher
    yield "about", f"{content.aggregate}, sequence {content.sequence}"
    yield "happened", f"{_at(content.happened_at)}, {_ago(content.happened_at)}"
    yield from ((name, content.origin[name]) for name in sorted(content.origin))


def _places_table(story: Story, letters: Sequence[Letter]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("subscriber", "state", "tries", "next attempt", "came", "ended", "note"):
        table.add_column(column, justify="right" if column == "tries" else "left", overflow="fold")
    for one in letters:
        table.add_row(
            Text(one.subscriber, style="bold"),
            _state(one),
            str(one.attempts),
            _ahead(one),
            _ago(one.since),
            _ago(one.ended_at) if one.ended_at else "-",
            Text(_place_note(story, one), style=_STYLES.get(one.state, "")),
        )
    return table


def _place_note(story: Story, letter: Letter) -> str:
    if letter.state != "parked":
        return letter.note
    return f"waits for sequence {letter.previous}; handled up to {story.handled[letter.id]}"


def _show_chain(console: Console, story: Story, letter: Letter) -> None:
    chain, count = story.behind.get(letter.id, ((), 0))
    if not count:
        return
    console.print(Text(f"\nBehind it at {letter.subscriber}, as {_place(letter)} knows: {count}", style="bold"))
    table = Table.grid(padding=(0, 2, 0, 0))
    for one in chain:
        table.add_row(f"  #{one.sequence}", _state(one), one.type, one.event_id)
    console.print(table)
    if count > len(chain):
        console.print(Text(f"  and {count - len(chain)} more", style="dim"))


def show_mending(mending: Mending, *, dry_run: bool) -> None:
    """Print what was done, and how to watch it."""
    console = _console()
    mark = Text("○ ", style="yellow") if dry_run else Text("✓ ", style="green")
    console.print(mark + Text(mending.done, style="default"), soft_wrap=True)
    if not dry_run:
        console.print(Text(f"Watch it: {mending.watch}", style="dim"), soft_wrap=True)


def _state(letter: Letter) -> Text:
    return Text(letter.state, style=_STYLES.get(letter.state, "green"))


def _place(letter: Letter) -> str:
    return f"{letter.capability}'s {letter.side}"


def _short(note: str) -> str:
    line = note.strip().split("\n")[0]
    return line if len(line) <= 160 else f"{line[:159]}…"


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def _ago(at: datetime) -> str:
    return f"{_span((timezone.now() - at).total_seconds())} ago"


def _ahead(letter: Letter) -> str:
    if letter.next_attempt_at is None:
        return "-"
    seconds = (letter.next_attempt_at - timezone.now()).total_seconds()
    return f"in {_span(seconds)}" if seconds > 0 else "now"


def _span(seconds: float) -> str:
    size, unit = next((pair for pair in _UNITS if seconds >= pair[0]), (1, "s"))
    return f"{max(0, int(seconds // size))} {unit}"
