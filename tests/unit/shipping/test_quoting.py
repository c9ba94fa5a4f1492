"""Quotes of real carriers over real HTTP, and how long their prices are honoured."""

import threading
import time
from datetime import timedelta

import pytest
from django.core.signing import Signer
from django.utils import timezone

from extracted.shipping import quoting
from extracted.shipping.carriers import Rate
from extracted.shipping.models import Carrier, ShippingRateRule
from extracted.shipping.quoting import HONOURED_S, OPTION_LENGTH_MAX, Goods, ask_all, promised, quote
from monolith.kernel.money import Money
from monolith.shipping.contract import (
    AddressInvalid,
    CarrierUnavailable,
    InvalidOption,
    NoServiceAvailable,
    OutOfBounds,
    Parcel,
    QuoteExpired,
)
from tests.unit.shipping.conftest import HEAVY, MUG, home

GOODS = Goods.of_items([MUG])


def asked(postal_code="73301", *, goods=GOODS, **more):
    return quote(to=home(postal_code, **more), goods=goods)


def offers(found):
    return [(option.carrier, option.service, option.price.amount) for option in found.options]


def test_every_carrier_offers_what_it_costs_the_cheapest_first(carriers):
    """800 g in a box of 120 x 100 x 180 mm: one kilogram for everybody."""
    found = asked()
    assert offers(found) == [
        ("post", "standard", 595 + 120),
        ("swift", "ground", 700 + 90),
        ("post", "priority", 1195 + 210),
        ("herald", "courier", 1500 + 150),
        ("swift", "express", 1900 + 250),
    ]
    assert found.messages == ()
    now = timezone.now()
    assert now < found.expires_at <= now + timedelta(seconds=HONOURED_S)
    best = found.options[0]
    assert best.price == Money(715, "USD")
    assert (best.eta_max - best.eta_min).days == 3


def test_carriers_go_where_they_go(carriers):
    assert {carrier for carrier, *_ in offers(asked("K1A 0B1", country="CA", region="ON"))} == {"post", "swift"}
    berlin = asked("10115", country="DE", region="")
    assert offers(berlin) == [("post", "standard", 2495 + 610 + 2 * 50)]
    assert "US-REMOTE" in {rule.zone.code for rule in ShippingRateRule.objects.select_related("zone")}
    assert offers(asked("99501", region="AK"))[-1] == ("swift", "express", 2150)
    assert ("post", "standard", 1495 + 340) in offers(asked("99501", region="AK"))
    assert "post" not in {carrier for carrier, *_ in offers(asked("00901", region="PR"))}, "excluded"


def test_nobody_goes_there(carriers):
    with pytest.raises(NoServiceAvailable):
        asked("", country="BR", region="")


@pytest.mark.parametrize(
    ("postal_code", "code"),
    [
        ("00001", "timed_out"),
        ("00002", "bad_reply"),
        ("00003", "bad_reply"),
        ("00004", "unreachable"),
        ("00005", "refused"),
    ],
)
def test_carrier_that_fails_is_named_and_the_others_are_offered(carriers, postal_code, code):
    began = time.monotonic()
    found = asked(postal_code)
    assert {option.carrier for option in found.options} == {"post", "herald"}
    assert [(message.carrier, message.code) for message in found.messages] == [("swift", code)]
    assert found.messages[0].text
    assert time.monotonic() - began < quoting.CARRIER_TIMEOUT_S + 1


def test_no_carrier_can_be_asked(carriers, settings):
    settings.SHIPPING_CARRIERS_URL = "http://127.0.0.1:9"
    Carrier.objects.filter(code="post").update(is_active=False)
    with pytest.raises(CarrierUnavailable) as refusal:
        asked()
    assert {message["carrier"] for message in refusal.value.context["messages"]} == {"swift", "herald"}


def test_no_price_where_another_carrier_might_have_one_is_no_refusal_for_good(carriers, settings):
    settings.SHIPPING_CARRIERS_URL = "http://127.0.0.1:9"
    with pytest.raises(CarrierUnavailable):
        asked("", country="BR", region="")


