"""Processes that route, and those that left without saying so."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connections

from strangler.conf import get_conf
from strangler.cutover import live_routers
from strangler.doctor.finding import Finding, Mend
from strangler.models import Router
from strangler.state.connection import now_sql

FORGET_ROUTERS_S = 3600.0


def routers(version: int) -> Iterator[Finding]:
    """Find processes that obey an old table, and rows of those that are gone."""
    for router in live_routers():
        if router.version < version:
            yield Finding(
                "router-behind",
                "warning",
                "",
                f"{router.host} {router.process} obeys version {router.version}; the newest is {version}.",
                "It should catch up within a second; otherwise restart it.",
            )
    alias = get_conf().control_database
    old = Router.objects.using(alias).extra(  # noqa: S610  the clock must be the database's own
        where=[f"seen_at < {now_sql(connections[alias])} - %s"], params=[FORGET_ROUTERS_S]
    )
    if gone := old.count():
        yield Finding(
            "router-gone",
            "warning",
            "",
            f"{gone} processes left without signing off more than an hour ago.",
            "Their rows do no harm.",
            Mend("forget them", lambda: old.delete() and None),
        )
