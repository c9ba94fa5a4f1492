"""The shop's own post: priced by a table, with labels that it prints itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from extracted.shipping.carriers.adapter import LabelOrder, Rate, RateRequest, Receipt
from extracted.shipping.domain import Rule, label_number, price_of
from extracted.shipping.zones import Area, zone_of
from monolith.shipping.contract import Address


@dataclass(frozen=True, slots=True)
class Tariff:
    """
    Zones in their order, and the rules of each.

    It was read beforehand, so that nothing is read while other carriers are asked.
    """

    areas: Sequence[Area]
    rules: dict[str, list[Rule]]

    def of(self, address: Address) -> list[Rule]:
        """Return the rules that hold for an address."""
        area = zone_of(address, self.areas)
        return [] if area is None else self.rules.get(area.code, [])


@dataclass(frozen=True, slots=True)
class TablePost:
    """Implements `Adapter` without asking anybody."""

    tariff: Tariff

    def rates(self, request: RateRequest) -> list[Rate]:
        rules = self.tariff.of(request.to)
        found = []
        for service in dict.fromkeys(rule.service for rule in rules):
            price = price_of(rules, service, request.parcels, request.item_count)
            if price is not None:
                of_it = [rule for rule in rules if rule.service == service]
                days = min(rule.days_min for rule in of_it), max(rule.days_max for rule in of_it)
                found.append(Rate(service, price, *days))
        return found

    def buy(self, key: str, order: LabelOrder) -> Receipt:
        cost = price_of(self.tariff.of(order.to), order.service, [order.parcel], 0)
        return Receipt(label_number(UUID(key)), "", cost)

    def find(self, key: str, order: LabelOrder) -> Receipt:
        return self.buy(key, order)

    def give_back(self, key: str) -> None:
        """Nobody has to be told."""
