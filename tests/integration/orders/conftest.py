"""A whole shop on each database: the real neighbours in this process, providers and carriers over HTTP."""

from __future__ import annotations

import json
import random
import time
import uuid
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from extracted.shipping.models import Label
from extracted.shipping.seed import settle
from extracted.shipping.services.labels import labels_handle
from extracted.shipping.services.tracking import webhook_keep, webhook_take
from monolith.catalog import services as catalog_services
from monolith.catalog.contract import catalog
from monolith.catalog.domain import Dims
from monolith.catalog.services.inputs import NewProduct, NewVariant
from monolith.inventory.services.stock import stock_receive
from monolith.inventory.services.warehouses import warehouse_create
from monolith.kernel.ids import uuid7
from monolith.kernel.money import Money
from monolith.orders.contract import Address, WantedLine
from monolith.orders.models import Order, Saga, SagaStepLog
from monolith.orders.saga.checkout import IN_FLIGHT_S, item_of
from monolith.orders.saga.engine import Engine
from monolith.orders.services import orders
from monolith.orders.services.orders import NewOrder
from monolith.payments import providers
from monolith.payments.capability import ENVIRONMENT
from monolith.payments.models import PaymentAttempt
from monolith.payments.tasks import resolve_attempts
from monolith.shipping.contract import Address as ShippingAddress
from monolith.shipping.contract import shipping
from strangler.events import relay
from strangler.hosting.celery import app
from strangler.hosting.rest.webhooks import sign
from tests.support.processes import free_port
from tests.support.providers import running_providers
from tests.unit.shipping.conftest import SECRET, sandbox

__all__ = ["sandbox"]
HOME = Address(name="Ada", line1="1 Main St", city="Austin", region="TX", postal_code="73301", country="US")
PATIENCE_S = 3600.0  # a run ends when nothing is due, however busy the machine is
PRICES = {"MUG": 1999, "POT": 3400, "CUP": 900}


@pytest.fixture(scope="session")
def providers_url(tmp_path_factory):
    """Two payment providers as a process; nobody takes their webhooks, so what is late is polled."""
    port, log = free_port(), tmp_path_factory.mktemp("providers") / "log"
    with running_providers(port, "http://127.0.0.1:9", log, hang_s=2) as running:
        yield running.url


@pytest.fixture(autouse=True)
def without_broker():
    """Tasks run where they are asked for."""
    before, app.conf.task_always_eager = app.conf.task_always_eager, True
    yield
    app.conf.task_always_eager = before


