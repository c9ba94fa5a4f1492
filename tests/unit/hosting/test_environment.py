"""A host's environment is read once, and everything wrong with it is said at once."""

import pytest

from strangler.errors import SetupError
from strangler.hosting.environment import Environment


def test_every_fault_is_reported_together():
    env = Environment({"DEBUG": "maybe", "POOL": "-3", "URL": "ftp://x/y", "KEY": "short", "STYLE": "xml"})
    env.flag("DEBUG", True)
    env.number("POOL", 5)
    env.url("URL", "http://127.0.0.1:1")
    env.secret("KEY", None)
    env.secret("ABSENT", None)
    env.choice("STYLE", "json", "console")
    env.keys("KEYS", None)
    with pytest.raises(SetupError) as caught:
        env.check()
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "DEBUG", "POOL", "URL", "KEY", "ABSENT", "STYLE", "KEYS",
    ]  # fmt: skip


def test_a_correct_environment_has_no_faults():
    env = Environment({"KEYS": "b:" + "x" * 40 + ",a:" + "y" * 40, "URL": "http://127.0.0.1:8000/"})
    assert list(env.keys("KEYS", None)) == ["b", "a"]
    assert env.url("URL", "") == "http://127.0.0.1:8000"
    env.check()


def test_a_key_without_a_secret_is_a_fault():
    env = Environment({"KEYS": "lonely"})
    env.keys("KEYS", None)
    assert env.faults


def test_an_empty_variable_counts_as_not_set():
    env = Environment({"NAME": "  ", "FLAG": ""})
    assert env.text("NAME", "usual") == "usual"
    assert env.flag("FLAG", True) is True
