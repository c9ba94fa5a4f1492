"""What stays the same when risk changes its home."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.client import Client
from tests.contracts.moves import OTHER, move
from tests.contracts.risk.conftest import MOUNT, RULE
from tests.support.platform import Platform


@pytest.mark.parametrize("home", ["monolith", "service"])
def test_rules_and_keys_go_with_it(platform: Platform, home: str) -> None:
    """The version that decides, its history, and what was answered to a key."""
    move(platform, home)
    here, there = (Client(platform.doors[at], platform.token, MOUNT) for at in (home, OTHER[home]))
    key = str(uuid.uuid4())
    made = here.create("/rulesets", {"rules": [RULE]}, key=key)
    path = f"/rulesets/{made.json['version']}"
    active = here.create(f"{path}:activate", {"reason": "go"})
    history = here.get(f"{path}/history").json
    move(platform, OTHER[home])
    replay = there.create("/rulesets", {"rules": [RULE]}, key=key)
    assert (replay.replayed, replay.json) == (True, made.json)
    assert (there.get(path).json, there.get(path).etag) == (active.json, active.etag)
    assert there.get(f"{path}/history").json == history
    assert there.create("/rulesets", {"rules": [RULE]}).json["version"] > made.json["version"]
