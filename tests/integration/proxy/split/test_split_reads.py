"""Reads split between two real homes (R8, R10)."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import psycopg
import pytest
import redis

from tests.integration.proxy.split.conftest import PRODUCTS, Browser, split, stopped
from tests.support.platform import running_platform
from tests.support.processes import eventually
from tests.support.valkey import running_valkey

DOORS = ("monolith", "service")
ROUNDS = 200
STOPPED_FOR = 4
"""Rounds of every ten during which no row is brought over."""


def miss_own_writes(browser, other=None, rounds=ROUNDS):
    """Write and read at both doors at once, and return (own writes missed, who served whom)."""
    missed, served = [], Counter()
    with ThreadPoolExecutor(2) as pool, ExitStack() as stack:
        for n in range(rounds):
            if n % 10 == 0:
                stack.enter_context(stopped(browser.platform, "service"))
            path = browser.write("monolith")
            answers = pool.map(browser.read, DOORS, [path] * 2)
            missed += [answer for answer in answers if answer.status != 200]
            if n % 10 == STOPPED_FOR:
                stack.pop_all().close()
            if other:
                served[other.read(DOORS[n % 2]).home] += 1
    return missed, served


def test_client_never_misses_what_it_has_written(platform, browser):
    mine, other = browser(staff=True), browser()
    missed, served = miss_own_writes(mine, other)
    assert not missed
    assert served["service"] > ROUNDS / 2, f"the copy was hardly read: {served}"
    for door in DOORS:  # and the pin ends
        eventually(lambda door=door: mine.read(door).home == "service", what="the copy is read again")


def test_without_pins_a_client_misses_what_it_has_written(start_platform):
    """What the pins prevent: the test above finds it."""
    with split(start_platform, "sqlite", SABOTAGE="pins") as platform:
        mine = Browser(platform, staff=True)
        for door in DOORS:
            eventually(lambda door=door: mine.read(door).home == "service", what="the copy is read")
        missed, _ = miss_own_writes(mine, rounds=10)
        assert missed


@pytest.fixture(scope="module")
def impatient(start_platform):
    """A platform on which nobody reads a copy that is more than a second behind."""
    with split(start_platform, "postgres", LAG_LIMIT_S="1") as platform:
        yield platform


def test_everybody_reads_from_the_writer_while_the_copy_is_too_old(impatient):
    """And from the copy again, once it has caught up; nobody has to do anything."""
    reader, writer = Browser(impatient, staff=False), Browser(impatient, staff=True)
    for door in DOORS:
        eventually(lambda door=door: reader.read(door).home == "service", what="the copy is read")
    with stopped(impatient, "service"):
        writer.write("monolith")
        for door in DOORS:
            eventually(lambda door=door: reader.read(door).home == "monolith", what=f"{door} knows of the lag")
        impatient.strangler("shift-reads", "catalog", "50")  # a smaller share is always given
        refused = impatient.manage("strangler", "shift-reads", "catalog", "100")
        assert "more than 1 s behind" in " ".join(refused.stderr.split()), refused.stderr
    impatient.strangler("shift-reads", "catalog", "100")
    for door in DOORS:
        eventually(lambda door=door: reader.read(door).home == "service", what="the copy is read again")


def test_idle_copy_is_fresh(platform, browser):
    """Nothing is written for longer than the limit of 5 s would allow, were age the time since the last change."""
    reader = browser()
    deadline = time.monotonic() + 7
    while time.monotonic() < deadline:
        assert reader.read("monolith").home == "service"
        assert reader.read("service").home == "service"


def test_slot_that_is_gone_sends_everybody_to_the_writer(impatient):
    reader = Browser(impatient, staff=False)
    eventually(lambda: reader.read("monolith").home == "service", what="the copy is read")
    with stopped(impatient, "service"):
        with psycopg.connect(impatient.homes["monolith"], autocommit=True) as connection:
            connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                " WHERE database = current_database()"
            )
        for door in DOORS:
            eventually(lambda door=door: reader.read(door).home == "monolith", what=f"{door} knows of it")
        impatient.strangler("shift-reads", "catalog", "0")
        refused = impatient.manage("strangler", "shift-reads", "catalog", "10")
        assert refused.returncode != 0
        assert "slot" in refused.stderr


def test_service_that_dies_is_answered_for(start_platform):
    """First for its share, by the writer; then for all, by a copy, but not to those who have just written."""
    with split(start_platform, "postgres", MAX_STALE_S="20") as platform:
        writer, reader = Browser(platform, staff=True), Browser(platform, staff=False)
        for who in (writer, reader):
            eventually(lambda who=who: who.read("monolith").home == "service", what="the copy is read")
        platform.hosts["catalog"].kill()
        for who in (writer, reader):
            answers = [who.read("monolith") for _ in range(20)]
            assert {(a.status, a.home) for a in answers} == {(200, "monolith")}
            assert all(a.fallback for a in answers)
        platform.start_host("catalog")
        platform.strangler("shift-writes", "catalog", "--yes")
        eventually(lambda: writer.read("monolith").home == "service", what="the service writes")
        old = writer.write("monolith")
        eventually(lambda: _has(platform, old), what="it has flown back")
        platform.hosts["catalog"].kill()
        eventually(lambda: reader.read("monolith").status == 200, what="the monolith knows that its copy is fresh")
        platform.start_host("catalog")
        with stopped(platform, "monolith"):
            new = writer.write("monolith")
            platform.hosts["catalog"].kill()
            assert reader.read("monolith")[:3] == (200, "monolith", "unreachable")
            assert writer.read("monolith", new).status == 502
            assert writer.ask("monolith", "POST", PRODUCTS, {"slug": "x", "name": "x"}).status == 502
        eventually(lambda: writer.read("monolith", new).status == 200, what="what was written has flown back")
        assert writer.read("monolith", new).fallback
        with stopped(platform, "monolith"), psycopg.connect(platform.homes["service"], autocommit=True) as connection:
            connection.execute("UPDATE catalog_product SET name = name")  # something waits
            eventually(lambda: reader.read("monolith").status == 502, what="the copy is too old", timeout_s=40)


def _has(platform, path):
    with psycopg.connect(platform.homes["monolith"]) as connection:
        return connection.execute("SELECT 1 FROM catalog_product WHERE id = %s", [path.rpartition("/")[2]]).fetchone()


def test_cache_that_dies_sends_everybody_to_the_writer(cluster):
    """Nobody can say who has written; and a cache that comes back empty is not believed at once."""
    with running_valkey() as address, split(_on(cluster), "postgres", CACHE_URL=address) as platform:
        writer, reader = Browser(platform, staff=True), Browser(platform, staff=False)
        for who in (writer, reader):
            eventually(lambda who=who: who.read("monolith").home == "service", what="the copy is read")
        with redis.Redis.from_url(address) as cache, stopped(platform, "service"):
            path = writer.write("monolith")
            writer.cookies.clear()
            cache.flushall()
            for door in DOORS:
                assert writer.read(door, path).status == 200
        eventually(lambda: writer.read("monolith", path).home == "service", what="the copy is read again")
        with redis.Redis.from_url(address) as cache, suppress(redis.ConnectionError):
            cache.shutdown(nosave=True)
        assert writer.read("monolith", writer.write("monolith")).status == 200
        assert reader.read("monolith").home == "monolith"


def _on(cluster):
    return lambda kind, **others: running_platform(cluster, **others)
