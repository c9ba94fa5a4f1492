"""After `cancel` and after `complete` nothing in either server's catalogs tells of a move, and a new one begins."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.platform import Platform
from tests.support.state import CATALOG, fenced, state_of, tables

pytestmark = pytest.mark.platform

TRACES = {
    "publications": "SELECT pubname FROM pg_publication",
    "subscriptions": "SELECT subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
    " WHERE datname = current_database()",
    "tables of subscriptions": "SELECT srrelid::regclass::text FROM pg_subscription_rel",
    "slots": "SELECT slot_name FROM pg_replication_slots WHERE database = current_database()",
    "origins": "SELECT roname FROM pg_replication_origin",
    "triggers": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    " WHERE nspname NOT IN ('pg_catalog', 'information_schema')",
    "streams": "SELECT capability, target FROM strangler_stream",
    "marks": "SELECT capability, home FROM strangler_marker",
    "changed keys": "SELECT id FROM strangler_changed_key",
    "identity": "SELECT relname, relreplident FROM pg_class WHERE relreplident NOT IN ('d', 'n') AND relkind = 'r'",
}


def traces(dsn: str) -> dict[str, set[tuple[object, ...]]]:
    """Return everything in a database and its server by which a move could be known."""
    with psycopg.connect(dsn) as connection:
        return {name: set(connection.execute(sql.encode()).fetchall()) for name, sql in TRACES.items()}


def traces_of(platform: Platform) -> dict[str, dict[str, set[tuple[object, ...]]]]:
    return {home: traces(dsn) for home, dsn in platform.homes.items()}


def test_cancel_leaves_nothing(two_server_platform: Platform) -> None:
    """A move that was given up, before the switch and after one there and back, is as if it had never been."""
    platform = two_server_platform
    untouched, before = traces_of(platform), state_of(platform)
    for way in (("prepare",), ("toggle service", "toggle monolith")):
        for step in way:
            verb, _, home = step.partition(" ")
            platform.strangler(verb, CATALOG, *filter(None, [home]), "--yes")
            assert traces_of(platform) != untouched, "this test would not see what a move leaves"
        platform.strangler("cancel", CATALOG, "--yes")
        assert traces_of(platform) == untouched
        after = state_of(platform)
        assert after.rows == before.rows, "rows of the copy are left, or some of the monolith's are gone"
        assert after.control[0] == "monolith"


def test_complete_leaves_nothing(two_server_platform: Platform) -> None:
    """The rows are the service's for good; the monolith keeps empty tables that refuse whoever comes late."""
    platform = two_server_platform
    untouched = traces_of(platform)
    rows = state_of(platform).rows["monolith"]
    platform.toggle_until_done("service")
    platform.strangler("complete", CATALOG, "--yes")
    found = traces_of(platform)
    for home in platform.homes:
        found[home].pop("triggers")
        untouched[home].pop("triggers")
    assert found == untouched
    assert fenced(platform.homes["monolith"])
    assert not fenced(platform.homes["service"])
    state = state_of(platform)
    assert state.rows["service"] == rows
    assert all(digest.startswith("0 rows") for digest in state.rows["monolith"].values())
    assert set(state.rows["monolith"]) == set(tables(platform.homes["monolith"]))
