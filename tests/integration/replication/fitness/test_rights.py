"""What logical replication asks of servers and roles: each thing that is missing is named, with what to do."""

from __future__ import annotations

import psycopg
import pytest

from strangler.replication import Flow
from strangler.replication.logical.rights import rights
from tests.integration.replication.fitness.conftest import postgres_wrapper
from tests.support.cluster import PASSWORD


@pytest.fixture
def role(cluster):
    """A role that may log in, and nothing else."""
    cluster.execute("postgres", "CREATE ROLE nobody_yet LOGIN")
    yield "nobody_yet"
    with psycopg.connect(cluster.dsn("postgres", role="postgres"), autocommit=True) as connection:
        connection.execute("DROP ROLE nobody_yet")


@pytest.fixture
def flow(cluster, django_db_blocker):
    """A function that returns the flow between two databases of a server, for a role."""
    names, wrappers = [cluster.create(), cluster.create()], []

    def make(role="strangler"):
        homes = [postgres_wrapper(alias, cluster, name, role) for alias, name in zip("ab", names, strict=True)]
        wrappers.extend(homes)
        return Flow("sample", "monolith", "service", (), *homes)

    with django_db_blocker.unblock():
        yield make
        for wrapper in wrappers:
            wrapper.close()
    for name in names:
        cluster.drop(name)


def test_the_hosts_role_may_do_everything(flow):
    assert list(rights(flow())) == []


def test_a_superuser_may_do_everything(flow):
    assert list(rights(flow("postgres"))) == []


def test_everything_is_named_at_once(flow, cluster, role):
    with psycopg.connect(cluster.dsn("postgres", role="postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'".encode())
    made = flow(role)
    made.source_connection.ensure_connection()
    made.source_connection.settings_dict["PASSWORD"] = ""
    sentences = " ".join(rights(made))
    for advice in (
        "GRANT CREATE ON DATABASE",
        f"ALTER ROLE {role} REPLICATION",
        f"GRANT pg_create_subscription TO {role}",
        "set PASSWORD",
    ):
        assert advice in sentences


def test_slots_that_are_taken_are_counted_but_not_our_own(flow, cluster):
    made = flow()
    (limit,) = cluster.execute("postgres", "SELECT setting::int FROM pg_settings WHERE name = 'max_replication_slots'")
    (used,) = cluster.execute("postgres", "SELECT count(*) FROM pg_replication_slots")
    names = [f"taken_{number}" for number in range(limit[0] - used[0] - 1)]
    try:
        for name in names:
            cluster.execute("postgres", f"SELECT pg_create_physical_replication_slot('{name}')")
        assert any("max_replication_slots" in s and "raise it to" in s for s in rights(made))
        cluster.execute("postgres", f"SELECT pg_drop_replication_slot('{names.pop()}')")
        cluster.execute("postgres", "SELECT pg_create_physical_replication_slot('strangler_sample_to_service_1')")
        names.append("strangler_sample_to_service_1")
        assert not any("max_replication_slots" in s for s in rights(made))
    finally:
        for name in names:
            cluster.execute("postgres", f"SELECT pg_drop_replication_slot('{name}')")


def test_subscriptions_leave_room_for_the_tables_that_are_copied(flow, cluster):
    """Each has an origin of its own while it is copied; PostgreSQL 18 has ten unless told otherwise."""
    made = flow()
    limits = "SELECT current_setting('max_active_replication_origins'), current_setting('{}')"
    ((limit, copying),) = cluster.execute("postgres", limits.format("max_sync_workers_per_subscription"))
    ((used,),) = cluster.execute("postgres", "SELECT count(*) FROM pg_subscription")
    names = [f"taken_{number}" for number in range(int(limit) - used - int(copying))]
    absent = "CONNECTION 'host=127.0.0.1' PUBLICATION none WITH (connect = false, slot_name = NONE)"
    try:
        for name in names:
            cluster.execute("postgres", f"CREATE SUBSCRIPTION {name} {absent}")
        assert any("max_active_replication_origins" in s and "raise it to" in s for s in rights(made))
        cluster.execute("postgres", f"DROP SUBSCRIPTION {names.pop()}")
        assert not any("max_active_replication_origins" in s for s in rights(made))
    finally:
        for name in names:
            cluster.execute("postgres", f"DROP SUBSCRIPTION {name}")


@pytest.mark.soak
def test_before_16_only_a_superuser_subscribes(oldest, django_db_blocker):
    with django_db_blocker.unblock():
        homes = [postgres_wrapper(alias, oldest, "postgres") for alias in "ab"]
        try:
            sentences = list(rights(Flow("sample", "monolith", "service", (), *homes)))
        finally:
            for home in homes:
                home.close()
    assert any("Before PostgreSQL 16 only a superuser may subscribe" in s for s in sentences)


def test_sqlite_has_none(sqlite_pair):
    assert list(rights(sqlite_pair.flow())) == ["Logical replication needs PostgreSQL on both sides."]
