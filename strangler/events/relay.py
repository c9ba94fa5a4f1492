"""
The relay: hands on what outboxes hold, and looks after what inboxes have kept for later.

Any number may run, in any home: each row is taken by one of them at a time, and only the owner's may be taken. It runs
as a thread of a host without a broker, as a periodic task, or as a process of its own (`strangler relay`).
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.core.signals import request_started
from django.db import DatabaseError, connections

from strangler.conf import get_conf
from strangler.errors import StranglerError
from strangler.events import inbox, outbox, waking
from strangler.events.catalogue import inbox_of, outbox_of
from strangler.events.channels import Channel, Undelivered
from strangler.events.outbox import Sent
from strangler.fence import Moved, owner_of
from strangler.state.background import Background

BATCH = 200
"""Copies that are claimed at a time."""
LETTER = 25
"""Copies that travel together."""
IDLE_S = 0.5
FAILED_S = 2.0
_UID = "strangler.relay"
log = logging.getLogger(__name__)


def channel() -> Channel:
    """Return the way to subscribers that the settings name."""
    if get_conf().events == "celery":
        from strangler.events.tasks import Broker

        return Broker()
    from strangler.events.direct import Direct

    return Direct()


def run_once() -> int:
    """Hand on and look after what is due now in this host's capabilities, and return how much that was."""
    return sum(_of(capability) for capability in get_conf().own_capabilities)


def _of(capability: str) -> int:
    """Look at one capability; what another home owns is its relay's business."""
    try:
        if owner_of(capability).owner != get_conf().home_of(capability):
            return 0
        done = _publish(capability) if outbox_of(capability) else 0
        return done + (inbox.work(capability, BATCH) if inbox_of(capability) else 0)
    except Moved:
        return 0


def _publish(capability: str) -> int:
    claimed = outbox.claim(capability, BATCH)
    letters: dict[str, list[Sent]] = defaultdict(list)
    for one in claimed:
        letters[one.subscriber].append(one)
    way = channel()
    for subscriber, copies in letters.items():
        for start in range(0, len(copies), LETTER):
            _send(way, capability, subscriber, copies[start : start + LETTER])
    return len(claimed)


def _send(way: Channel, capability: str, subscriber: str, copies: list[Sent]) -> None:
    try:
        receipts = way.deliver(capability, subscriber, [copy.envelope for copy in copies])
    except Undelivered as error:
        log.warning("%s: %s events for %s wait: %s", capability, len(copies), subscriber, error)
        outbox.postpone(capability, [copy.copy_id for copy in copies])
        return
    if receipts.confirmed or receipts.refused:
        outbox.settle(capability, subscriber, receipts.confirmed, receipts.refused)


def run(stopping: threading.Event, report: Callable[[int], None] = lambda _: None) -> None:
    """
    Work until told to stop; a database that does not answer is asked again.

    Args:
        report: hears after each look how much was done.
    """
    while not stopping.is_set():
        pause_s = IDLE_S
        try:
            done = run_once()
            report(done)
            if done:
                pause_s = 0.0
        except (DatabaseError, StranglerError, OSError) as error:
            log.warning("the relay is interrupted: %s", error)
            pause_s = FAILED_S
        if pause_s:
            connections.close_all()
            waking.wait(pause_s)


_background = Background("strangler-relay", run)


def start(**_: Any) -> None:
    """Start the thread of this process, once, where events travel without a broker."""
    conf = get_conf()
    if conf.events == "direct" and conf.follow and any(outbox_of(c) or inbox_of(c) for c in conf.own_capabilities):
        _background.start()
    request_started.disconnect(dispatch_uid=_UID)


def start_with_first_request() -> None:
    """Let any server that serves this host have its relay, without knowing of it."""
    request_started.connect(start, dispatch_uid=_UID)
