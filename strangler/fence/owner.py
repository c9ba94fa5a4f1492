"""Asking and asserting who owns a capability, in this host's own database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import Home, get_conf
from strangler.errors import SetupError
from strangler.fence.restored import refuse_restored
from strangler.fence.setup import fence_of
from strangler.state import Owned, read_ownership, wait_for_epoch


def own_connection(capability: str) -> BaseDatabaseWrapper:
    """
    Return the connection to this host's own database for *capability*.

    Raises:
        SetupError: this host is no home of *capability*.
    """
    alias = get_conf().database_of(capability) if capability in get_conf().capabilities else None
    if alias is None:
        raise SetupError([f"{get_conf().host!r} is no home of {capability!r}."])
    return connections[alias]


def owner_of(capability: str) -> Owned:
    """Return the home's own ownership row; one statement, no lock."""
    return read_ownership(own_connection(capability), capability)


def await_ownership(capability: str, home: Home, epoch: int, timeout_s: float) -> Owned:
    """
    Wait until *home*, which this host is, owns *capability* since *epoch* (R4).

    Returns:
        The row as last seen; it names another owner, or a lower epoch, when there is nothing to wait for any longer.

    Raises:
        Saturated: too many wait already.
    """
    owned = wait_for_epoch(capability, epoch, min(get_conf().switch_wait_s, timeout_s))
    return owned if owned.owner == home else owner_of(capability)  # others may have looked long ago


def assert_owner(capability: str) -> int:
    """
    Assert, until the surrounding transaction ends, that this home may write (R2).

    A switch waits for the transaction; a repeat within it is cheap.

    Returns:
        The epoch.

    Raises:
        Moved: another home owns the rows.
        Restored: this database is not the one that the home knows, so its row may be old (R18).
        TransactionManagementError: there is no transaction.
    """
    connection = own_connection(capability)
    connection.validate_no_broken_transaction()
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("ownership is asserted inside a transaction; use owning()")
    refuse_restored(connection, capability)
    home = get_conf().home_of(capability)
    assert home is not None
    return fence_of(connection).assert_owner(capability, home)


@contextmanager
def owning(capability: str) -> Iterator[None]:
    """
    Run a block as one transaction of a home that owns *capability*, for tasks, commands and shells.

    Raises:
        Moved: another home owns the rows; the block was not entered.
    """
    with transaction.atomic(using=own_connection(capability).alias):
        assert_owner(capability)
        yield


def until_done(capability: str, work: Callable[[], int]) -> int:
    """
    Repeat *work*, each time as one transaction of the owner, until there is nothing left; return how much it was.

    A switch, and whoever else waits for the rows, waits for one transaction only.

    Args:
        work: does a bounded part, and returns how much that was.

    Raises:
        Moved: another home owns the rows, or does so by now; what was done before is kept.
    """
    total = 0
    while True:
        with owning(capability):
            done = work()
        if not done:
            return total
        total += done
