"""
Carriers, zones and prices as one document, which is kept in a repository and put in force as a whole.

What was quoted stays as it was quoted, and what is with a carrier goes on, whatever the next document says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from extracted.shipping.carriers.registry import CODES
from extracted.shipping.models import Carrier, ShippingRateRule, Zone
from monolith.kernel.money import EXPONENTS
from strangler.fence import owning

_Entry = TypeVar("_Entry", bound=msgspec.Struct)
_Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
_ZoneCode = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]
_Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
_Postal = Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,10}(\*|-[A-Z0-9]{1,10})?$")]
_Amount = Annotated[int, Meta(ge=0, le=10**12, description="in minor units")]
_Kg = Annotated[int, Meta(ge=0, le=100_000)]
_Days = Annotated[int, Meta(ge=0, le=365)]


class Invalid(Exception):
    """The document cannot be put in force; the message says where, and why."""


class CarrierEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A carrier; one that is not to be asked any more is not `is_active`."""

    code: _Code
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    services: list[_Code]
    is_active: bool = True


class RuleEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a service costs for parcels of so many billable kilograms."""

    service: _Code
    weight_min_kg: _Kg = 0
    weight_max_kg: _Kg
    base_minor: _Amount
    per_kg_minor: _Amount = 0
    per_item_minor: _Amount = 0
    currency: str
    dim_factor: Annotated[int, Meta(ge=1, le=1_000_000, description="cm3 per kg")] = 5000
    days_min: _Days = 2
    days_max: _Days = 5


class ZoneEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where rules hold; the first zone by priority that covers an address counts."""

    code: _ZoneCode
    priority: Annotated[int, Meta(ge=0, le=1_000_000)] = 100
    countries: list[_Country]
    postal_patterns: list[_Postal] = []
    postal_exclusions: list[_Postal] = []
    rules: list[RuleEntry] = []


class Pricelist(msgspec.Struct, forbid_unknown_fields=True):
    """All of it."""

    carriers: list[CarrierEntry]
    zones: list[ZoneEntry]


def in_force() -> Pricelist:
    """Return what the rows say, in the order in which zones are looked at."""
    rules: dict[Any, list[RuleEntry]] = {}
    for row in ShippingRateRule.objects.order_by("zone_id", "service", "weight_min_kg"):
        rules.setdefault(row.zone_id, []).append(_entry(RuleEntry, row))
    zones = [_entry(ZoneEntry, row, rules=rules.get(row.pk, [])) for row in Zone.objects.order_by("priority", "code")]
    return Pricelist([_entry(CarrierEntry, row) for row in Carrier.objects.order_by("code")], zones)


def encoded(pricelist: Pricelist) -> str:
    """Return the document as JSON that a person can read and compare."""
    return msgspec.json.format(msgspec.json.encode(pricelist)).decode()


def decoded(text: str | bytes) -> Pricelist:
    """
    Return the document that *text* is.

    Raises:
        Invalid: it is none, or says what cannot be.
    """
    try:
        pricelist = msgspec.json.decode(text, type=Pricelist)
    except msgspec.DecodeError as error:
        raise Invalid(f"{error}.") from error
    if faults := list(_faults(pricelist)):
        raise Invalid(" ".join(faults))
    return pricelist


def differences(before: Pricelist, after: Pricelist) -> list[str]:
    """Return a line for each thing that *after* adds (+), takes away (-) or changes (~, from what to what)."""
    old, new = dict(_named(before)), dict(_named(after))
    changed = [(name, old[name], fields) for name, fields in new.items() if old.get(name, fields) != fields]
    lines = [f"+ {name}: {_said(fields)}" for name, fields in new.items() if name not in old]
    lines += [f"~ {name}: {_said(fields, was)}" for name, was, fields in changed]
    return lines + [f"- {name}: {_said(fields)}" for name, fields in old.items() if name not in new]


def put_in_force(pricelist: Pricelist) -> list[str]:
    """
    Let the rows say what the document says, and return what has changed.

    Raises:
        Moved: this home does not own shipping.
    """
    with owning("shipping"):
        changes = differences(in_force(), pricelist)
        for carrier in pricelist.carriers:
            values = msgspec.structs.asdict(carrier)
            Carrier.objects.update_or_create(code=values.pop("code"), defaults=values)
        ShippingRateRule.objects.all().delete()
        Zone.objects.exclude(code__in=[zone.code for zone in pricelist.zones]).delete()
        for zone in pricelist.zones:
            values = msgspec.structs.asdict(zone)
            rules = values.pop("rules")
            row, _ = Zone.objects.update_or_create(code=values.pop("code"), defaults=values)
            ShippingRateRule.objects.bulk_create(
                ShippingRateRule(zone=row, **msgspec.structs.asdict(rule)) for rule in rules
            )
    return changes


def _entry(kind: type[_Entry], row: Any, **more: Any) -> _Entry:
    return kind(**{name: getattr(row, name) for name in kind.__struct_fields__ if name not in more}, **more)


def _named(pricelist: Pricelist) -> Iterator[tuple[str, dict[str, str]]]:
    for carrier in pricelist.carriers:
        yield f"carrier {carrier.code}", _fields(carrier, "code")
    for zone in pricelist.zones:
        yield f"zone {zone.code}", _fields(zone, "code", "rules")
        for rule in zone.rules:
            yield (
                f"{rule.service} in {zone.code} from {rule.weight_min_kg} kg",
                _fields(rule, "service", "weight_min_kg"),
            )


def _name(rule: RuleEntry, zone: ZoneEntry) -> str:
    return f"{rule.service} in {zone.code} from {rule.weight_min_kg} kg"


def _fields(entry: msgspec.Struct, *but: str) -> dict[str, str]:
    return {name: _plain(value) for name, value in msgspec.structs.asdict(entry).items() if name not in but}


def _plain(value: Any) -> str:
    return ("|".join(value) or "none") if isinstance(value, list) else str(value)


def _said(fields: dict[str, str], was: dict[str, str] | None = None) -> str:
    if was is None:
        return ", ".join(f"{name} {value}" for name, value in fields.items())
    return ", ".join(f"{name} {was[name]} -> {value}" for name, value in fields.items() if was[name] != value)


def _faults(pricelist: Pricelist) -> Iterator[str]:
    named = [carrier.code for carrier in pricelist.carriers]
    yield from _repeated("carrier", named)
    if unknown := sorted(set(named) - set(CODES)):
        yield f"How {', '.join(unknown)} is spoken to is not known; there is code for {', '.join(CODES)}."
    known = set(Carrier.objects.values_list("code", flat=True))
    if missing := sorted(known - set(named)):
        yield f"{', '.join(missing)} is missing: a carrier is not forgotten but made is_active: false."
    yield from _repeated("zone", [zone.code for zone in pricelist.zones])
    for zone in pricelist.zones:
        yield from _repeated("rule", [_name(rule, zone) for rule in zone.rules])
        for rule in zone.rules:
            where = f"{_name(rule, zone)}:"
            if rule.currency not in EXPONENTS:
                yield f"{where} there is no currency {rule.currency!r}; choose from {', '.join(sorted(EXPONENTS))}."
            if rule.weight_max_kg < rule.weight_min_kg:
                yield f"{where} weight_max_kg is {rule.weight_max_kg}."
            if rule.days_max < rule.days_min:
                yield f"{where} days_max is {rule.days_max}, days_min {rule.days_min}."


def _repeated(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{what} {name} is there {times} times."
