"""The contract over this app's own rows."""

from __future__ import annotations

from uuid import UUID

from monolith.users import selectors
from monolith.users.contract import Address, Contact, Customer, CustomerStatus, Purpose, Secret
from monolith.users.models import Address as AddressRow
from monolith.users.models import Customer as CustomerRow
from monolith.users.selectors import status_of


class LocalUsers:
    """Implements `Users`."""

    def contact(self, *, user_id: UUID) -> Contact:
        return _contact(selectors.customer(user_id))

    def contacts(self, *, user_ids: tuple[UUID, ...]) -> tuple[Contact, ...]:
        return tuple(_contact(row) for row in selectors.customers(user_ids))

    def secret(self, *, request_id: UUID) -> Secret:
        row, text = selectors.request(request_id)
        return Secret(text=text, email=row.email, purpose=Purpose(row.purpose), expires_at=row.expires_at)

    def customer(self, *, customer_id: UUID) -> Customer:
        return _customer(selectors.customer(customer_id))

    def customers(self, *, ids: tuple[UUID, ...]) -> tuple[Customer, ...]:
        return tuple(_customer(row) for row in selectors.customers(ids))

    def addresses(self, *, customer_id: UUID, ids: tuple[UUID, ...] = ()) -> tuple[Address, ...]:
        return tuple(_address(row) for row in selectors.addresses(customer_id, ids))


implementation = LocalUsers()


def _contact(row: CustomerRow) -> Contact:
    return Contact(
        user_id=row.id,
        name=row.name,
        email=row.email,
        email_verified=row.email_verified_at is not None,
        phone=row.phone,
        reachable=row.status != CustomerStatus.DISABLED,
    )


def _customer(row: CustomerRow) -> Customer:
    return Customer(
        id=row.id,
        email=row.email,
        email_verified=row.email_verified_at is not None,
        first_name=row.first_name,
        last_name=row.last_name,
        phone=row.phone,
        status=status_of(row),
        created_at=row.created_at,
        version=row.version,
    )


def _address(row: AddressRow) -> Address:
    return Address(
        id=row.id,
        customer_id=row.customer_id,
        label=row.label,
        line1=row.line1,
        line2=row.line2,
        city=row.city,
        region=row.region,
        postal_code=row.postal_code,
        country=row.country,
        is_default_shipping=row.is_default_shipping,
        is_default_billing=row.is_default_billing,
        version=row.version,
    )
