"""Accounts and address books: what the services promise beside what REST shows."""

import json
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from monolith.users import capability, passwords, selectors, tasks
from monolith.users.contract import (
    AccountDisabled,
    AccountLocked,
    EmailTaken,
    InvalidFilter,
    InvalidTransition,
    OutOfBounds,
    TooManyAddresses,
    UnknownAddress,
    UnknownUser,
    VersionConflict,
)
from monolith.users.domain import Role
from monolith.users.models import Address, Customer, OneTimeToken, RefreshToken, UsersIdempotency
from monolith.users.seed import populate
from monolith.users.services import accounts
from monolith.users.services.addresses import address_create, address_delete, address_update
from monolith.users.services.credentials import password_reset_request
from monolith.users.services.sessions import Device, session_open
from strangler.hosting.celery import app
from tests.unit.users.conftest import PASSWORD
from tests.unit.users.told import forget_told, kinds, told

pytestmark = pytest.mark.django_db
STAFF = {"actor": "7"}
HOME = {"line1": "1 Elm Road", "city": "Reno", "country": "US"}


def register(email, **more):
    return accounts.customer_register(email=email, password_hash=passwords.UNUSABLE, **more)


def test_registration_tells_who_and_how_to_prove_it(pending):
    (_, made), (_, asked) = told()
    assert made == {"user_id": str(pending.id), "email": "Ann@Example.com", "name": "Ann"}
    assert asked.keys() == {"user_id", "email", "name", "request_id", "expires_at"}


@pytest.mark.parametrize("email", ["Ann@Example.com", "ann@example.com", "ANN@EXAMPLE.COM"])
def test_address_is_taken_whatever_its_case(pending, email):
    before = told()
    with pytest.raises(EmailTaken):
        register(email)
    assert (Customer.objects.count(), told()) == (1, before)


def test_database_itself_refuses_the_second(pending):
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.create(email="ANN@example.COM", password="!")


def test_steps_and_their_history(ann):
    def steps():
        return [(s.from_status, s.to_status, s.actor, s.reason) for s in ann.status_history.all()]

    forget_told()
    for _ in range(2):
        assert accounts.customer_lock(customer_id=ann.id, reason="by phone", **STAFF).status == "locked"
    for _ in range(2):
        assert accounts.customer_unlock(customer_id=ann.id, **STAFF).status == "active"
    for _ in range(2):
        assert accounts.customer_disable(customer_id=ann.id, **STAFF).status == "disabled"
    for _ in range(2):
        assert accounts.customer_enable(customer_id=ann.id, **STAFF).status == "active"
    assert steps() == [
        ("pending", "active", str(ann.id), ""),
        ("active", "locked", "7", "by phone"),
        ("locked", "active", "7", ""),
        ("active", "disabled", "7", ""),
        ("disabled", "active", "7", ""),
    ]
    assert kinds() == ["locked", "unlocked"]


@pytest.mark.parametrize(
    ("act", "before", "target", "allowed"),
    [
        (accounts.customer_lock, "pending", "locked", ["active", "deleted"]),
        (accounts.customer_disable, "pending", "disabled", ["active", "deleted"]),
        (accounts.customer_unlock, "pending", "active", ["active", "deleted"]),
        (accounts.customer_enable, "pending", "active", ["active", "deleted"]),
        (accounts.customer_lock, "disabled", "locked", ["active", "deleted"]),
        (accounts.customer_unlock, "disabled", "active", ["active", "deleted"]),
        (accounts.customer_disable, "locked", "disabled", ["active", "deleted"]),
        (accounts.customer_enable, "locked", "active", ["active", "deleted"]),
    ],
)
def test_illegal_steps(ann, act, before, target, allowed):
    Customer.objects.update(status=before)
    with pytest.raises(InvalidTransition) as refusal:
        act(customer_id=ann.id, **STAFF)
    assert refusal.value.context == {"from": before, "to": target, "allowed": allowed}


