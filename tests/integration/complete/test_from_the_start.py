"""A new platform of which one capability is shipped complete."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from strangler.bindings.remote import PATH
from strangler.bindings.tokens import CALL, Call, call_token
from strangler.transport.content import sha256_of
from strangler.transport.handing_back import MOVED
from tests.integration.complete.conftest import SHIPPED, owners, refusal, rows
from tests.support.fixtures import StartPlatform
from tests.support.platform import Platform

pytestmark = pytest.mark.platform
LIST = "/api/parcels/parcels"


@pytest.fixture(scope="module")
def platform(start_platform: StartPlatform) -> Iterator[Platform]:
    with start_platform("postgres", products=0, services=("parcels",), settings=SHIPPED) as running:
        yield running


def test_service_owns_the_rows_from_the_first_migration_on(platform: Platform) -> None:
    status = platform.status()
    assert (status["stage"], status["writer"], status["epoch"]) == ("complete", "service", 1)
    assert status["way_back"] == "none: it is shipped complete"
    assert owners(platform, "parcels") == [("service", 1, 1)]
    told = rows(platform, "monolith", "SELECT capability, verb, actor FROM strangler_history")
    assert told == [("parcels", "declare", "migrate")]


def test_monolith_has_nothing_of_it_and_no_fence_was_needed(platform: Platform) -> None:
    assert owners(platform, "monolith") == []
    assert rows(platform, "monolith", "SELECT relname FROM pg_class WHERE relname LIKE 'parcels%'") == []
    fences = "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'strangler_fence%' AND tgenabled <> 'D'"
    assert rows(platform, "parcels", fences) == []


def test_monolith_sends_every_request_on(platform: Platform) -> None:
    posted = requests.post(platform.doors["monolith"] + LIST, data="by-http", timeout=10)
    assert (posted.status_code, posted.headers["Strangler-Home"]) == (201, "service")
    for home in ("monolith", "service"):
        listed = requests.get(platform.doors[home] + LIST, timeout=10)
        assert (listed.headers["Strangler-Home"], listed.json()["labels"].count("by-http")) == ("service", 1)


def test_nobody_wants_it_from_the_monolith_by_an_override_or_without_forwarding(platform: Platform) -> None:
    """RFC 9110 7.6.2: then the monolith is the last to know of it, and knows nothing."""
    asked = requests.options(platform.doors["monolith"] + LIST, headers={"Max-Forwards": "0"}, timeout=10)
    assert (asked.status_code, asked.headers["Strangler-Home"]) == (404, "monolith")


def test_calls_of_the_monolith_go_to_the_service(platform: Platform) -> None:
    script = (
        "from tests.integration.complete.parcels.contract import parcels;"
        "print(parcels().post(label='by-call'), 'by-call' in parcels().posted())"
    )
    done = platform.manage("shell", "--no-imports", "-c", script)
    assert done.stdout.strip() == "by-call True", done.stderr
    assert rows(platform, "parcels", "SELECT label FROM parcels_parcel WHERE label = 'by-call'") == [("by-call",)]


def test_caller_with_an_old_table_is_told_where_it_went(platform: Platform, settings) -> None:
    kid, _, secret = platform.environment["STRANGLER_KEYS"].partition(":")
    settings.STRANGLER = {**settings.STRANGLER, "KEYS": {kid: secret}}
    call = Call("parcels", "posted", "monolith", 1, "writer", 5.0, sha256_of(b"{}"))
    url = f"{platform.internal['monolith']}{PATH}parcels/posted"
    answer = requests.post(url, data=b"{}", headers={CALL: call_token(call)}, timeout=10)
    assert (answer.status_code, MOVED in answer.headers) == (421, True)
    forged = call_token(call._replace(home="service"))
    assert requests.post(url, data=b"{}", headers={CALL: forged}, timeout=10).status_code == 403


def test_verbs_say_that_it_is_for_good(platform: Platform) -> None:
    told = refusal(platform, "strangler", "toggle", "parcels", "monolith", "--yes")
    assert "parcels is shipped complete: its service alone has its code and its rows" in told


@pytest.mark.parametrize("host", ["monolith", "parcels"])
def test_doctor_misses_no_second_home(platform: Platform, host: str) -> None:
    done = platform.manage("strangler", "doctor", "--json", settings=host)
    assert [found for found in json.loads(done.stdout) if found["capability"] == "parcels"] == [], done.stdout


def test_both_hosts_are_ready(platform: Platform) -> None:
    for home in ("monolith", "service"):
        assert requests.get(f"{platform.doors[home]}/readyz", timeout=10).json()["checks"]["complete"] == "ok"
