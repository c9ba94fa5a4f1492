"""R11: what a home cached before it lost or regained the writer is never found again."""

from dataclasses import replace

import pytest

from strangler.hosting.caches import epoch_key
from strangler.routing import CapabilityState, Table
from strangler.state import follower


@pytest.fixture
def obeyed(monkeypatch):
    """Let this process obey a table with *epoch*."""

    def obey(epoch):
        table = Table(1, [replace(CapabilityState("sample"), epoch=epoch)], [])
        monkeypatch.setattr(follower, "table", lambda: table)

    return obey


def test_a_new_epoch_is_a_new_key(obeyed):
    obeyed(1)
    before = epoch_key("k", "prefix", 1)
    obeyed(2)
    assert epoch_key("k", "prefix", 1) != before
    obeyed(1)
    assert epoch_key("k", "prefix", 1) == before


def test_a_key_names_the_home(obeyed):
    obeyed(1)
    assert epoch_key("k", "prefix", 1) == "prefix:monolith:sample1:1:k"
