"""
What events promise, whoever carries them and wherever both ends live: one body, with a broker and without.

Real hosts, and real workers where there is a broker. What happened is read in the databases by SQL.
"""

from __future__ import annotations

import json
import urllib.request
import uuid

import pytest

from tests.events.pair import Pair
from tests.support.processes import eventually

pytestmark = pytest.mark.platform
HOMES = ("monolith", "service")
PLACES = [(press, reader) for press in HOMES for reader in HOMES]


def place(pair: Pair, press: str, reader: str) -> None:
    """Let both live where a test wants them."""
    for capability, home in (("press", press), ("reader", reader)):
        if pair.owner(capability) != home:
            pair.mover.toggle(capability, home)


def new() -> str:
    return uuid.uuid4().hex


@pytest.mark.parametrize(("press", "reader"), PLACES, ids=[f"{press}-{reader}" for press, reader in PLACES])
def test_every_event_has_its_effect_once_and_in_order(pair, press, reader):
    place(pair, press, reader)
    names = [new(), new(), new()]
    for n in range(1, 11):
        for name in names:
            pair.write(name, n)
    pair.wait_until_settled()
    for name in names:
        assert pair.effects(name) == list(range(1, 11))
    where = {home for (home,) in pair.ask("reader", "SELECT home FROM reader_effect WHERE aggregate = ?", names[0])}
    assert where == {"monolith" if reader == "monolith" else "reader"}, "the owner handles it, and nobody else"


def test_order_goes_on_through_moves_of_both(pair):
    name = new()
    for n, (press, reader) in enumerate([*PLACES, PLACES[0]], start=1):
        place(pair, press, reader)
        pair.write(name, n)
    pair.wait_until_settled()
    assert pair.effects(name) == [1, 2, 3, 4, 5]


def test_failing_handler_stops_its_own_aggregate_and_goes_on_when_it_is_mended(pair):
    sick, well = new(), new()
    poison = uuid.uuid4()
    identity = str(poison) if pair.broker else poison.hex
    pair.change("reader", "INSERT INTO reader_poison (id, aggregate, n) VALUES (?, ?, 2)", identity, sick)
    for n in (1, 2, 3):
        pair.write(sick, n)
        pair.write(well, n)
    eventually(lambda: pair.effects(well) == [1, 2, 3], what="the other aggregate goes on", every_s=0.1)
    eventually(lambda: _attempts(pair, sick) > 1, what="it is tried again", every_s=0.1)
    assert pair.effects(sick) == [1]
    pair.change("reader", "DELETE FROM reader_poison WHERE aggregate = ?", sick)
    pair.wait_until_settled()
    assert pair.effects(sick) == [1, 2, 3]


def test_trace_and_cause_are_carried_to_the_handler(pair):
    """Across processes, to the line that the subscriber logs when its handler fails."""
    place(pair, "service", "monolith")
    name, trace = new(), uuid.uuid4().hex
    identity = str(uuid.uuid4()) if pair.broker else new()
    pair.change("reader", "INSERT INTO reader_poison (id, aggregate, n) VALUES (?, ?, 1)", identity, name)
    pair.press.request(
        "monolith", "/api/press/notes", body={"aggregate": name, "n": 1},
        Idempotency_Key=name, traceparent=f"00-{trace}-{'1' * 16}-01", X_Request_ID=f"r-{name}",
    )  # fmt: skip
    eventually(lambda: _attempts(pair, name), what="the handler fails", every_s=0.1)
    ((raw,),) = pair.ask("reader", "SELECT envelope FROM reader_inbox WHERE stream = ?", f"press:note:{name}")
    envelope = json.loads(raw)
    assert envelope["traceparent"].split("-")[1] == trace
    assert (envelope["correlationid"], envelope["causationid"]) == (f"r-{name}", f"r-{name}")
    lines = [line for process in _processes(pair) for line in process.log.read_text().splitlines() if "failed" in line]
    assert any(_is_of(line, envelope["id"], trace) for line in lines), lines
    pair.change("reader", "DELETE FROM reader_poison WHERE aggregate = ?", name)
    pair.wait_until_settled()


def test_figures_of_the_owner_say_how_it_is(pair):
    place(pair, "monolith", "monolith")
    pair.write(new(), 1)
    pair.wait_until_settled()
    figures = _figures(pair.platform.public["monolith"])
    assert figures['outbox_pending{capability="press"}'] == 0
    assert figures['outbox_dead{capability="press"}'] == 0
    assert figures['inbox_parked{capability="reader"}'] == 0
    assert not any("press" in name or "reader" in name for name in _figures(pair.platform.public["press"]))


def _attempts(pair: Pair, name: str) -> int:
    found = pair.ask("reader", "SELECT max(attempts) FROM reader_inbox WHERE stream = ?", f"press:note:{name}")
    return found[0][0] or 0


def _processes(pair: Pair) -> list:
    return [*pair.platform.hosts.values(), *pair.platform.workers.values()]


def _is_of(line: str, event_id: str, trace: str) -> bool:
    try:
        said = json.loads(line)
    except ValueError:
        return False
    return event_id in said.get("event", "") and said.get("trace_id") == trace


def _figures(door: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{door}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    found = (line.rpartition(" ") for line in lines if line.startswith(("outbox_", "inbox_")))
    return {name: float(value) for name, _, value in found}
