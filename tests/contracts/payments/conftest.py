"""
Where the suite runs: the same bodies against the monolith, the service, and while payments go to and fro.

The providers are a process of their own that knows nothing of moves: it tells the monolith's door, which finds the way.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.client import Answer, Client
from tests.contracts.moves import served
from tests.support.fixtures import StartPlatform, cluster, start_platform, unwound_by_sigterm, valkey
from tests.support.platform import Platform
from tests.support.processes import eventually, free_port
from tests.support.providers import Providers, running_providers

__all__ = ["cluster", "start_platform", "unwound_by_sigterm", "valkey"]
MOUNT = "/api/payments"
ANSWER_S = "1.0"


@pytest.fixture(scope="package")
def providers_port() -> int:
    """Where the providers are going to listen."""
    return free_port()


@pytest.fixture(scope="package", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform, providers_port: int) -> Iterator[Platform]:
    """Both hosts, each on a database of its own."""
    where = {"PAYMENTS_SANDBOX_URL": f"http://127.0.0.1:{providers_port}", "PAYMENTS_ANSWER_S": ANSWER_S}
    with start_platform(request.param, products=0, services=("payments",), **where) as started:
        yield started


@pytest.fixture(scope="package")
def providers(platform: Platform, providers_port: int) -> Iterator[Providers]:
    """Both providers, beside the platform."""
    log = platform.folder / "providers.log"
    with running_providers(providers_port, platform.public["monolith"], log, hang_s=3) as running:
        yield running


@pytest.fixture(scope="module", params=["monolith", "service", "moving"])
def payments_url(request: pytest.FixtureRequest, platform: Platform, providers: Providers) -> Iterator[str]:
    """The address under test; it decides where payments are served meanwhile."""
    with served(platform, request.param) as url:
        yield url


@pytest.fixture
def staff(payments_url: str, platform: Platform) -> Client:
    """Somebody of the shop."""
    return Client(payments_url, platform.token, MOUNT)


@pytest.fixture
def anybody(payments_url: str) -> Client:
    """Somebody unknown."""
    return Client(payments_url, None, MOUNT)


class Till:
    """Payments of one test."""

    def __init__(self, staff: Client, providers: Providers) -> None:
        self._staff = staff
        self._providers = providers

    def body(self, **more: Any) -> dict[str, Any]:
        """Return what a new payment is made of."""
        amount = {"amount": 1999, "currency": "USD"}
        return {"order_id": str(uuid.uuid4()), "customer": "ann", "amount": amount, **more}

    def made(self, **more: Any) -> dict[str, Any]:
        """Make a payment."""
        answer = self._staff.create("/payment-intents", self.body(**more))
        assert answer.status == 201, answer.content
        return dict(answer.json)

    def confirm(self, row: dict[str, Any], token: str, key: str | None = None) -> Answer:
        """Have it authorised."""
        return self._staff.create(f"/payment-intents/{row['id']}:confirm", {"payment_method": token}, key=key)

    def step(self, row: dict[str, Any], name: str, **body: Any) -> Answer:
        """Capture or cancel it."""
        return self._staff.create(f"/payment-intents/{row['id']}:{name}", body)

    def until(self, row: dict[str, Any], status: str) -> dict[str, Any]:
        """Wait until the payment has come to *status*, and return it."""

        def look() -> dict[str, Any] | None:
            found = self._staff.get(f"/payment-intents/{row['id']}").json
            return dict(found) if found["status"] == status else None

        return eventually(look, what=f"payment {row['id']} is {status}", timeout_s=60, every_s=0.1)

    def authorized(self, token: str = "tok_visa", **more: Any) -> dict[str, Any]:
        """Make a payment and have it authorised."""
        row = self.made(**more)
        answer = self.confirm(row, token)
        assert answer.status in (200, 202), answer.content
        return self.until(row, "requires_capture")

    def captured(self, token: str = "tok_visa") -> dict[str, Any]:
        """Make a payment and take the money."""
        row = self.authorized(token)
        self.step(row, "capture")
        return self.until(row, "succeeded")

    def charges(self, row: dict[str, Any]) -> list[tuple[str, int, int, int]]:
        """Ask the providers what was really set aside, taken and given back."""
        names = ("state", "charged", "captured", "refunded")
        return [tuple(one[name] for name in names) for one in self._providers.charges(row["id"])]  # type: ignore[misc]


@pytest.fixture
def till(staff: Client, providers: Providers) -> Till:
    """Makes payments for a test."""
    return Till(staff, providers)
