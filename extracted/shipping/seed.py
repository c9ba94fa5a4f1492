"""The carriers, zones and prices that a new platform begins with; what is there already stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from extracted.shipping.carriers.adapter import HERALD, SWIFT, TABLE
from extracted.shipping.models import Carrier, ShippingRateRule, Zone
from strangler.fence import owning

_CARRIERS = (
    (TABLE, "Parcel Post", ["standard", "priority"]),
    (SWIFT, "Swift Freight", ["express", "ground"]),
    (HERALD, "Herald Couriers", ["courier"]),
)
_EUROPE = ["AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "IT", "NL", "NO", "PL", "PT", "SE"]
_ZONES: tuple[dict[str, Any], ...] = (
    {"code": "US-REMOTE", "priority": 10, "countries": ["US"], "postal_patterns": ["967*", "968*", "995-999"]},
    {
        "code": "US",
        "priority": 20,
        "countries": ["US"],
        # Military post and the territories are no contiguous states, and nothing here goes there.
        "postal_exclusions": ["006-009", "090-098", "340*", "962-966", "969*"],
    },
    {"code": "CA", "priority": 30, "countries": ["CA"], "postal_exclusions": ["X0*", "Y0*"]},
    {"code": "EU", "priority": 40, "countries": _EUROPE},
)
# Zone, service: base, per kg, per item, up to kg, cm3 per kg, days.
_RULES = (
    ("US", "standard", 595, 120, 0, 70, 5000, (3, 6)),
    ("US", "priority", 1195, 210, 0, 30, 4000, (1, 2)),
    ("US-REMOTE", "standard", 1495, 340, 0, 30, 5000, (6, 12)),
    ("CA", "standard", 1295, 260, 0, 30, 5000, (5, 9)),
    ("EU", "standard", 2495, 610, 50, 30, 5000, (7, 14)),
)
_CURRENCY = "USD"


def settle() -> Iterator[str]:
    """
    Make what is missing.

    Yields:
        The name of each thing that was made.

    Raises:
        Moved: this home does not own shipping.
    """
    with owning("shipping"):
        for code, name, services in _CARRIERS:
            if Carrier.objects.get_or_create(code=code, defaults={"name": name, "services": services})[1]:
                yield f"carrier {code}"
        for zone in _ZONES:
            made, new = Zone.objects.get_or_create(code=zone["code"], defaults=zone)
            if new:
                yield f"zone {made}"
                for rule in _rules_of(made):
                    rule.save(force_insert=True)
                    yield f"rule {rule}"


def _rules_of(zone: Zone) -> Iterator[ShippingRateRule]:
    for code, service, base, per_kg, per_item, most_kg, dim_factor, (days_min, days_max) in _RULES:
        if code == zone.code:
            yield ShippingRateRule(
                zone=zone, service=service, weight_max_kg=most_kg, base_minor=base, per_kg_minor=per_kg,
                per_item_minor=per_item, currency=_CURRENCY, dim_factor=dim_factor, days_min=days_min,
                days_max=days_max,
            )  # fmt: skip
