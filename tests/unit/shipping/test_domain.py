"""The rules of shipping, without a database."""

import itertools
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracted.shipping import addresses
from extracted.shipping.domain import (
    BEFORE_PICKUP,
    TRANSITIONS,
    Rule,
    billable_kg,
    check_items,
    is_further,
    pack,
    price_of,
    status_after,
    status_of_all,
)
from extracted.shipping.zones import Area, zone_of
from monolith.kernel.money import Money
from monolith.shipping.contract import Address, AddressInvalid, Item, OutOfBounds, Parcel
from monolith.shipping.contract import ShipmentStatus as Status
from monolith.shipping.contract import TrackingStatus as Seen

HOME = Address(name="Ada", line1="1 Main St", city="Austin", region="TX", postal_code="73301", country="US")
MUG = Item(sku="MUG", qty=1, weight_g=400, length_mm=120, width_mm=100, height_mm=90)
# How far a status is, written down a second time.
FAR = {"label_created": 0, "in_transit": 1, "out_for_delivery": 1, "exception": 1, "delivered": 2,
       "return_to_sender": 3, "returned": 4}  # fmt: skip


def box(weight_g=1000, length_mm=100, width_mm=100, height_mm=100):
    return Parcel(weight_g=weight_g, length_mm=length_mm, width_mm=width_mm, height_mm=height_mm)


def usd(amount):
    return Money(amount, "USD")


def rule(**more):
    said = {
        "service": "standard", "weight_min_kg": 0, "weight_max_kg": 30, "base": usd(500), "per_kg": usd(100),
        "per_item": usd(10), "dim_factor": 5000, "days_min": 2, "days_max": 4,
    }  # fmt: skip
    return Rule(**said | more)


@pytest.mark.parametrize(
    ("parcel", "dim_factor", "kg"),
    [
        (box(weight_g=1), 5000, 1),
        (box(weight_g=1000), 5000, 1),
        (box(weight_g=1001), 5000, 2),
        (box(weight_g=500, length_mm=400, width_mm=300, height_mm=200), 5000, 5),  # 24,000 cm3: 4.8 kg
        (box(weight_g=500, length_mm=400, width_mm=300, height_mm=200), 6000, 4),  # 4 kg to the gram
        (box(weight_g=500, length_mm=401, width_mm=300, height_mm=200), 6000, 5),
        (box(weight_g=9000, length_mm=400, width_mm=300, height_mm=200), 5000, 9),
    ],
)
def test_what_is_charged_for_is_weight_or_volume_rounded_up(parcel, dim_factor, kg):
    assert billable_kg(parcel, dim_factor) == kg


def test_price_is_base_and_weight_of_each_parcel_and_each_item_once():
    assert price_of([rule()], "standard", [box(1500), box(3000)], 7) == usd(500 + 200 + 500 + 300 + 70)


def test_rule_is_chosen_by_billable_weight():
    rules = [rule(weight_max_kg=2), rule(weight_min_kg=3, weight_max_kg=9, base=usd(900))]
    assert price_of(rules, "standard", [box(2000)], 0) == usd(700)
    assert price_of(rules, "standard", [box(2001)], 0) == usd(1200)
    assert price_of(rules, "standard", [box(9001)], 0) is None
    assert price_of(rules, "standard", [box(100), box(9001)], 0) is None
    assert price_of(rules, "express", [box(100)], 0) is None


def test_items_are_stacked_until_a_box_is_full():
    flat = Item(sku="FLAT", qty=3, weight_g=1000, length_mm=100, width_mm=300, height_mm=200)
    assert pack([flat]) == (box(3000, 300, 200, 300),)
    heavy = Item(sku="HEAVY", qty=3, weight_g=14_000, length_mm=100, width_mm=100, height_mm=100)
    assert [parcel.weight_g for parcel in pack([heavy])] == [28_000, 14_000]
    high = Item(sku="HIGH", qty=3, weight_g=10, length_mm=800, width_mm=800, height_mm=800)
    assert [parcel.height_mm for parcel in pack([high])] == [800, 800, 800]


