"""What a home keeps of its rows: computed once, forgotten with a change, and never of another epoch (R11)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import caches
from django.db import connection, transaction

from strangler.fence import owning
from strangler.hosting import remember
from strangler.hosting.remember import forget, remembered
from tests.support.fixtures import valkey

__all__ = ["valkey"]
MANY = 12
NOBODY = "redis://127.0.0.1:9/0"


@pytest.fixture(params=["locmem", "valkey"])
def owned(request: pytest.FixtureRequest, settings, homes) -> Iterator[None]:
    """A home that owns the sample's rows, with each kind of cache."""
    if request.param == "locmem":
        use(settings, {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "owned"})
    else:
        use(settings, redis(request.getfixturevalue("valkey")))
    caches["owned"].clear()
    yield
    caches["owned"].clear()


def use(settings, backend: dict[str, object]) -> None:
    settings.CACHES = {**settings.CACHES, "owned": backend}


def redis(url: str) -> dict[str, object]:
    return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}


class Work:
    """Something worth remembering: counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> int:
        self.done += 1
        return self.done


def at_once(act: Callable[[], object]) -> list[object]:
    """Let many threads act together."""
    together = threading.Barrier(MANY)

    def run(_: int) -> object:
        together.wait(30)
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(run, range(MANY)))


def move(owner: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE strangler_ownership SET owner = %s, epoch = epoch + 1", [owner])


def test_second_look_is_at_what_was_kept(owned):
    """Each key for itself; None and empty values are values."""
    work, nothing = Work(), []
    assert [remembered("sample", "a", work) for _ in range(3)] == [1, 1, 1]
    assert remembered("sample", "b", work) == 2
    assert [remembered("sample", "none", lambda: nothing.append(1)) for _ in range(2)] == [None, None]
    assert nothing == [1]


def test_of_many_who_miss_at_once_one_computes(owned):
    """The others wait for it: a change does not let a herd loose on the database."""
    work, others_are_waiting = Work(), threading.Event()

    def slowly() -> int:
        others_are_waiting.wait(0.3)
        return work()

    assert at_once(lambda: remembered("sample", "key", slowly)) == [1] * MANY
    assert work.done == 1


def test_waiting_has_an_end(owned, monkeypatch):
    """Whoever computes may have been killed: nobody waits for the dead."""
    monkeypatch.setattr(remember, "WAIT_S", 0.1)
    monkeypatch.setattr(remember, "WORK_S", 600)
    work, hold = Work(), threading.Event()

    def never() -> int:
        hold.wait(30)
        return -1

    first = threading.Thread(target=lambda: (remembered("sample", "key", never), connection.close()))
    first.start()
    try:
        while not any(":begun" in str(key) for key in keys()):
            hold.wait(0.01)
        assert remembered("sample", "key", work) == 1
    finally:
        hold.set()
        first.join()


def keys() -> list[object]:
    cache = caches["owned"]
    return list(cache._cache) if hasattr(cache._cache, "keys") else cache._cache.get_client().keys()


def test_failure_is_not_kept_and_frees_the_way(owned):
    """The error is the asker's; the next one computes at once."""

    def fails() -> int:
        raise LookupError

    gave_up = figure("gave_up")
    with pytest.raises(LookupError):
        remembered("sample", "key", fails)
    assert remembered("sample", "key", Work()) == 1
    assert figure("gave_up") == gave_up


def test_committed_change_is_seen_at_once_and_a_refused_one_forgets_nothing(owned):
    """Everything of the capability is forgotten by one word."""
    work = Work()
    assert remembered("sample", "key", work) == 1
    with pytest.raises(LookupError), owning("sample"):
        forget("sample")
        raise LookupError
    assert remembered("sample", "key", work) == 1
    with owning("sample"):
        forget("sample")
    assert remembered("sample", "key", work) == 2


def test_value_that_was_begun_before_a_change_is_not_kept_for_after_it(owned):
    """It was read from the rows of then."""

    def overtaken() -> str:
        with owning("sample"):
            forget("sample")
        return "old"

    assert remembered("sample", "key", overtaken) == "old"
    assert remembered("sample", "key", lambda: "new") == "new"


def test_inside_a_transaction_nothing_is_kept(owned):
    """It sees what nobody else sees yet, or ever."""
    work = Work()
    with transaction.atomic():
        assert remembered("sample", "key", work) == 1
    assert remembered("sample", "key", work) == 2


def test_home_that_does_not_own_the_rows_keeps_nothing(owned):
    """Nobody tells it of changes."""
    work = Work()
    move("service")
    assert [remembered("sample", "key", work) for _ in range(2)] == [1, 2]
    assert keys() == []


def test_what_was_kept_in_another_epoch_is_not_found(owned):
    """The rows have been elsewhere; the home's own row says so, however old its table is."""
    work = Work()
    assert remembered("sample", "key", work) == 1
    move("service")
    move("monolith")
    assert remembered("sample", "key", work) == 2


def test_answer_comes_without_the_cache_and_the_figures_say_so(homes, settings, caplog):
    """Neither a read nor a write fails for it."""
    use(settings, redis(NOBODY))
    before = figure("unreachable")
    work = Work()
    with caplog.at_level(logging.WARNING):
        assert [remembered("sample", "key", work) for _ in range(2)] == [1, 2]
        with owning("sample"):
            forget("sample")
    assert figure("unreachable") == before + 3
    assert "the cache does not answer" in caplog.text
    assert "does not know that sample has changed" in caplog.text


def test_project_without_the_cache_computes(homes, settings):
    """A capability's app works in hosts that keep nothing."""
    settings.CACHES = {"default": settings.CACHES["default"]}
    work = Work()
    assert [remembered("sample", "key", work) for _ in range(2)] == [1, 2]
    with owning("sample"):
        forget("sample")
    assert remembered("elsewhere", "key", work) == 3


def figure(outcome: str) -> float:
    return remember.OUTCOMES.labels("sample", outcome)._value.get()
