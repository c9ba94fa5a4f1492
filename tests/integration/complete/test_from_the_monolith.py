"""A platform whose monolith has the app, and a release that ships it complete: the move comes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from tests.integration.complete.conftest import BEFORE, SHIPPED, owners, refusal, rows
from tests.support.platform import Platform, running_platform

pytestmark = pytest.mark.platform


@pytest.fixture
def platform() -> Iterator[Platform]:
    with running_platform(None, products=0, services=("parcels",), settings=BEFORE) as running:
        posted = requests.post(f"{running.doors['monolith']}/api/parcels/parcels", data="early", timeout=10)
        assert posted.status_code == 201
        yield running


def test_release_does_not_start_before_the_move_is_complete(platform: Platform) -> None:
    """Its service would begin with no rows, beside a monolith of the old release that writes its own."""
    shipped = replace(platform, settings=SHIPPED)
    first = "`strangler toggle parcels service` and `strangler complete parcels` comes first"
    for host in ("monolith", "parcels"):
        assert first in refusal(shipped, "migrate", settings=host)
    assert rows(platform, "monolith", "SELECT count(*) FROM strangler_capability") == [(0,)]
    assert owners(platform, "monolith") == [("monolith", 1, 1)]
    assert owners(platform, "parcels") == [("monolith", 1, 0)]
    answer = requests.get(f"{platform.doors['monolith']}/api/parcels/parcels", timeout=10)
    assert answer.json() == {"labels": ["early"]}, "what ran before goes on"

    platform.toggle_until_done("service")
    found = shipped.manage("strangler", "doctor", "--json").stdout
    assert '"not-complete"' in found
    assert "stage extracted: `strangler complete parcels` comes first" in found

    platform.strangler("complete", "parcels", "--yes")
    for host in ("monolith", "parcels"):
        done = shipped.manage("migrate", settings=host)
        assert done.returncode == 0, done.stderr
    assert owners(platform, "parcels") == [("service", 2, 2)]
    assert rows(platform, "parcels", "SELECT label FROM parcels_parcel") == [("early",)]
