"""The rules of shipping; no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from monolith.kernel.money import Money
from monolith.kernel.skus import SKU_PATTERN
from monolith.kernel.transitions import Transitions
from monolith.shipping.contract import ExceedsOrdered, Item, Line, OutOfBounds, Parcel
from monolith.shipping.contract import ShipmentStatus as Status
from monolith.shipping.contract import TrackingStatus as Seen

ITEMS_MAX = 100
PARCELS_MAX = 20
QTY_MAX = 10_000
WEIGHT_MAX_G = 1_000_000
SIDE_MAX_MM = 10_000
TEXT_MAX = 500
PARCEL_FULL_G = 30_000
PARCEL_FULL_MM = 1_500
_SKU = re.compile(SKU_PATTERN)
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")

TRANSITIONS = Transitions(
    {
        Status.DRAFT: frozenset({Status.LABEL_CREATED, Status.CANCELLED}),
        Status.LABEL_CREATED: frozenset({Status.IN_TRANSIT, Status.CANCELLED}),
        Status.IN_TRANSIT: frozenset({Status.OUT_FOR_DELIVERY, Status.EXCEPTION}),
        Status.OUT_FOR_DELIVERY: frozenset({Status.DELIVERED, Status.EXCEPTION}),
        Status.EXCEPTION: frozenset({Status.IN_TRANSIT, Status.RETURN_TO_SENDER}),
        Status.DELIVERED: frozenset({Status.RETURN_TO_SENDER, Status.RETURNED}),
        Status.RETURN_TO_SENDER: frozenset({Status.RETURNED}),
        Status.RETURNED: frozenset(),
        Status.CANCELLED: frozenset(),
    }
)
_MOVING = frozenset({Status.IN_TRANSIT, Status.OUT_FOR_DELIVERY, Status.EXCEPTION})
"""Among these a parcel goes to and fro; out of them it only goes on."""
_STAGE = {
    Status.LABEL_CREATED: 0,
    **dict.fromkeys(_MOVING, 1),
    Status.DELIVERED: 2,
    Status.RETURN_TO_SENDER: 3,
    Status.RETURNED: 4,
}
_SEEN = {
    Seen.PRE_TRANSIT: Status.LABEL_CREATED,
    Seen.IN_TRANSIT: Status.IN_TRANSIT,
    Seen.OUT_FOR_DELIVERY: Status.OUT_FOR_DELIVERY,
    Seen.AVAILABLE_FOR_PICKUP: Status.OUT_FOR_DELIVERY,
    Seen.DELIVERED: Status.DELIVERED,
    Seen.RETURN_TO_SENDER: Status.RETURN_TO_SENDER,
    Seen.FAILURE: Status.EXCEPTION,
    Seen.ERROR: Status.EXCEPTION,
}
BEFORE_PICKUP = TRANSITIONS.before(Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a service of the table costs in a zone, for a parcel whose billable weight is within bounds."""

    service: str
    weight_min_kg: int
    weight_max_kg: int
    base: Money
    per_kg: Money
    per_item: Money
    dim_factor: int
    days_min: int
    days_max: int


def status_after(seen: Iterable[Seen]) -> Status:
    """
    Return where a parcel is after what a carrier has seen, in the order in which it happened.

    A parcel never goes back to an earlier stage: with more events known, the answer is the same or a later one, in
    whatever order they became known.
    """
    status = Status.LABEL_CREATED
    for one in seen:
        after = _SEEN.get(one, status)
        if status is Status.RETURN_TO_SENDER and after is Status.DELIVERED:
            after = Status.RETURNED  # delivered to the sender
        if _STAGE[after] >= _STAGE[status]:
            status = after
    return status


def status_of_all(parcels: Sequence[Status]) -> Status:
    """Return where a shipment is: where the parcel is that is least far, but on its way as soon as one of them is."""
    least = min(parcels, key=lambda status: _STAGE[status])
    if Status.EXCEPTION in parcels and _STAGE[least] <= 1:
        return Status.EXCEPTION
    if least is Status.LABEL_CREATED and set(parcels) != {Status.LABEL_CREATED}:
        return Status.IN_TRANSIT
    if least in _MOVING:
        return Status.IN_TRANSIT if Status.IN_TRANSIT in parcels else Status.OUT_FOR_DELIVERY
    return least


def is_further(status: Status, than: Status) -> bool:
    """Whether a shipment may go from *than* to *status* because a carrier has seen it there."""
    return status is not than and than in _STAGE and _STAGE[status] >= _STAGE[than]


