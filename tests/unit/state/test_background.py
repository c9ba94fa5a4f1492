"""A thread beside what a process serves: nobody would notice that it has died."""

import logging
import threading

import pytest

from strangler.state import background
from strangler.state.background import Background

WAIT_S = 10


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(background, "_FAILED_S", 0.01)


def test_work_that_fails_begins_anew_and_says_why(impatient, caplog):
    begun = []
    succeeded = threading.Event()

    def work(stopping):
        begun.append(threading.current_thread().name)
        if len(begun) == 1:
            raise ZeroDivisionError("by mistake")
        succeeded.set()
        stopping.wait()

    beside = Background("beside", work)
    with caplog.at_level(logging.ERROR, logger="strangler.background"):
        beside.start()
        assert succeeded.wait(WAIT_S)
        beside.stop()
    assert begun == ["beside", "beside"]
    assert "by mistake" in caplog.text


def test_work_that_always_fails_is_ended_all_the_same(impatient):
    failing = threading.Event()

    def work(stopping):
        failing.set()
        raise ZeroDivisionError

    beside = Background("beside", work)
    beside.start()
    assert failing.wait(WAIT_S)
    beside.stop()
    assert "beside" not in {thread.name for thread in threading.enumerate()}


def test_work_that_is_done_does_not_begin_again(impatient):
    begun = []
    beside = Background("beside", begun.append)
    beside.start()
    beside.stop()
    assert len(begun) == 1
