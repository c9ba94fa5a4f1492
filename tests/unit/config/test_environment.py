"""Commands in another shell find the running platform, and only a running one."""

import os
import stat

import pytest

from monolith.config.run.environment import PID_FILE, load_environment, running_pid, started_at, write_environment


@pytest.fixture
def published(tmp_path):
    write_environment(tmp_path, {"CACHE_URL": "redis://x", "SECRET_KEY": "s=e=c"})
    (tmp_path / PID_FILE).write_text(f"{os.getpid()} {started_at(os.getpid())}")
    return tmp_path


def test_a_running_platform_is_found(published):
    environ = {}
    assert load_environment(published, environ)
    assert environ == {"CACHE_URL": "redis://x", "SECRET_KEY": "s=e=c"}


def test_what_is_set_already_wins(published):
    environ = {"CACHE_URL": "mine"}
    load_environment(published, environ)
    assert environ["CACHE_URL"] == "mine"


GONE = {"nothing": "", "garbage": "garbage", "recycled": f"{os.getpid()} 12.00", "ended": "999999999 12.00"}


@pytest.mark.parametrize("pid", GONE.values(), ids=GONE)
def test_a_platform_that_is_gone_is_not_found(published, pid):
    """A recycled process id is not the platform: the time it began differs."""
    (published / PID_FILE).write_text(pid)
    environ = {}
    assert not load_environment(published, environ)
    assert environ == {}
    assert running_pid(published) is None


def test_secrets_are_readable_by_the_owner_alone(published):
    assert stat.S_IMODE((published / "env").stat().st_mode) == 0o600