@given(
    st.lists(
        st.tuples(st.integers(1, 20), st.integers(1, 40_000), *[st.integers(1, 2_000)] * 3), min_size=1, max_size=4
    )
)
def test_boxes_hold_everything(lines):
    """Nothing gets lost, and only a unit that is too large by itself makes a box too large."""
    items = [
        Item(sku=f"S{n}", qty=q, weight_g=w, length_mm=a, width_mm=b, height_mm=c)
        for n, (q, w, a, b, c) in enumerate(lines)
    ]
    try:
        boxes = pack(items)
    except OutOfBounds:
        return  # more boxes than a shipment has
    assert sum(one.weight_g for one in boxes) == sum(item.qty * item.weight_g for item in items)
    heaviest = max(item.weight_g for item in items)
    assert all(one.weight_g <= max(30_000, heaviest) for one in boxes)
    assert all(one.length_mm >= one.width_mm for one in boxes)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [MUG, MUG],
        [Item(sku=f"S{n}", qty=1, weight_g=1, length_mm=1, width_mm=1, height_mm=1) for n in range(101)],
        [Item(sku="MUG", qty=0, weight_g=1, length_mm=1, width_mm=1, height_mm=1)],
        [Item(sku="mug", qty=1, weight_g=1, length_mm=1, width_mm=1, height_mm=1)],
        [Item(sku="MUG", qty=1, weight_g=0, length_mm=1, width_mm=1, height_mm=1)],
        [Item(sku="MUG", qty=1, weight_g=1, length_mm=10_001, width_mm=1, height_mm=1)],
        [Item(sku=s, qty=6_000, weight_g=1, length_mm=1, width_mm=1, height_mm=1) for s in "AB"],
    ],
)
def test_every_number_of_items_has_its_bounds(items):
    with pytest.raises(OutOfBounds):
        check_items(items)


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        ("", Status.LABEL_CREATED),
        ("unknown pre_transit", Status.LABEL_CREATED),
        ("in_transit", Status.IN_TRANSIT),
        ("in_transit out_for_delivery", Status.OUT_FOR_DELIVERY),
        ("in_transit available_for_pickup", Status.OUT_FOR_DELIVERY),
        ("in_transit out_for_delivery in_transit", Status.IN_TRANSIT),
        ("in_transit failure", Status.EXCEPTION),
        ("error in_transit", Status.IN_TRANSIT),
        ("delivered", Status.DELIVERED),
        ("delivered in_transit", Status.DELIVERED),
        ("delivered failure unknown", Status.DELIVERED),
        ("in_transit failure return_to_sender", Status.RETURN_TO_SENDER),
        ("return_to_sender in_transit", Status.RETURN_TO_SENDER),
        ("return_to_sender delivered", Status.RETURNED),
        ("delivered return_to_sender", Status.RETURN_TO_SENDER),
        ("return_to_sender delivered in_transit delivered", Status.RETURNED),
        ("in_transit cancelled", Status.IN_TRANSIT),
    ],
)
def test_parcel_is_where_it_was_seen_last(seen, status):
    assert status_after(Seen(word) for word in seen.split()) is status


@given(st.lists(st.sampled_from(Seen), max_size=7), st.data())
def test_knowing_more_takes_no_parcel_back(seen, data):
    """However many of the events are known, whichever come later: what is known later is never an earlier stage."""
    known = data.draw(st.lists(st.sampled_from(range(len(seen))), unique=True)) if seen else []
    before = status_after(seen[index] for index in sorted(known))
    assert FAR[status_after(seen)] >= FAR[before]


@pytest.mark.parametrize(
    ("parcels", "status"),
    [
        ("label_created label_created", "label_created"),
        ("label_created in_transit", "in_transit"),
        ("label_created delivered", "in_transit"),
        ("in_transit out_for_delivery", "in_transit"),
        ("out_for_delivery delivered", "out_for_delivery"),
        ("exception out_for_delivery", "exception"),
        ("exception label_created", "exception"),
        ("exception delivered", "exception"),
        ("delivered delivered", "delivered"),
        ("delivered return_to_sender", "delivered"),
        ("returned returned", "returned"),
    ],
)
def test_shipment_is_where_its_last_parcel_is(parcels, status):
    for order in itertools.permutations(Status(word) for word in parcels.split()):
        assert status_of_all(order) == status


