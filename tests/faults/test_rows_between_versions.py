"""The rows move from the oldest PostgreSQL that we support to itself and to the newest, and back, while all write."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.checking import traffic
from tests.support.platform import running_platform
from tests.support.processes import eventually
from tests.support.servers import programs_of, two_servers
from tests.support.state import digests

pytestmark = [pytest.mark.platform, pytest.mark.soak]

OLDEST = 15


@pytest.mark.parametrize("service", [OLDEST, None], ids=["to the oldest", "to the newest"])
def test_there_and_back_loses_nothing(service: int | None, valkey: str, tmp_path: Path, seed: int) -> None:
    """15 cannot tell a row that came by a stream from one that was written at home: nothing may go in circles."""
    oldest = programs_of(OLDEST)
    if oldest is None:
        pytest.skip(f"no PostgreSQL {OLDEST} on this machine: apt-get install postgresql-{OLDEST}")
    with (
        two_servers({"monolith": oldest, "service": oldest if service else None}) as servers,
        running_platform(servers, products=1_000, CACHE_URL=valkey) as platform,
        traffic(
            tmp_path, list(platform.doors.values()), platform.token, homes=platform.homes, seed=seed, writers=4,
            writes_per_s=8, readers=2, reads_per_s=10, raw_writers=4, raw_writes_per_s=60, probes_per_s=50,
            horizon_s=900.0,
        ) as load,
    ):  # fmt: skip
        load.wait_until_steady()
        for home in ("service", "monolith", "service", "monolith"):
            platform.toggle_until_done(home, "--mover", "logical")
        report = load.stop()
        verdict = load.judge(platform.homes)
        homes = platform.homes
        eventually(lambda: digests(homes["monolith"]) == digests(homes["service"]), what="the same rows in both homes")
        for home in homes:
            assert servers[home].execute(homes[home].rpartition("/")[2], APPLY_ERRORS) in ([], [(0,)])
    assert report["faults"] == {}, load.complaints()[:5]
    assert verdict["innocent"], verdict


APPLY_ERRORS = "SELECT sum(apply_error_count)::int FROM pg_stat_subscription_stats HAVING count(*) > 0"