class Mall:
    """The whole shop, and what people do in it."""

    def __init__(self, vendor):
        self.vendor = vendor
        self.engine = Engine()
        self._options = {}

    def stock(self, sku, qty):
        stock_receive(warehouse="EAST", quantities={sku: qty}, reference=str(uuid.uuid4()), actor="a")

    def option(self, lines, address=HOME):
        """An option of a quote, asked for once."""
        key = (tuple(sorted(lines.items())), address.postal_code, address.country)
        if key not in self._options:
            variants = catalog().variants_by_sku(skus=tuple(lines))
            items = tuple(item_of(variant, lines[variant.sku]) for variant in variants)
            quote = shipping().quote(to=ShippingAddress(**asdict(address)), items=items)
            self._options[key] = next(one for one in quote.options if one.carrier == "post")
        return self._options[key]

    def new(self, token="tok_visa", *, address=HOME, prices=PRICES, order_id=None, customer=None, **lines):
        """An order as the customer has seen it."""
        lines = lines or {"MUG": 1}
        option = self.option(lines, address)
        return NewOrder(
            order_id=order_id or uuid7(),
            customer_id=customer or uuid.uuid4(),
            lines=[
                WantedLine(sku=sku, qty=qty, name=sku.title(), unit_price=Money(prices[sku], "USD"))
                for sku, qty in sorted(lines.items())
            ],
            shipping=option.price,
            shipping_option_id=option.option_id,
            address=address,
            payment_method=token,
        )

    def place(self, token="tok_visa", **more):
        return orders.order_place(new=self.new(token, **more), actor="c").order.id

    def run(self, order_id=None):
        """Let everything happen that is due."""
        return self.engine.run(time.monotonic() + PATIENCE_S, order_id)

    def checked_out(self, token="tok_visa", **more):
        order_id = self.place(token, **more)
        self.run(order_id)
        return order_id

    def cancel(self, order_id, reason="changed my mind"):
        return orders.order_cancel(order_id=order_id, actor="c", reason=reason)

    def order(self, order_id):
        return Order.objects.get(id=order_id)

    def saga(self, order_id):
        return Saga.objects.get(order_id=order_id)

    def status(self, order_id):
        return self.order(order_id).status

    def later(self):
        """Let the time come for which sagas and payments wait, deadlines aside."""
        past = timezone.now() - timedelta(seconds=1)
        Saga.objects.filter(next_run_at__gt=past).update(next_run_at=past)
        Saga.objects.filter(locked_until__isnull=False).update(locked_until=past)
        SagaStepLog.objects.update(begun_at=F("begun_at") - timedelta(seconds=IN_FLIGHT_S))
        PaymentAttempt.objects.filter(due_at__isnull=False).update(due_at=past, leased_until=None)
        resolve_attempts()

    def settle(self, rounds=40):
        """Let time pass until nothing moves any more, except for what waits for a carrier."""
        for _ in range(rounds):
            labels_handle()
            while relay.run_once():
                pass
            self.later()
            self.run()
            if not Saga.objects.filter(state__in=("running", "compensating")).exclude(step="await_pickup").exists():
                return
        left = list(Saga.objects.filter(state__in=("running", "compensating")).values("step", "state", "error"))
        raise AssertionError(f"it does not end: {left}")

    def scan(self, order_id, status="in_transit"):
        """The shop's own post has seen the parcels."""
        labels_handle()
        labels = Label.objects.filter(parcel__shipment__order_id=order_id)
        for number in labels.values_list("tracking_number", flat=True):
            said = {
                "id": f"{number}-{status}",
                "tracking_number": number,
                "status": status,
                "occurred_at": timezone.now().isoformat(),
            }
            body = json.dumps(said).encode()
            webhook_keep(carrier="post", body=body, signature=sign(body, SECRET))
        while webhook_take():
            pass

    def told(self, order_id):
        with connection.cursor() as cursor:
            cursor.execute("SELECT type FROM orders_outbox WHERE aggregate_id = %s ORDER BY sequence", [str(order_id)])
            return [kind.removeprefix("shop.order.").removesuffix(".v1") for (kind,) in cursor.fetchall()]


@pytest.fixture
def mall(homes, sandbox, providers_url, settings):
    """A shop with two products on the database."""
    settings.SHIPPING_CARRIERS_URL = sandbox.url
    settings.SHIPPING_WEBHOOK_SECRET = SECRET
    settings.PAYMENTS_SANDBOX_URL = providers_url
    settings.PAYMENTS_SANDBOX_SECRET = ENVIRONMENT["PAYMENTS_SANDBOX_SECRET"]
    settings.PAYMENTS_ANSWER_S = "0.5"
    settings.PAYMENTS_PROVIDERS = "sandbox_a,sandbox_b"
    providers.registry.breaker.cache_clear()
    list(settle())
    warehouse_create(code="EAST", priority=1)
    catalog_services.category_create(slug="kitchen", name="Kitchen")
    for sku, price in PRICES.items():
        variants = [NewVariant(sku=sku, price=Money(price, "USD"), weight_g=400, dims_mm=Dims(120, 100, 90))]
        new = NewProduct(slug=sku.lower(), name=sku.title(), category="kitchen", variants=variants)
        catalog_services.product_publish(product_id=catalog_services.product_create(new=new, actor="a").id, actor="a")
    shop = Mall(homes.vendor)
    for sku in ("MUG", "POT"):
        shop.stock(sku, 10_000)
    return shop


@pytest.fixture
def rng(seed):
    return random.Random(seed)