def test_carriers_are_asked_at_the_same_time():
    """Three that take a while take as long as one; one that never answers does not hold up the others."""
    together, never = threading.Barrier(3), threading.Event()

    class Meets:
        def rates(self, request):
            together.wait(20)  # passes only if all three are inside at once
            return [Rate("s", Money(1, "USD"), 1, 1)]

    class Hangs:
        def rates(self, request):
            never.wait(20)
            return []

    adapters = {"a": Meets(), "b": Meets(), "c": Meets(), "late": Hangs()}
    rates, messages = ask_all(adapters, None, timeout_s=1)
    never.set()
    assert set(rates) == {"a", "b", "c"}
    assert [(message.carrier, message.code) for message in messages] == [("late", "timed_out")]


def test_bug_of_an_adapter_is_no_message():
    class Broken:
        def rates(self, request):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_all({"broken": Broken()}, None, timeout_s=5)


def test_service_that_is_not_offered_is_left_out_and_so_is_an_inactive_carrier(carriers):
    Carrier.objects.filter(code="swift").update(services=["express"])
    Carrier.objects.filter(code="herald").update(is_active=False)
    assert {(carrier, service) for carrier, service, _ in offers(asked())} == {
        ("post", "standard"), ("post", "priority"), ("swift", "express"),
    }  # fmt: skip


def test_price_is_honoured_until_the_quote_expires(carriers):
    found = asked()
    ShippingRateRule.objects.update(base_minor=99_999)
    for to in (home(), home(name="Bob", line1="2 Side St")):  # who gets it, and in which street, is no part of it
        promise = promised(found.options[0].option_id, to=to, goods=GOODS)
        assert (promise.carrier, promise.service, promise.quote_id) == ("post", "standard", found.id)
        assert promise.price == Money(715, "USD")


def test_option_holds_for_its_own_address_and_items_only(carriers):
    option = asked().options[0].option_id
    assert len(option) <= OPTION_LENGTH_MAX
    for to, goods in (
        (home("73302"), GOODS),
        (home(), Goods.of_items([HEAVY])),
        (home(), Goods.of_parcels(GOODS.parcels)),  # the same box, of one unit
    ):
        with pytest.raises(InvalidOption):
            promised(option, to=to, goods=goods)


def test_forged_option_is_refused(carriers):
    option = asked().options[0].option_id
    said = Signer(salt="shipping.option").unsign_object(option)
    for forged in ("", "x", option[:-1], option.replace(":", ":x", 1), Signer(salt="other").sign_object(said),
                   Signer(salt="shipping.option").sign_object(said[:-1])):  # fmt: skip
        with pytest.raises(InvalidOption):
            promised(forged, to=home(), goods=GOODS)


def test_quote_expires(carriers):
    option = asked().options[0].option_id
    signer = Signer(salt="shipping.option")
    said = signer.unsign_object(option)
    said[5] = int(time.time())
    with pytest.raises(QuoteExpired) as refusal:
        promised(signer.sign_object(said), to=home(), goods=GOODS)
    assert "expired_at" in refusal.value.context


def test_bad_address_and_bad_parcels_are_refused_before_anybody_is_asked(carriers):
    with pytest.raises(AddressInvalid):
        asked("7330")
    with pytest.raises(AddressInvalid) as refusal:
        quote(to=home(), goods=GOODS, origin=home(city=""))
    assert refusal.value.context["invalid"][0]["field"] == "from.city"
    for parcels in ([], [Parcel(weight_g=1, length_mm=1, width_mm=1, height_mm=1)] * 21):
        with pytest.raises(OutOfBounds):
            Goods.of_parcels(parcels)
    assert carriers.calls == {}


def test_too_heavy_for_one_carrier(carriers):
    """Herald takes 20 kg a parcel."""
    found = asked(goods=Goods.of_parcels([Parcel(weight_g=25_000, length_mm=100, width_mm=100, height_mm=100)]))
    assert [message.carrier for message in found.messages] == ["herald"]
    assert "20 kg" in found.messages[0].text
