"""Customers to try the shop with, the same for the same seed, in batches that each assert ownership."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from monolith.kernel.ids import uuid7_at
from monolith.users.contract import CustomerStatus as Status
from monolith.users.models import Address, Customer
from strangler.fence import owning
from strangler.hosting.batches import Progress

DEFAULT_SEED = 1
# Short enough that a switch which waits for a batch does not notice.
_BATCH = 250
_BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
_FIRST = ("Ann", "Ben", "Carla", "David", "Emma", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kira", "Luis")
_LAST = ("Miller", "Garcia", "Chen", "Novak", "Okafor", "Silva", "Weber", "Tanaka", "Rossi", "Larsen", "Khan", "Adams")
_STREETS = ("Harbor Street", "Prairie Avenue", "Mission Boulevard", "Elm Road", "Station Lane", "Market Square")
_CITIES = (
    ("Newark", "NJ", "07114"),
    ("Columbus", "OH", "43207"),
    ("Reno", "NV", "89502"),
    ("Austin", "TX", "78701"),
    ("Portland", "OR", "97201"),
    ("Albany", "NY", "12207"),
)


def populate(number: int, *, password_hash: str, seed: int = DEFAULT_SEED) -> Iterator[Progress]:
    """
    Make *number* active customers with an address each; one who is there already stays as he is. Nothing is told.

    Args:
        password_hash: of all of them.

    Yields:
        After each batch.

    Raises:
        Moved: this home does not own the users, or no longer; the batches before are kept.
    """
    made = 0
    for start in range(0, number, _BATCH):
        batch = [_customer(index, password_hash, seed) for index in range(start, min(start + _BATCH, number))]
        with owning("users"):
            there = set(Customer.objects.filter(id__in=[row.id for row, _ in batch]).values_list("id", flat=True))
            new = [pair for pair in batch if pair[0].id not in there]
            Customer.objects.bulk_create([row for row, _ in new])
            Address.objects.bulk_create([address for _, address in new])
        made += len(new)
        yield Progress(start + len(batch), made)


def _customer(index: int, password_hash: str, seed: int) -> tuple[Customer, Address]:
    rng = random.Random(f"{seed}:{index}")  # noqa: S311  repeats on purpose
    first, last, (city, region, code) = rng.choice(_FIRST), rng.choice(_LAST), rng.choice(_CITIES)
    unix_ms = int(_BEGAN.timestamp() * 1000) + index * 60_000 + rng.randrange(60_000)
    at = datetime.fromtimestamp(unix_ms / 1000, UTC)
    row = Customer(
        id=uuid7_at(unix_ms=unix_ms, randomness=rng.getrandbits(74)),
        email=f"{first}.{last}.{seed}.{index + 1}@example.com".lower(),
        email_verified_at=at,
        phone=f"+1 555 01{index % 100:02d}",
        password=password_hash,
        first_name=first,
        last_name=last,
        status=Status.ACTIVE,
        created_at=at,
    )
    address = Address(
        id=uuid7_at(unix_ms=unix_ms, randomness=rng.getrandbits(74)),
        customer=row,
        label="Home",
        line1=f"{rng.randint(1, 400)} {rng.choice(_STREETS)}",
        city=city,
        region=region,
        postal_code=code,
        country="US",
        is_default_shipping=True,
        is_default_billing=True,
        created_at=at,
    )
    return row, address
