"""Bad settings, wrong verbs, dead servers: a message that says what to do, exit code not 0, and nothing changed."""

from __future__ import annotations

import signal

import psycopg
import pytest

from tests.support.cluster import Cluster
from tests.support.fixtures import long_version
from tests.support.platform import Platform
from tests.support.processes import free_port
from tests.support.state import state_of

pytestmark = pytest.mark.platform

ANYWHERE = {
    "unknown capability": (("toggle", "nonsense", "service"), "There is no capability 'nonsense'. Known: catalog"),
    "unknown capability's status": (("status", "nonsense"), "There is no capability 'nonsense'. Known: catalog"),
    "unknown verb": (("fly", "catalog"), "invalid choice: 'fly'"),
    "unknown home": (("toggle", "catalog", "cloud"), "invalid choice: 'cloud'"),
    "resume of nothing": (("resume", "catalog"), "No operation of catalog is unfinished"),
    "undo of nothing": (("undo", "catalog"), "No operation of catalog is unfinished"),
    "a share of reads": (("shift-reads", "catalog", "10"), "strangler prepare catalog"),
    "more than all": (("shift-reads", "catalog", "200"), "0 to 100"),
    "malformed path": (("explain", "GET", "products"), "A path starts with '/'"),
}
IN_STAGE = {
    "monolith": {
        "shift-writes": "`strangler prepare catalog` comes first",
        "reverse": "The monolith is the writer already",
        "cancel": "There is nothing to cancel",
    },
    "extracted": {
        "prepare": "`strangler reverse catalog` brings it back",
        "shift-writes": "The service is the writer already",
        "cancel": "`strangler reverse catalog` comes first",
    },
    "synced": {"reverse": "The monolith is the writer already"},
}


@pytest.fixture(scope="module")
def platform(postgres_platform: Platform) -> Platform:
    """A platform of its own in stage `monolith`."""
    return postgres_platform


def assert_refused(platform: Platform, arguments: tuple[str, ...], *said: str, **variables: str) -> None:
    """Run a verb that must be refused with these words, and compare everything before with after."""
    before = state_of(platform)
    done = platform.manage("strangler", *arguments, **variables)
    output = done.stdout + done.stderr
    assert done.returncode != 0, output
    assert "Traceback" not in output, output
    for words in said:
        assert words in " ".join(output.split()), output
    assert state_of(platform) == before


@pytest.mark.parametrize(("arguments", "said"), ANYWHERE.values(), ids=ANYWHERE)
def test_wrong_words(platform: Platform, arguments: tuple[str, ...], said: str) -> None:
    assert_refused(platform, arguments, said)


def test_wrong_stage_for_a_verb(platform: Platform) -> None:
    """Every verb that does not leave from the stage says which one does; the stages are gone through in turn."""
    ways = {"monolith": (), "extracted": ("toggle", "catalog", "service"), "synced": ("toggle", "catalog", "monolith")}
    for stage, way in ways.items():
        if way:
            platform.strangler(*way, "--yes")
        assert state_of(platform).control[0] == stage
        for verb, said in IN_STAGE[stage].items():
            assert_refused(platform, (verb, "catalog", "--yes"), f"catalog is in stage {stage}", said)
    platform.strangler("cancel", "catalog", "--yes")


@pytest.mark.parametrize("verb", ["prepare", "toggle"])
def test_dry_run_changes_nothing(platform: Platform, verb: str) -> None:
    before = state_of(platform)
    arguments = ("catalog",) if verb == "prepare" else ("catalog", "service")
    answer = platform.strangler(verb, *arguments, "--dry-run")
    assert answer["steps"]
    assert state_of(platform) == before


def test_bad_settings_are_listed_all_at_once(platform: Platform) -> None:
    assert_refused(
        platform,
        ("status",),
        "CATALOG_URL",
        "MONOLITH_DATABASE_URL",
        "DATABASE_POOL_SIZE",
        "DEBUG",
        CATALOG_URL="nowhere",
        MONOLITH_DATABASE_URL="mysql://x",
        DATABASE_POOL_SIZE="many",
        DEBUG="perhaps",
    )


def test_a_key_that_is_too_short_is_refused(platform: Platform) -> None:
    assert_refused(platform, ("toggle", "catalog", "service", "--yes"), "32 bytes", STRANGLER_KEYS="test:short")


@pytest.mark.parametrize("variable", ["CATALOG_DATABASE_URL", "MONOLITH_DATABASE_URL"])
def test_database_down(platform: Platform, variable: str) -> None:
    nowhere = f"postgresql://strangler@127.0.0.1:{free_port()}/x"
    assert_refused(platform, ("toggle", "catalog", "service", "--yes"), "tart it", **{variable: nowhere})


def test_database_of_another_kind(platform: Platform) -> None:
    file = f"sqlite:///{platform.folder}/other.sqlite3"
    assert_refused(
        platform, ("toggle", "catalog", "service", "--yes"), "postgresql and sqlite", CATALOG_DATABASE_URL=file
    )


def test_database_that_was_never_migrated(platform: Platform, cluster: Cluster) -> None:
    name = cluster.create()
    assert_refused(
        platform, ("toggle", "catalog", "service", "--yes"), "migrate", CATALOG_DATABASE_URL=cluster.dsn(name)
    )
    cluster.drop(name)


@pytest.mark.parametrize("mover", ["keylog", long_version("logical", timeout_s=300)])
def test_somebody_in_the_way_is_named(platform: Platform, mover: str) -> None:
    """
    A transaction that holds the rows: the switch gives up, puts everything back and says who it was (R16).

    With one database server for both homes it is also in the way of the slot of the way back, and patience is long.
    """
    platform.strangler("prepare", "catalog", "--yes", "--mover", mover)
    before = state_of(platform)
    with psycopg.connect(platform.homes["monolith"], application_name="nightly report") as connection:
        connection.execute("UPDATE catalog_product SET name = name")
        done = platform.manage("strangler", "shift-writes", "catalog", "--yes")
        connection.rollback()
    assert done.returncode != 0, done.stdout
    assert "nightly report" in done.stderr, done.stderr
    assert "Everything was put back; the writer has not changed." in " ".join(done.stderr.split()), done.stderr
    after = state_of(platform)
    assert after.writer == before.writer == "monolith"
    assert after.rows == before.rows
    platform.create_product("service", f"after-the-report-{mover}")
    platform.strangler("cancel", "catalog", "--yes")


def test_service_down(platform: Platform) -> None:
    """Comes last: nothing serves the catalog's service afterwards."""
    service = platform.hosts["catalog"]
    service.stop(signal.SIGKILL)
    assert_refused(platform, ("toggle", "catalog", "service", "--yes"), "does not answer", "start it, then repeat")
    platform.start_host("catalog")
    platform.strangler("toggle", "catalog", "service", "--yes")