def test_profile_changes_once_per_version(ann):
    forget_told()
    seen = Customer.objects.get()
    changed = accounts.customer_update(customer=ann, changes={"last_name": "Miller", "email": "x@y.zz"})
    assert (changed.last_name, changed.email, changed.version) == ("Miller", "Ann@Example.com", seen.version + 1)
    assert told() == [("profile_updated", {"user_id": str(ann.id), "version": changed.version})]
    with pytest.raises(VersionConflict):
        accounts.customer_update(customer=seen, changes={"last_name": "Moore"})
    accounts.customer_update(customer=changed, changes={"last_name": "Miller"})
    assert kinds() == ["profile_updated"]


def test_roles_are_said_by_staff(ann):
    assert accounts.customer_appoint(customer_id=ann.id, roles=[Role.SUPPORT]).roles == ["customer", "support"]
    assert accounts.customer_appoint(customer_id=ann.id, roles=[]).roles == ["customer"]


def test_deleted_means_that_nothing_of_the_person_is_left(ann):
    """Every column of every table but the outbox, which tells others to forget and is emptied within a day."""
    address_create(customer_id=ann.id, content=HOME | {"label": "Ann's"})
    session_open(email=ann.email, password=PASSWORD, device=Device("Ann's phone", "192.0.2.7"))
    password_reset_request(email=ann.email)
    accounts.customer_update(
        customer=Customer.objects.get(), changes={"last_name": "Millerova", "phone": "+1 555 0100"}
    )
    accounts.customer_lock(customer_id=ann.id, reason="Ann called", **STAFF)
    for number, (principal, body) in enumerate([("None", {"id": str(ann.id)}), (str(ann.id), {"label": "Ann's"})]):
        UsersIdempotency.objects.create(
            principal=principal, route="POST /users", key=str(number), request_sha256="", state="done",
            body=json.dumps(body), expires_at=timezone.now(),
        )  # fmt: skip
    forget_told()
    accounts.customer_delete(customer_id=ann.id, actor=str(ann.id))
    assert told() == [("deleted", {"user_id": str(ann.id)})]
    row = Customer.objects.get()
    assert (row.status, row.email) == ("deleted", f"deleted-{ann.id}@deleted.invalid")
    assert [m.objects.count() for m in (Address, RefreshToken, OneTimeToken, UsersIdempotency)] == [0, 0, 0, 0]
    with connection.cursor() as cursor:
        for table in ("users_customer", "users_customer_status_history"):
            cursor.execute(f"SELECT * FROM {table}")
            left = str(cursor.fetchall())
            assert not [word for word in ("Ann", "ann@", "Miller", "+1 555", "192.0.2") if word in left], left
    assert ann.status_history.count() == 3
    with pytest.raises(UnknownUser):
        accounts.customer_delete(customer_id=ann.id, actor="7")


def test_address_of_a_deleted_account_is_free_again(ann):
    accounts.customer_delete(customer_id=ann.id, actor="7")
    assert register("ann@example.com").id != ann.id


def test_one_default_of_each_kind(ann):
    first = address_create(customer_id=ann.id, content=HOME | {"is_default_shipping": True, "is_default_billing": True})
    second = address_create(customer_id=ann.id, content=HOME | {"is_default_shipping": True})
    first.refresh_from_db()
    assert (first.is_default_shipping, first.is_default_billing, first.version) == (False, True, 2)
    changed = address_update(
        address_id=first.id, customer_id=ann.id, version=2, changes={"is_default_shipping": True, "city": "Elko"}
    )
    second.refresh_from_db()
    assert (changed.is_default_shipping, changed.city, second.is_default_shipping) == (True, "Elko", False)


@pytest.mark.parametrize("kind", ["is_default_shipping", "is_default_billing"])
def test_database_itself_refuses_a_second_default(ann, kind):
    address_create(customer_id=ann.id, content=HOME | {kind: True})
    with pytest.raises(IntegrityError), transaction.atomic():
        Address.objects.create(customer=ann, **HOME, **{kind: True})


def test_address_book_is_ones_own(ann):
    mine, other = address_create(customer_id=ann.id, content=HOME), register("bob@example.com")
    for act in (
        lambda: selectors.address(other.id, mine.id),
        lambda: selectors.addresses(other.id, [mine.id]),
        lambda: address_update(address_id=mine.id, customer_id=other.id, version=1, changes={"city": "Elko"}),
        lambda: address_delete(address_id=mine.id, customer_id=other.id, version=1),
    ):
        with pytest.raises(UnknownAddress):
            act()
    assert selectors.addresses(other.id) == []
    with pytest.raises(VersionConflict):
        address_delete(address_id=mine.id, customer_id=ann.id, version=2)
    address_delete(address_id=mine.id, customer_id=ann.id, version=1)
    assert selectors.addresses(ann.id) == []


