"""What other apps ask of the users, in every binding: here, through the wire's form, and of their service."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from monolith.users.contract import (
    Address,
    Contact,
    Customer,
    CustomerStatus,
    OutOfBounds,
    Purpose,
    UnknownAddress,
    UnknownRequest,
    UnknownUser,
    Users,
    users,
)
from tests.bindings.conftest import bound
from tests.contracts.users.conftest import HOME, PASSWORD, Person, request_of
from tests.support.platform import Platform

pytestmark = pytest.mark.platform


@pytest.fixture
def client(platform: Platform, binding: str, django_db_blocker: Any) -> Iterator[Users]:
    with django_db_blocker.unblock(), bound(users, platform, binding) as client:
        yield client


@pytest.fixture
def ann(platform: Platform, client: Users) -> Person:
    """Somebody with an account; the contract makes none."""
    return Person(platform.public["monolith"], last_name="Miller", phone="+1 555 0100")


def addresses_of(person: Person, number: int) -> list[UUID]:
    """Give somebody addresses; the first one is the default for shipping."""
    bodies = [{**HOME, "label": str(n), "is_default_shipping": n == 0} for n in range(number)]
    return [UUID(person.client.create("/users/me/addresses", body).json["id"]) for body in bodies]


def test_customer_is_told_without_secrets(client: Users, ann: Person) -> None:
    told = client.customer(customer_id=UUID(ann.id))
    assert told == Customer(
        id=UUID(ann.id),
        email=ann.email,
        email_verified=False,
        first_name="Ann",
        last_name="Miller",
        phone="+1 555 0100",
        status=CustomerStatus.PENDING,
        created_at=told.created_at,
        version=1,
    )
    assert type(told.status) is CustomerStatus
    assert timedelta() < datetime.now(UTC) - told.created_at < timedelta(minutes=5)


def test_contact_says_how_to_reach_somebody(client: Users, ann: Person) -> None:
    contact = Contact(
        user_id=UUID(ann.id), name="Ann", email=ann.email, email_verified=False, phone="+1 555 0100", reachable=True
    )
    assert client.contact(user_id=UUID(ann.id)) == contact


def test_many_come_in_the_order_asked_for_without_the_unknown(client: Users, platform: Platform, ann: Person) -> None:
    bob = Person(platform.public["monolith"])
    wanted = (UUID(bob.id), uuid.uuid4(), UUID(ann.id), UUID(bob.id))
    assert [str(one.id) for one in client.customers(ids=wanted)] == [bob.id, ann.id]
    assert [str(one.user_id) for one in client.contacts(user_ids=wanted)] == [bob.id, ann.id]


def test_addresses_are_told_in_full(client: Users, ann: Person) -> None:
    first, second, third = addresses_of(ann, 3)
    told = client.addresses(customer_id=UUID(ann.id))
    assert [one.id for one in told] == [first, second, third]
    assert told[0] == Address(
        id=first,
        customer_id=UUID(ann.id),
        label="0",
        line2="",
        **HOME,
        is_default_shipping=True,
        is_default_billing=False,
        version=1,
    )
    chosen = client.addresses(customer_id=UUID(ann.id), ids=(third, first, third))
    assert [one.id for one in chosen] == [third, first]


def test_address_of_somebody_else_is_unknown(client: Users, platform: Platform, ann: Person) -> None:
    (mine,) = addresses_of(ann, 1)
    bob = Person(platform.public["monolith"])
    with pytest.raises(UnknownAddress) as refusal:
        client.addresses(customer_id=UUID(bob.id), ids=(mine,))
    assert refusal.value.context == {"ids": [str(mine)]}
    assert client.addresses(customer_id=UUID(bob.id)) == ()


def test_whoever_was_deleted_is_unknown(client: Users, ann: Person) -> None:
    addresses_of(ann, 1)
    assert ann.try_password(PASSWORD).status == 200
    assert ann.client.send("DELETE", "/users/me").status == 204
    for act in (lambda: client.contact(user_id=UUID(ann.id)), lambda: client.customer(customer_id=UUID(ann.id))):
        with pytest.raises(UnknownUser):
            act()
    assert client.customers(ids=(UUID(ann.id),)) == ()
    assert client.contacts(user_ids=(UUID(ann.id),)) == ()
    assert client.addresses(customer_id=UUID(ann.id)) == ()


def test_every_number_has_its_bounds(client: Users, ann: Person) -> None:
    many = tuple(uuid.uuid4() for _ in range(201))
    for act in (
        lambda: client.customers(ids=()),
        lambda: client.customers(ids=many),
        lambda: client.contacts(user_ids=()),
        lambda: client.contacts(user_ids=many),
        lambda: client.addresses(customer_id=UUID(ann.id), ids=many[:51]),
    ):
        with pytest.raises(OutOfBounds):
            act()
    assert len(client.customers(ids=(*many[:199], UUID(ann.id)))) == 1


def test_secret_of_a_message_is_told_to_who_has_its_request(
    client: Users, platform: Platform, ann: Person, settings: Any
) -> None:
    """The same each time, wherever the users are; every host has the same key, and so has this one."""
    settings.SECRET_KEY = platform.environment["SECRET_KEY"]
    request_id = UUID(request_of(platform.of("users"), ann, "verification_requested"))
    told = client.secret(request_id=request_id)
    assert (told.email, told.purpose) == (ann.email, Purpose.VERIFY_EMAIL)
    assert client.secret(request_id=request_id) == told
    assert ann.anybody.send("POST", "/auth/verify-email", body={"token": told.text}).status == 202
    for nothing in (request_id, uuid.uuid4()):
        with pytest.raises(UnknownRequest):
            client.secret(request_id=nothing)
