"""
A whole shop of real processes, and customers who come through its front door.

The platform has a host for each capability that may leave; payment providers, carriers and the mail server are
processes of their own. Customers know HTTP: they make an account, log in, fill a cart, choose how it is sent, order.
"""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.bookkeeping import (
    BOUGHT,
    CANCELLED,
    CONFIRMED,
    REJECTED,
    Purchase,
    judge,
    owner_of,
    read_books,
)
from tests.support.carriers import SECRET, Carriers, running_carriers
from tests.support.checker.rows import query
from tests.support.checker.wire import Answer, Client, NoAnswer
from tests.support.mails import Mails, running_mails
from tests.support.platform import COMPLETE, LEAVING, MONOLITH, Platform
from tests.support.processes import eventually, free_port
from tests.support.providers import Providers, running_providers

PRICES = {"MUG": 1999, "POT": 3400, "CUP": 900}
"""What there is, and what it costs in cents."""
UNITS = 100_000
HOME = {
    "name": "Ada Lovelace", "line1": "1 Secret Street", "line2": "", "city": "Austin", "region": "TX",
    "postal_code": "73301", "country": "US",
}  # fmt: skip
PROOF = "Is this your e-mail address?"
PASSWORD = "correct horse battery"
DECLINED_CARD, CARD = "tok_declined_do_not_honor", "tok_visa"
PATIENCE_S = 120.0
"""How long a customer waits for the end of a checkout, and repeats what is to be repeated."""
_LOOK_S = 0.2
_PICKUP_H = 1.01
"""A carrier comes an hour after it has sold the label."""
_UNFINISHED = """SELECT order_id, state, step, tries, error FROM orders_saga
 WHERE state IN ('running', 'compensating') AND step <> 'await_pickup'"""
_UNDER_WAY = {"pending", "stock_reserved", "payment_authorized", "cancelling"}
_INSIDE_MAX, _CREATED = 8, 201

StartShop = Callable[..., AbstractContextManager[Platform]]


class Unexpected(Exception):
    """The shop has said what it never should."""


@dataclass(slots=True)
class Shop:
    """
    A running shop.

    Attributes:
        door: where customers come in.
        purchases: what customers were told, all of them.
    """

    platform: Platform
    providers: Providers
    carriers: Carriers
    mails: Mails
    door: str
    purchases: list[Purchase] = field(default_factory=list)

    @property
    def services(self) -> tuple[str, ...]:
        """The capabilities that have a host of their own, and can go there and back."""
        return tuple(name for name in self.platform.databases if name in LEAVING)

    def extracted(self) -> set[str]:
        """Return the capabilities that their services own now, as both homes' rows say."""
        return {name for name in self.services if owner_of(self.platform.databases, name) == "service"}

    def extract(self, wanted: Collection[str]) -> None:
        """Let exactly these be with their services; what is where it should be is left alone."""
        for name in self.services:
            home = "service" if name in wanted else MONOLITH
            if owner_of(self.platform.databases, name) != home:
                self.platform.of(name).toggle_until_done(home)
        assert self.extracted() == set(wanted)

    def is_picked_up(self, bought: Purchase) -> None:
        """Let a carrier come as soon as a purchase has its label; every other parcel that is ready goes along."""
        ready = [("label_created", dict(bought.lines))]
        there = lambda: read_books(self.platform.databases).sent[bought.order_id] == ready  # noqa: E731
        eventually(there, what=f"{bought.order_id} has its label", timeout_s=PATIENCE_S, every_s=_LOOK_S)
        told = self.carriers.pass_time(_PICKUP_H)
        assert all(one["answer"] < 300 for one in told), told

    def faults(self) -> list[str]:
        """Return where the rows, or the reconciler of whoever owns the orders, disagree with what was told."""
        books = read_books(self.platform.databases)
        received = dict.fromkeys(PRICES, UNITS)
        found = judge(books, self.purchases, received=received, charges=lambda one: len(self.providers.charges(one)))
        return found or self._reconciled()

    def settled(self, timeout_s: float = PATIENCE_S) -> list[str]:
        """Return what is left of the faults when everything that is under way has had the time to arrive."""
        deadline = time.monotonic() + timeout_s
        while (found := self.faults()) and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        return found

    def unfinished(self) -> list[tuple[Any, ...]]:
        """Return where sagas are that wait for nobody outside: order, state, step, tries, and what went wrong."""
        owner = owner_of(self.platform.databases, "orders")
        return query(self.platform.databases[MONOLITH if owner == MONOLITH else "orders"], _UNFINISHED)

    def _reconciled(self) -> list[str]:
        owner = owner_of(self.platform.databases, "orders")
        done = self.platform.manage("reconcile_orders", "--json", settings=MONOLITH if owner == MONOLITH else "orders")
        assert done.stdout, done.stderr
        return [str(one) for one in json.loads(done.stdout)["differences"]]