def billable_kg(parcel: Parcel, dim_factor: int) -> int:
    """
    Return what a carrier charges for: weight or volume, whichever is more, in whole kilograms rounded up.

    Args:
        dim_factor: cubic centimetres that count as a kilogram.
    """
    volume_mm3 = parcel.length_mm * parcel.width_mm * parcel.height_mm
    return max(-(-parcel.weight_g // 1_000), -(-volume_mm3 // (dim_factor * 1_000)))


def price_of(rules: Sequence[Rule], service: str, parcels: Sequence[Parcel], item_count: int) -> Money | None:
    """Return what a service of the table costs; None when a parcel fits none of its rules."""
    total: Money | None = None
    for parcel in parcels:
        rule = _rule_for(rules, service, parcel)
        if rule is None:
            return None
        cost = rule.base + rule.per_kg * billable_kg(parcel, rule.dim_factor)
        if total is None:
            cost += rule.per_item * item_count
        total = cost if total is None else total + cost
    return total


def _rule_for(rules: Sequence[Rule], service: str, parcel: Parcel) -> Rule | None:
    return next(
        (
            rule
            for rule in rules
            if rule.service == service
            and rule.weight_min_kg <= billable_kg(parcel, rule.dim_factor) <= rule.weight_max_kg
        ),
        None,
    )


def pack(items: Sequence[Item]) -> tuple[Parcel, ...]:
    """
    Put items into boxes: one on top of the other, each on its largest side, the longest first.

    A box is full when another unit would make it heavier than `PARCEL_FULL_G` or higher than `PARCEL_FULL_MM`; one unit
    alone always has a box.
    """
    units = [
        Parcel(weight_g=item.weight_g, length_mm=sides[0], width_mm=sides[1], height_mm=sides[2])
        for item in items
        for sides in [sorted((item.length_mm, item.width_mm, item.height_mm), reverse=True)]
        for _ in range(item.qty)
    ]
    units.sort(key=lambda unit: (-unit.length_mm, -unit.width_mm, -unit.height_mm, -unit.weight_g))
    boxes: list[Parcel] = []
    for unit in units:
        if boxes and _fits(boxes[-1], unit):
            boxes[-1] = _stacked(boxes[-1], unit)
        else:
            boxes.append(unit)
    check_parcels(boxes)
    return tuple(boxes)


def _fits(box: Parcel, unit: Parcel) -> bool:
    return box.weight_g + unit.weight_g <= PARCEL_FULL_G and box.height_mm + unit.height_mm <= PARCEL_FULL_MM


def _stacked(box: Parcel, unit: Parcel) -> Parcel:
    return Parcel(
        weight_g=box.weight_g + unit.weight_g,
        length_mm=max(box.length_mm, unit.length_mm),
        width_mm=max(box.width_mm, unit.width_mm),
        height_mm=box.height_mm + unit.height_mm,
    )


def check_items(items: Sequence[Item]) -> None:
    """Raise OutOfBounds unless there are 1 to `ITEMS_MAX` items of different SKUs, each within its bounds."""
    if not 1 <= len(items) <= ITEMS_MAX:
        raise OutOfBounds(f"Give 1 to {ITEMS_MAX} items, not {len(items)}.")
    if len({item.sku for item in items}) < len(items):
        raise OutOfBounds("Name each SKU once.")
    for item in items:
        if not _SKU.fullmatch(item.sku):
            raise OutOfBounds(f"{item.sku[:64]!r} is no SKU: capital letters and digits, with . _ - between.")
        _check("A quantity", item.qty, QTY_MAX)
        check_measures(item)
    if sum(item.qty for item in items) > QTY_MAX:
        raise OutOfBounds(f"A shipment has at most {QTY_MAX} units.")


def check_parcels(parcels: Sequence[Parcel]) -> None:
    """Raise OutOfBounds unless there are 1 to `PARCELS_MAX` parcels, each within its bounds."""
    if not 1 <= len(parcels) <= PARCELS_MAX:
        raise OutOfBounds(f"A shipment has 1 to {PARCELS_MAX} parcels, not {len(parcels)}: send it in parts.")
    for parcel in parcels:
        check_measures(parcel)


def check_measures(thing: Item | Parcel) -> None:
    """Raise OutOfBounds unless weight and sides are within their bounds."""
    _check("A weight in grams", thing.weight_g, WEIGHT_MAX_G)
    for side in (thing.length_mm, thing.width_mm, thing.height_mm):
        _check("A side in millimetres", side, SIDE_MAX_MM)


def check_text(text: str) -> None:
    """Raise OutOfBounds unless every database here can keep *text*, and it is not too long."""
    if not is_text(text):
        raise OutOfBounds(f"A reason has at most {TEXT_MAX} characters, and no control character NUL.")


def is_text(text: str) -> bool:
    """Whether every database here can keep *text*."""
    return len(text) <= TEXT_MAX and not _NOT_TEXT.search(text)


def _check(what: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise OutOfBounds(f"{what} is 1 to {most}, not {value}.")


def exceeding(lacks: Iterable[tuple[str, int, int]]) -> ExceedsOrdered:
    """Make the refusal of (sku, requested, left) lines."""
    lines = [{"sku": sku, "requested": requested, "left": left} for sku, requested, left in lacks]
    return ExceedsOrdered(f"There is not so much left of {', '.join(str(line['sku']) for line in lines)}.", lines=lines)


def check_left(wanted: Mapping[str, int], left: Mapping[str, int]) -> None:
    """Raise ExceedsOrdered unless at least *wanted* is *left*, SKU by SKU."""
    lacks = [(sku, qty, left.get(sku, 0)) for sku, qty in wanted.items() if qty > left.get(sku, 0)]
    if lacks:
        raise exceeding(lacks)


def quantities(lines: Iterable[Item | Line]) -> dict[str, int]:
    """Return SKU to quantity."""
    return {line.sku: line.qty for line in lines}


def label_number(label_id: UUID) -> str:
    """Return the tracking number that the shop's own post gives a label: always the same."""
    return f"PP{label_id.int % 10**18:018d}"
