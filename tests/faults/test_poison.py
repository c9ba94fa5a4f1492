"""An event that its handler cannot stomach stops its own aggregate and no other, until the cause is mended."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.events.pair import Pair, running_pair
from tests.support.fixtures import StartPlatform
from tests.support.processes import eventually

pytestmark = pytest.mark.platform
ATTEMPTS_MAX = 2
_INBOX = (
    "SELECT sequence, attempts, dead_at FROM reader_inbox WHERE stream = ? AND handled_at IS NULL ORDER BY sequence"
)


@pytest.fixture(scope="module", params=["celery", "embedded"])
def pair(request: pytest.FixtureRequest, start_platform: StartPlatform) -> Iterator[Pair]:
    """Workers on PostgreSQL and Valkey; threads on SQLite."""
    kind, workers = ("postgres", True) if request.param == "celery" else ("sqlite", False)
    with running_pair(start_platform, kind, workers=workers, EVENT_ATTEMPTS_MAX=str(ATTEMPTS_MAX)) as running:
        yield running


def poison(pair: Pair, aggregate: str, n: int) -> None:
    """Let the reader fail for one note."""
    pair.change(
        "reader", "INSERT INTO reader_poison (id, aggregate, n) VALUES (?, ?, ?)", uuid.uuid4().hex, aggregate, n
    )


def unhandled(pair: Pair, aggregate: str) -> dict[int, tuple[int, bool]]:
    """Return what the inbox keeps of an aggregate: sequence to attempts, and whether it was given up."""
    return {
        sequence: (attempts, dead_at is not None)
        for sequence, attempts, dead_at in pair.ask("reader", _INBOX, f"press:note:{aggregate}")
    }


def replay(pair: Pair, host: str) -> int:
    """Let what was given up be tried again, and return how much that was."""
    errand = ("events", "replay", "--capability", "reader", "--all-dead", "--yes", "--json")
    done = pair.platform.manage("strangler", *errand, settings=host)
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["count"])


def test_poison_stops_its_own_aggregate_alone_and_replay_goes_on_in_order(pair: Pair) -> None:
    """It becomes a dead letter, moves with the rows, and what follows it waits for as long as it takes."""
    poison(pair, "bad", 2)
    pair.write("bad", 1, 2, 3, 4)
    pair.write("good", 1, 2, 3)
    pair.wait_for_effects("good", 1, 2, 3)
    eventually(lambda: unhandled(pair, "bad").get(2) == (ATTEMPTS_MAX, True), what="the poison is given up")
    pair.mover.toggle("reader", "service")
    pair.write("bad", 5)
    pair.write("good", 4)
    pair.wait_for_effects("good", 1, 2, 3, 4)
    kept = {2: (ATTEMPTS_MAX, True), 3: (0, False), 4: (0, False), 5: (0, False)}
    eventually(lambda: unhandled(pair, "bad") == kept, what="what follows the poison waits")
    assert pair.effects("bad") == [1]

    assert replay(pair, "reader") == 1, "replayed too soon, it is given up again"
    eventually(lambda: unhandled(pair, "bad").get(2) == (ATTEMPTS_MAX, True), what="the poison is given up again")
    assert pair.effects("bad") == [1]

    assert pair.change("reader", "DELETE FROM reader_poison") == 1
    assert replay(pair, "reader") == 1
    pair.wait_for_effects("bad", 1, 2, 3, 4, 5)
    pair.wait_until_settled()
    assert unhandled(pair, "bad") == {}
    assert pair.effects("good") == [1, 2, 3, 4]


def test_failing_event_that_recovers_in_time_is_no_dead_letter(pair: Pair) -> None:
    """A cause that passes by itself costs a delay and nobody's attention."""
    poison(pair, "weak", 1)
    pair.write("weak", 1, 2)
    eventually(lambda: unhandled(pair, "weak").get(1, (0, False))[0] >= 1, what="the first attempt fails")
    pair.change("reader", "DELETE FROM reader_poison")
    pair.wait_for_effects("weak", 1, 2)
    pair.wait_until_settled()
    assert unhandled(pair, "weak") == {}