@contextmanager
def running_shop(start: StartShop, *, services: Collection[str] = LEAVING, **variables: str) -> Iterator[Shop]:
    """
    Run a shop until the block ends.

    Args:
        start: starts a platform on PostgreSQL, as `running_platform` does.
        services: the capabilities that have a host of their own, beside those that are complete.
        variables: added to the environment of every host.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="strangler-shop-")))
        carriers = stack.enter_context(running_carriers(folder))
        mails = stack.enter_context(running_mails(folder))
        port = free_port()
        outside = {
            "PAYMENTS_SANDBOX_URL": f"http://127.0.0.1:{port}",
            "SHIPPING_CARRIERS_URL": carriers.url,
            "SHIPPING_WEBHOOK_SECRET": SECRET,
            "NOTIFICATIONS_SMTP": mails.url,
        }
        platform = stack.enter_context(start(products=0, services=(*services, *COMPLETE), **outside, **variables))
        door = platform.public[MONOLITH]
        providers = stack.enter_context(running_providers(port, door, folder / "providers.log", hang_s=5))
        carriers.tell_at(f"{door}/api/shipping/webhooks")
        _furnish(platform)
        yield Shop(platform, providers, carriers, mails, door)


def _furnish(platform: Platform) -> None:
    """Carriers, a warehouse, and products that are on its shelves."""
    done = platform.manage("seed_shipping", settings="shipping")
    assert done.returncode == 0, done.stderr
    _made(platform, "/api/catalog/categories", {"slug": "kitchen", "name": "Kitchen"})
    _made(platform, "/api/inventory/warehouses", {"code": "EAST"})
    for sku, cents in PRICES.items():
        price = {"amount": cents, "currency": "USD"}
        variants = [{"sku": sku, "price": price, "weight_g": 400}]
        product = {"slug": sku.lower(), "name": sku.title(), "category": "kitchen", "variants": variants}
        _made(platform, "/api/catalog/products", product)
        _made(platform, f"/api/catalog/products/{sku.lower()}:publish", {}, status=200)
        _made(platform, f"/api/inventory/stock/{sku}/receipts", {"warehouse": "EAST", "qty": UNITS})


def _made(platform: Platform, path: str, body: Any, *, status: int = 201) -> None:
    answer = platform.request(MONOLITH, path, body=body, Idempotency_Key=str(uuid.uuid4()))
    assert answer[0] == status, answer


class Customer:
    """
    Somebody with an account of their own, at one door.

    Whatever is answered with 503 and Retry-After is repeated with its key after that time; nothing else is.

    Attributes:
        repeated: how often something had to be repeated, by what was said.
        waited_s: from when the last order was sent until its end was known.
    """

    def __init__(self, door: str) -> None:
        self.waited_s = 0.0
        self.email = f"{uuid.uuid4().hex[:12]}@example.com"
        self.id = ""
        self.repeated: Counter[str] = Counter()
        self._token = ""
        self._client = Client(door, timeout_s=PATIENCE_S)

    def sign_up(self) -> None:
        """Make an account, and log in."""
        account = {"email": self.email, "password": PASSWORD, "first_name": "Ada"}
        self.id = self.ask("POST", "/api/users/users", account, status={201}).data["id"]
        login = {"email": self.email, "password": PASSWORD}
        self._token = self.ask("POST", "/api/users/auth/token", login, status={200}).data["access_token"]

    def prove(self, mails: Mails) -> None:
        """Show that the e-mail address is theirs, by the mail that has come."""
        text = str(mails.wait(self.email, PROOF).get_content())
        (secret,) = [line.strip() for line in text.splitlines() if line.startswith("    ")]
        self.ask("POST", "/api/users/auth/verify-email", {"token": secret}, status={202})
        assert self.ask("GET", "/api/users/users/me", status={200}).data["email_verified"] is True

    def buy(self, lines: Mapping[str, int], *, card: str = CARD, carrier: str = "", wait_s: int = 5) -> Purchase:
        """
        Order goods, and return how that ended: confirmed or rejected.

        Args:
            carrier: who is to bring them; empty: whoever is cheapest.
        """
        for sku in lines:
            self.ask("GET", f"/api/catalog/products/{sku.lower()}", status={200})
        cart = self.ask("POST", "/api/orders/carts", {}, status={201})
        path = f"/api/orders/carts/{cart.data['id']}"
        tag = cart.headers["etag"]
        for sku, qty in lines.items():
            tag = self.ask("PUT", f"{path}/lines/{sku}", {"qty": qty}, status={200}, if_match=tag).headers["etag"]
        where = urlencode({name: HOME[name] for name in ("country", "region", "postal_code")})
        options = self.ask("GET", f"{path}/shipping-options?{where}", status={200}).data["data"]
        option = next(one for one in options if not carrier or one["carrier"] == carrier)
        total = sum(PRICES[sku] * qty for sku, qty in lines.items()) + option["price"]["amount"]
        order = {
            "id": str(uuid.uuid4()),
            "cart_id": cart.data["id"],
            "shipping_option_id": option["option_id"],
            "address": HOME,
            "payment_method_token": card,
            "expected_total": {"amount": total, "currency": "USD"},
        }
        began = time.monotonic()
        told = self.ask("POST", f"/api/orders/orders?wait={wait_s}s", order, status={201, 202, 402})
        end = CONFIRMED if told.status == _CREATED else self.end_of(order["id"])
        self.waited_s = time.monotonic() - began
        return Purchase(order["id"], self.id, dict(lines), total, end)

    def give_up(self, bought: Purchase) -> Purchase:
        """Cancel what was bought, and return how that ended."""
        path = f"/api/orders/orders/{bought.order_id}:cancel"
        self.ask("POST", path, {"reason": "changed my mind"}, status={202})
        return self.told(bought)

    def told(self, bought: Purchase) -> Purchase:
        """Return a purchase as the customer is told of it now."""
        return Purchase(bought.order_id, self.id, bought.lines, bought.total, self.end_of(bought.order_id))

    def end_of(self, order_id: str) -> str:
        """Wait until nothing of an order is under way that the customer waits for; return its status."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            status = str(self.ask("GET", f"/api/orders/orders/{order_id}", status={200}).data["status"])
            if status not in _UNDER_WAY:
                return status
            time.sleep(_LOOK_S)
        raise Unexpected(f"order {order_id} is {status} after {PATIENCE_S} s")

    def ask(self, method: str, path: str, body: Any = None, *, status: Collection[int], if_match: str = "") -> Answer:
        """
        Return an answer of one of these statuses.

        Raises:
            Unexpected: it had another one.
            NoAnswer: there was none.
        """
        headers = {"Accept": "application/json"}
        headers |= {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        headers |= {"If-Match": if_match} if if_match else {}
        content = None if body is None else json.dumps(body).encode()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self._client.send(method, path, headers=headers, body=content)
            if answer.status in status:
                return answer
            if answer.status != 503 or "retry-after" not in answer.headers or time.monotonic() > deadline:
                raise Unexpected(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
            self.repeated[answer.code] += 1
            time.sleep(float(answer.headers["retry-after"]))

    def leave(self) -> None:
        """Close the connection."""
        self._client.close()


@dataclass(slots=True)
class Crowd:
    """
    Customers who come whether or not those before them have got anything.

    Attributes:
        began: how many have come.
        ended: how each purchase ended that is over, by its number.
        faults: what nobody should be told.
        repeated: how often something had to be repeated, by what was said.
        took_s: how long each took, from when the customer was to come.
        turned_away: how many came when the shop was full: a machine that is so busy is not made any busier.
    """

    began: int = 0
    turned_away: int = 0
    ended: dict[int, Purchase] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    repeated: Counter[str] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)

    def wait_for_more(self, number: int, timeout_s: float = 240) -> None:
        """Return once so many who have come from now on are served; at once when something went wrong."""
        first = self.began
        eventually(
            lambda: self.faults or sum(index >= first for index in list(self.ended)) >= number,
            what=f"{number} more customers are served",
            timeout_s=timeout_s,
            every_s=0.1,
        )


@contextmanager
def customers_coming(shop: Shop, *, per_s: float, seed: int | str) -> Iterator[Crowd]:
    """
    Let somebody come at each tick until the block ends; then everybody is served who has come.

    Each makes an account and buys something; now and then a card is declined, or somebody changes their mind.
    """
    crowd, stop, lock = Crowd(), threading.Event(), threading.Lock()

    def serve(number: int, due: float) -> None:
        customer = Customer(shop.door)
        try:
            end = _visit(customer, random.Random(f"{seed}:{number}"))
            with lock:
                crowd.ended[number] = end
                shop.purchases.append(end)
                crowd.took_s.append(time.monotonic() - due)
        except (Unexpected, NoAnswer) as fault:
            crowd.faults.append(f"customer {number}: {fault}")
        except Exception as error:  # a bug of the customer's, which must not be taken for a purchase that went well
            crowd.faults.append(f"customer {number}: {error!r}")
        finally:
            with lock:
                crowd.repeated.update(customer.repeated)
            customer.leave()

    def let_in() -> None:
        due = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            if crowd.began - len(crowd.ended) - len(crowd.faults) < _INSIDE_MAX:
                pool.submit(serve, crowd.began, due)
                crowd.began += 1
            else:
                crowd.turned_away += 1
            due += 1 / per_s

    with ThreadPoolExecutor(_INSIDE_MAX) as pool:
        porter = threading.Thread(target=let_in)
        porter.start()
        try:
            yield crowd
        finally:
            stop.set()
            porter.join()


def _visit(customer: Customer, rng: random.Random) -> Purchase:
    customer.sign_up()
    lines = {sku: rng.randint(1, 3) for sku in rng.sample(sorted(PRICES), rng.randint(1, 2))}
    declined = rng.random() < 0.1
    bought = customer.buy(lines, card=DECLINED_CARD if declined else CARD)
    if bought.end != (REJECTED if declined else CONFIRMED):
        raise Unexpected(f"order {bought.order_id} is {bought.end}")
    if bought.end == CONFIRMED and rng.random() < 0.1:
        bought = customer.give_up(bought)
        if bought.end not in (CANCELLED, *BOUGHT):
            raise Unexpected(f"order {bought.order_id} is {bought.end}")
    return bought
