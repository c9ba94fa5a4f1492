"""A host that dies while a provider works: the poller finds out with the same key, and nothing is charged twice."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.contracts.client import Client
from tests.support.fixtures import StartPlatform, long_version
from tests.support.platform import Platform
from tests.support.processes import eventually, free_port
from tests.support.providers import Providers, running_providers

pytestmark = pytest.mark.platform
ANSWER_S = "2.0"
# What was asked of the provider when the host was killed, and what the provider's books say in the end.
STEPS = {
    "authorize": ("tok_timeout_after", "requires_capture", ("authorized", 1, 0, 0)),
    "capture": ("tok_capture_timeout_after", "succeeded", ("captured", 1, 1999, 0)),
    "refund": ("tok_refund_timeout_after", "succeeded", ("captured", 1, 1999, 1999)),
    "cancel": ("tok_void_timeout_after", "canceled", ("voided", 1, 0, 0)),
}


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def platform(start_platform: StartPlatform, port: int) -> Iterator[Platform]:
    where = {"PAYMENTS_SANDBOX_URL": f"http://127.0.0.1:{port}", "PAYMENTS_ANSWER_S": ANSWER_S}
    with start_platform("postgres", products=0, services=("payments",), **where) as started:
        yield started


@pytest.fixture(scope="module")
def providers(platform: Platform, port: int) -> Iterator[Providers]:
    with running_providers(port, platform.public["monolith"], platform.folder / "providers.log") as running:
        yield running


class Buyer:
    """One payment, and what is asked for it."""

    def __init__(self, platform: Platform, providers: Providers) -> None:
        self._client = Client(platform.public["monolith"], platform.token, "/api/payments")
        self._providers = providers
        amount = {"amount": 1999, "currency": "USD"}
        body = {"order_id": str(uuid.uuid4()), "customer": "ann", "amount": amount}
        self.id = self._client.create("/payment-intents", body).json["id"]

    @property
    def row(self) -> dict[str, Any]:
        return dict(self._client.get(f"/payment-intents/{self.id}").json)

    def ask(self, step: str, token: str) -> None:
        """Ask, and do not mind that nobody answers any more."""
        path, body = f"/payment-intents/{self.id}:{step}", {}
        if step == "authorize":
            path, body = f"/payment-intents/{self.id}:confirm", {"payment_method": token}
        elif step == "refund":
            path, body = "/refunds", {"payment_intent": self.id}
        with suppress(OSError):
            self._client.create(path, body)

    def before(self, step: str, token: str) -> None:
        """Bring the payment to where *step* is asked for."""
        for earlier in {"capture": ["authorize"], "refund": ["authorize", "capture"], "cancel": ["authorize"]}.get(
            step, []
        ):
            self.ask(earlier, token)

    def charges(self) -> list[tuple[Any, ...]]:
        """Ask the provider what was really charged."""
        names = ("state", "charged", "captured", "refunded")
        return [tuple(one[name] for name in names) for one in self._providers.charges(self.id)]


@pytest.mark.parametrize("step", ["authorize", *(long_version(one, timeout_s=600) for one in list(STEPS)[1:])])
def test_host_that_is_killed_in_the_call_charges_once(platform: Platform, providers: Providers, step: str) -> None:
    """SIGKILL after the provider's effect and before our record of it."""
    token, status, charge = STEPS[step]
    buyer = Buyer(platform, providers)
    buyer.before(step, token)
    asking = threading.Thread(target=buyer.ask, args=(step, token))
    asking.start()
    eventually(lambda: buyer.charges() == [charge], what="the provider has done it", every_s=0.01)
    platform.hosts["monolith"].kill()
    asking.join(30)
    platform.start_host("monolith")
    assert buyer.charges() == [charge]
    eventually(lambda: buyer.row["status"] == status, what=f"it is {status}", timeout_s=90, every_s=0.2)
    if step == "refund":
        eventually(lambda: buyer.row["amount_refunded"]["amount"] == 1999, what="given back", timeout_s=90, every_s=0.2)
    assert buyer.charges() == [charge]
    done = platform.manage("verify_payments")
    assert (done.returncode, done.stdout) == (0, "The books are in order.\n"), done.stderr
