"""Homes whose database was restored, copied, or has failed over, and homes that disagree (R18)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db import transaction

from strangler.conf import get_conf
from strangler.cutover.ownership import limit
from strangler.doctor.case import Case, Place
from strangler.doctor.fences import LOCK_MS, mend_fence
from strangler.doctor.finding import Finding, Mend
from strangler.errors import Refused
from strangler.fence import fence_of
from strangler.state import Change, Owned, publish, read_ownership
from strangler.state.connection import connection_of
from strangler.state.identity import identity_of, judge, renew_identity

MARK = "doctor"
"""The attempt that stands in an ownership row which was brought to its peer's."""


def restores(case: Case) -> Iterator[Finding]:
    """Find databases that are not the ones their homes know, and rows that do not name one owner in one epoch."""
    restored = [place for place in case.places.values() if place.restored]
    for place in restored:
        yield _restored(case, place)
    if restored or case.operation:
        return
    if case.pair and case.pair[0].owned[:2] == case.pair[1].owned[:2]:
        yield from _table(case, case.pair[0].owned)
    else:
        yield from _disagreeing(case)
    for place in case.places.values():
        yield from _unknown(case, place)


def _restored(case: Case, place: Place) -> Finding:
    peer = case.peer_of(place)
    mend = None
    if peer is None:
        advice = (
            "Let this process see the other home and repeat. Only if that home is lost for good: "
            f"`strangler doctor --accept {case.name}`."
        )
    elif peer.restored and peer.owned[:2] != place.owned[:2]:
        advice = "Both homes were restored and they disagree: compare their rows; nobody may write until you know."
    elif peer.owned[:2] == place.owned[:2]:
        advice = (
            f"Both homes name one owner; rows written since the backup are missing: `strangler verify {case.name}`."
        )
        mend = Mend("record that this is the home's database", partial(_adopt, case, place))
    elif peer.owned.epoch > place.owned.epoch and peer.owned.owner == peer.home:
        advice = f"The {peer.home} owns the rows since epoch {peer.owned.epoch}: nothing may be written here."
        mend = Mend(f"let the {place.home} follow the {peer.home} and fence it", partial(_follow, case, place, peer))
    else:
        advice = (
            f"The {peer.home} says {peer.owned.owner}, epoch {peer.owned.epoch}; here it is {place.owned.owner}, epoch "
            f"{place.owned.epoch}: the owner's own rows were set back. Restore a newer backup, or see the runbook."
        )
    return Finding(
        "restored",
        "error",
        case.name,
        f"{place.restored} The {place.home} writes nothing until this is settled.",
        advice,
        mend,
    )


def _adopt(case: Case, place: Place) -> None:
    with transaction.atomic(using=place.connection.alias):
        renew_identity(place.connection, case.name)


def _follow(case: Case, place: Place, peer: Place) -> None:
    """Bring a restored row to its peer's; what was owned here is no longer complete, so no epoch of it counts."""
    owned = read_ownership(peer.connection, case.name)
    if owned.epoch < peer.owned.epoch or owned.owner != peer.home:
        return  # the peer has moved on since it was examined
    with transaction.atomic(using=place.connection.alias):
        limit(place.connection, lock_ms=LOCK_MS, idle_ms=LOCK_MS)
        fence_of(place.connection).lock_out_writers(case.name)
        with place.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE strangler_ownership SET owner = %s, epoch = %s, attempt = %s, owned_epoch = 0"
                " WHERE capability = %s AND epoch < %s",
                [owned.owner, owned.epoch, MARK, case.name, owned.epoch],
            )
        renew_identity(place.connection, case.name)
        mend_fence(case, place)


def accept(name: str) -> str:
    """
    Take a home's database for what it is although the other home cannot be asked, and return what was done.

    A person has made sure that the other home will never write again.

    Raises:
        Refused: this host is no home of *name*.
    """
    conf = get_conf()
    if name not in conf.own_capabilities:
        raise Refused(f"This host is no home of {name!r}. It is one of: {', '.join(conf.own_capabilities)}.")
    home = conf.home_of(name)
    assert home is not None
    connection = connection_of(name, home)
    why = judge(connection).get(name)
    if not why:
        return f"The {home}'s database of {name} is the one it knows; nothing was changed."
    with transaction.atomic(using=connection.alias):
        renew_identity(connection, name)
    owned = read_ownership(connection, name)
    return f"Accepted for {name}: {why} Its row says {owned.owner}, epoch {owned.epoch}, and counts from now on."


def _table(case: Case, owned: Owned) -> Iterator[Finding]:
    """Both homes agree; a table behind them was restored, or a switch was not published."""
    state = case.state
    if owned[:2] == (state.writer, state.epoch):
        return
    what = (
        f"Both homes say {owned.owner}, epoch {owned.epoch}; the table says {state.writer}, epoch {state.epoch}. "
        "Was the control database restored?"
    )
    advice = "Requests take the long way until the table says what is true."
    mend = Mend("publish what both homes say", partial(_publish, case, owned)) if owned.epoch > state.epoch else None
    yield Finding(
        "table-old", "error", case.name, what, advice if mend else "Nobody should write until you know why.", mend
    )


def _publish(case: Case, owned: Owned) -> None:
    extracted = owned.owner == "service"
    values = {
        "stage": "extracted" if extracted else "synced",
        "writer": owned.owner,
        "epoch": owned.epoch,
        "reads_weight": 0,
        "switching": False,
    }
    publish(Change(case.name, values, "doctor", "doctor", "both homes say so"))


def _disagreeing(case: Case) -> Iterator[Finding]:
    for place in case.places.values():
        if place.owned[:2] != (case.state.writer, case.state.epoch):
            yield Finding(
                "homes-disagree",
                "error",
                case.name,
                f"The {place.home}'s database says {place.owned.owner}, epoch {place.owned.epoch}; the table says "
                f"{case.state.writer}, epoch {case.state.epoch}.",
                "Was a backup restored? Nobody should write until a person has compared the homes.",
            )


def _unknown(case: Case, place: Place) -> Iterator[Finding]:
    with place.connection.cursor() as cursor:
        cursor.execute("SELECT system FROM strangler_ownership WHERE capability = %s", [case.name])
        (system,) = cursor.fetchone()
    if not system and identity_of(place.connection):
        yield Finding(
            "identity-unknown",
            "warning",
            case.name,
            f"The {place.home}'s row does not say which database it was written in: a restore would not be noticed.",
            "It is recorded by `migrate`, and by every switch.",
            Mend("record it", partial(_adopt, case, place)),
        )