def test_shipment_never_goes_back_and_nothing_moves_one_that_has_not_begun_or_was_cancelled():
    for one, other in itertools.product(Status, map(Status, FAR)):
        may = is_further(other, one)
        if one in (Status.DRAFT, Status.CANCELLED) or one is other:
            assert not may
        else:
            assert may == (FAR[other] >= FAR[one])


def test_every_step_of_the_table_is_one_forward():
    assert {Status.DRAFT, Status.LABEL_CREATED} == BEFORE_PICKUP
    for status, following in TRANSITIONS.table.items():
        assert all(status not in FAR or after not in FAR or FAR[after] >= FAR[status] for after in following)


@pytest.mark.parametrize(
    ("code", "pattern", "covered"),
    [
        ("90210", "90210", True),
        ("90211", "90210", False),
        ("90210", "902*", True),
        ("90310", "902*", False),
        ("90210", "900-915", True),
        ("91599", "900-915", True),
        ("91600", "900-915", False),
        ("90210-1234", "90210*", True),
        ("sw1a 1aa", "SW1*", True),
        ("K1A 0B1", "k1a*", True),
        ("9", "900-915", False),
        ("", "9*", False),
    ],
)
def test_pattern_covers_a_postal_code(code, pattern, covered):
    assert addresses.matches(code, pattern) is covered


def test_zone_is_the_first_that_covers_and_exclusions_win():
    near = Area("NEAR", frozenset({"US"}), ("73*",), ("73302",))
    rest = Area("REST", frozenset({"US", "CA"}), (), ("73303",))
    areas = [near, rest]

    def zone(**more):
        found = zone_of(Address(**{"name": "", "line1": "", "city": "", "country": "US", **more}), areas)
        return found.code if found else None

    assert zone(postal_code="73301") == "NEAR"
    assert zone(postal_code="73302") == "REST"
    assert zone(postal_code="73303") == "NEAR"
    assert zone(postal_code="90210") == "REST"
    assert zone(postal_code="", country="CA") == "REST"
    assert zone(postal_code="73301", country="DE") is None
    assert zone_of(Address(name="", line1="", city="", country="US", postal_code="73303"), [rest]) is None


def faults(**more):
    said = {name: getattr(HOME, name) for name in HOME.__slots__} | more
    with suppress(AddressInvalid):
        addresses.check(Address(**said))
        return {}
    with pytest.raises(AddressInvalid) as refusal:
        addresses.check(Address(**said))
    assert all(one["detail"] for one in refusal.value.context["invalid"])
    return {one["field"]: one["code"] for one in refusal.value.context["invalid"]}


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, {}),
        ({"postal_code": "73301-0001"}, {}),
        ({"name": " ", "city": ""}, {"to.name": "required", "to.city": "required"}),
        ({"region": ""}, {"to.region": "required"}),
        ({"postal_code": ""}, {"to.postal_code": "required"}),
        ({"postal_code": "7330"}, {"to.postal_code": "invalid"}),
        ({"postal_code": "\u0667\u0663\u0663\u0660\u0661"}, {"to.postal_code": "invalid"}),
        ({"country": "usa"}, {"to.country": "invalid"}),
        ({"country": "DE", "region": "", "postal_code": "10115"}, {}),
        ({"country": "DE", "region": "", "postal_code": "1011"}, {"to.postal_code": "invalid"}),
        ({"country": "GB", "region": "", "postal_code": "SW1A 1AA"}, {}),
        ({"country": "CA", "region": "ON", "postal_code": "k1a0b1"}, {}),
        ({"country": "IE", "region": "", "postal_code": ""}, {}),
        ({"line2": "x" * 101}, {"to.line2": "too_long"}),
        ({"line1": "1\nMain"}, {"to.line1": "invalid"}),
        ({"line1": "nul\x00"}, {"to.line1": "invalid"}),
    ],
)
def test_everything_that_is_wrong_with_an_address_is_said_at_once(more, found):
    assert faults(**more) == found
