"""Writes of the address book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from monolith.users.contract import TooManyAddresses
from monolith.users.domain import ADDRESSES_MAX
from monolith.users.models import Address
from monolith.users.selectors import address
from monolith.users.services import rows

DEFAULTS = ("is_default_shipping", "is_default_billing")
_CONTENT = ("label", "line1", "line2", "city", "region", "postal_code", "country", *DEFAULTS)


@transaction.atomic
def address_create(*, customer_id: UUID, content: Mapping[str, Any]) -> Address:
    """
    Add an address; one that is to be a default takes that from the one that was.

    Raises:
        TooManyAddresses, UnknownUser: nothing was added.
    """
    row = rows.locked_by_id(customer_id)
    if Address.objects.filter(customer=row).count() >= ADDRESSES_MAX:
        raise TooManyAddresses(f"An address book holds {ADDRESSES_MAX} addresses. Delete one first.")
    _make_room(customer_id, content)
    made: Address = Address.objects.create(customer=row, **content)
    return made


@transaction.atomic
def address_update(*, address_id: UUID, customer_id: UUID, version: int, changes: Mapping[str, Any]) -> Address:
    """
    Change what is given of an address.

    Raises:
        VersionConflict: it has no longer the *version* that was read.
        UnknownAddress, UnknownUser: it is gone.
    """
    rows.locked_by_id(customer_id)
    row = address(customer_id, address_id)
    rows.check_version(row, version)
    if fields := rows.changed(row, changes, _CONTENT):
        _make_room(customer_id, fields)
        Address.objects.filter(id=row.id).update(**fields, version=F("version") + 1)
        row.refresh_from_db()
    return row


@transaction.atomic
def address_delete(*, address_id: UUID, customer_id: UUID, version: int) -> None:
    """Forget an address. Raises the same as `address_update`."""
    rows.locked_by_id(customer_id)
    row = address(customer_id, address_id)
    rows.check_version(row, version)
    row.delete()


def _make_room(customer_id: UUID, content: Mapping[str, Any]) -> None:
    for kind in DEFAULTS:
        if content.get(kind):
            one = Address.objects.filter(customer_id=customer_id, **{kind: True})
            one.update(**{kind: False}, version=F("version") + 1)
