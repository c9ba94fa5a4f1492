"""The monolith sends on every request of what is shipped complete, whatever the table says: nothing of it is here."""

import pytest

from tests.integration.proxy.conftest import hand_back
from tests.integration.proxy.test_writes import THERE, read_hop, shelves


@pytest.fixture
def complete(platform):
    known = platform.settings.STRANGLER["CAPABILITIES"]["sample"]
    url = platform.upstream.url
    entry = {"complete": True, "service_url": url, "internal_url": url, "routes": known["routes"]}
    platform.configure(CAPABILITIES={"sample": entry})
    return platform


@pytest.mark.parametrize(
    "says",
    [
        {"stage": "complete", "writer": "service", "epoch": 3},
        {"stage": "synced"},
        {"stage": "synced", "switching": True},
        {"stage": "canary", "reads_weight": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "kind"), [("get", "read"), ("post", "write")])
def test_request_is_answered_there(complete, says, method, kind):
    """An old table names a home that this host no longer is: it has no row to ask, and must not try."""
    complete.table_says(**says)
    complete.upstream.script(THERE)
    response = getattr(complete.client, method)("/sample/create", {"name": "a"})
    assert (response.content, response.headers["Strangler-Home"]) == (b"there", "service")
    hop = read_hop(complete)
    assert (hop.home, hop.kind, len(complete.upstream.received)) == ("service", kind, 1)
    assert shelves() == []


def test_home_that_hands_back_is_not_taken_at_its_word(complete):
    """It is fenced, or knows an older table; a write that nobody ran may be repeated."""
    complete.upstream.script(hand_back("monolith", 1))
    response = complete.client.post("/sample/create", {"name": "a"})
    assert (response.status_code, response.json()["code"]) == (503, "moved_midway")
    assert shelves() == []