def test_address_book_holds_fifty(ann):
    Address.objects.bulk_create(Address(customer=ann, **HOME) for _ in range(50))
    with pytest.raises(TooManyAddresses):
        address_create(customer_id=ann.id, content=HOME)


def test_oneself_is_refused_what_staff_has_closed(ann):
    assert selectors.oneself(str(ann.id)).id == ann.id
    Customer.objects.update(status="locked", locked_until=timezone.now() + timezone.timedelta(hours=1))
    assert selectors.oneself(str(ann.id)).id == ann.id
    for status, refusal in (("locked", AccountLocked), ("disabled", AccountDisabled), ("deleted", UnknownUser)):
        Customer.objects.update(status=status, locked_until=None)
        with pytest.raises(refusal):
            selectors.oneself(str(ann.id))
    for subject in ("staff", "7", str(uuid.uuid4())):
        with pytest.raises(UnknownUser):
            selectors.oneself(subject)


def test_search_by_the_beginning_of_an_address(ann):
    bob = register("bob_1@example.com")
    assert list(selectors.found({"email": "ANN@ex"})) == [ann]
    assert list(selectors.found({"email": "bob_"})) == [bob]
    assert list(selectors.found({"email": "b%"})) == list(selectors.found({"email": "_nn"})) == []
    assert list(selectors.found({"status": "pending"})) == [bob]
    for filters in ({"name": "Ann"}, {"status": "happy"}, {"email": "\x00"}):
        with pytest.raises(InvalidFilter):
            selectors.found(filters)


def test_bulk_reads_are_bounded(ann):
    assert selectors.customers([ann.id, uuid.uuid4(), ann.id]) == [ann]
    for number in (0, 201):
        with pytest.raises(OutOfBounds):
            selectors.customers([uuid.uuid4() for _ in range(number)])
    with pytest.raises(OutOfBounds):
        selectors.addresses(ann.id, [uuid.uuid4() for _ in range(51)])


def test_clock_takes_off_what_has_run_out(ann):
    others = [register(f"c{n}@example.com") for n in range(2)]
    Customer.objects.update(status="locked", locked_until=timezone.now())
    Customer.objects.filter(id=others[0].id).update(locked_until=None)
    Customer.objects.filter(id=others[1].id).update(locked_until=timezone.now() + timezone.timedelta(minutes=1))
    forget_told()
    assert (tasks.unlock(), tasks.unlock()) == (1, 0)
    ann.refresh_from_db()
    assert (ann.status, ann.locked_until, kinds()) == ("active", None, ["unlocked"])


def test_clock_forgets_what_is_over(ann):
    session_open(email=ann.email, password=PASSWORD, device=Device())
    password_reset_request(email=ann.email)
    assert tasks.purge() == 0
    for model in (RefreshToken, OneTimeToken):
        model.objects.update(expires_at=timezone.now())
    assert tasks.purge() == 2


def test_what_is_periodic_has_a_task_of_this_name():
    assert capability.PERIODIC.keys() <= app.tasks.keys()
    assert {app.tasks[name].capability for name in capability.PERIODIC} == {"users"}


def test_home_that_does_not_own_the_rows_skips():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE strangler_ownership SET owner = 'service', epoch = 2 WHERE capability = 'users'")
    assert (tasks.unlock(), tasks.purge()) == (None, None)


def test_seeded_customers_are_the_same_for_the_same_seed(db):
    def seed(number):
        return [progress.made for progress in populate(number, password_hash=passwords.hashed(PASSWORD))][-1]

    assert (seed(3), seed(3), seed(300)) == (3, 0, 297)
    row = Customer.objects.order_by("created_at").first()
    assert session_open(email=row.email.upper(), password=PASSWORD, device=Device())
    assert row.addresses.filter(is_default_shipping=True, is_default_billing=True).count() == 1
    assert kinds() == []
