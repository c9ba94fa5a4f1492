"""
Events and an app's own work as Celery tasks (R14).

Each home consumes queues of its own, one for each capability. What a home may not do it hands over to the owner's queue
and then acknowledges; while nobody owns the rows, tasks wait in the queue of the home that is to open. Copies of events
are handed over a few times only: the relay sends again what no subscriber has confirmed.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from celery import Task, shared_task
from celery.exceptions import Ignore, Reject
from kombu.exceptions import OperationalError

from strangler.conf import get_conf
from strangler.events import inbox, outbox, relay
from strangler.events.channels import Receipts, Undelivered, writer_of
from strangler.events.once import first_tick, once
from strangler.fence import Moved, other, owner_of, owning
from strangler.state.identity import Restored
from strangler.transport.queues import EVERY, RELAY, queue_of

EPOCH = "strangler_epoch"
HOPS = "strangler_hops"
_EVENT_HOPS_MAX = 6
_TURNS_MAX = 50
_PAUSE_S = 0.05
_PAUSE_MAX_S = 5.0
log = logging.getLogger(__name__)


class Broker:
    """Hands copies on as tasks; what subscribers say comes back as tasks, too."""

    def deliver(self, publisher: str, subscriber: str, envelopes: Sequence[str]) -> Receipts:
        """Publish one task to the owner's queue."""
        home, epoch = writer_of(subscriber)
        try:
            receive_events.apply_async(
                (publisher, subscriber, list(envelopes)), queue=queue_of(subscriber, home), headers={EPOCH: epoch}
            )
        except (OperationalError, OSError) as error:
            raise Undelivered(f"the broker does not answer: {error}") from error
        return Receipts([], {})


@shared_task(name="strangler.receive_events", bind=True)  # type: ignore[untyped-decorator]
def receive_events(task: Any, publisher: str, subscriber: str, envelopes: list[str]) -> None:
    """Take copies of events here, and tell the publisher; or hand them over."""
    try:
        receipts = inbox.receive(subscriber, envelopes)
    except Moved as moved:
        _hand_over(task, subscriber, moved, hops_max=_EVENT_HOPS_MAX)
    if get_conf().home_of(publisher) == writer_of(publisher)[0]:
        try:
            outbox.settle(publisher, subscriber, receipts.confirmed, receipts.refused)
            return
        except Moved:
            pass
    home, epoch = writer_of(publisher)
    settle_events.apply_async(
        (publisher, subscriber, receipts.confirmed, receipts.refused),
        queue=queue_of(publisher, home),
        headers={EPOCH: epoch},
    )


@shared_task(name="strangler.settle_events", bind=True)  # type: ignore[untyped-decorator]
def settle_events(task: Any, publisher: str, subscriber: str, confirmed: list[str], refused: Mapping[str, str]) -> None:
    """Note what a subscriber says of its copies; or hand it over."""
    try:
        outbox.settle(publisher, subscriber, confirmed, refused)
    except Moved as moved:
        _hand_over(task, publisher, moved, hops_max=_EVENT_HOPS_MAX)


@shared_task(name=RELAY)  # type: ignore[untyped-decorator]
def run_relay() -> int:
    """Hand on what is due, and what becomes due meanwhile, for a few seconds at most."""
    total = 0
    for _ in range(_TURNS_MAX):
        done = relay.run_once()
        total += done
        if not done:
            break
    return total


class _QueuedTask(Task):  # type: ignore[misc]
    """Work of one capability: whoever asks for it, the owner gets it."""

    abstract = True
    capability: str

    def apply_async(self, args: Any = None, kwargs: Any = None, *others: Any, **options: Any) -> Any:
        """Publish to the owner's queue, unless another one is named."""
        if "queue" not in options and "router" not in options:
            home, epoch = writer_of(self.capability)
            options["queue"] = queue_of(self.capability, home)
            options["headers"] = {EPOCH: epoch} | (options.get("headers") or {})
        return super().apply_async(args, kwargs, *others, **options)


class OwnedTask(_QueuedTask):
    """
    Work on a capability's rows, as one transaction of the owner, once for each id (R14).

    An ETA, a retry and a redelivery keep the id. In a home that does not own the rows it is handed over, with all that
    belongs to it: what is to follow follows when it has run. Called as a function it is one transaction of the owner as
    well, and no more.
    """

    abstract = True

    def apply(self, *args: Any, **options: Any) -> Any:
        """
        Run here and now, as `apply_async` does without a broker.

        Raises:
            Moved: another home owns the rows, and there is no queue to hand the task over.
        """
        with owning(self.capability):  # whoever asks is told, while Celery keeps a task's own errors in its result
            return super().apply(*args, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run here, or hand over."""
        if self.request.called_directly:
            with owning(self.capability):
                return self.run(*args, **kwargs)
        try:
            with once(self.capability, self.name, self.request.id) as first:
                return self.run(*args, **kwargs) if first else None
        except Restored as error:  # whoever looks into it will let it go on; nothing has happened
            raise self.retry(exc=error, countdown=_PAUSE_MAX_S, max_retries=None) from error
        except Moved as moved:
            if moved.capability != self.capability:
                raise
            _hand_over(self, self.capability, moved)


class PeriodicTask(_QueuedTask):
    """
    Work that a clock asks for: in each period it is done once, by the owner, and skipped by others.

    It runs outside of a transaction, so that it can work in short ones, each with `owning`. A run that is cut short is
    not repeated: the next period continues.
    """

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run here unless it is done already, or another home's business."""
        try:
            every_s = (self.request.headers or {}).get(EVERY)
            if every_s and not first_tick(self.capability, self.name, every_s):
                return None
            return self.run(*args, **kwargs)
        except Moved as moved:
            if moved.capability != self.capability:
                raise
            log.info("%s skipped: %s", self.name, moved)
            return None


def owned_task(capability: str, *, name: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a task of *capability*: see `OwnedTask`; *options* are those of Celery's tasks."""
    return shared_task(base=OwnedTask, capability=capability, name=name, **options)  # type: ignore[no-any-return]


def periodic_task(capability: str, *, name: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a periodic task of *capability*: see `PeriodicTask`; its app's `PERIODIC` says how often."""
    return shared_task(base=PeriodicTask, capability=capability, name=name, **options)  # type: ignore[no-any-return]


def _hand_over(task: Any, capability: str, moved: Moved, hops_max: int | None = None) -> NoReturn:
    """
    Publish a task to the home that is to run it, later each time, with its id and all that belongs to it.

    A home that is behind the sender waits for its own turn: its row still names the old owner.

    Raises:
        Ignore: it is published, so the worker acknowledges it, and neither result nor successor is due here.
        Reject: the broker did not take it, so it is to come back to this worker.
    """
    home = get_conf().home_of(capability)
    assert home is not None
    known: dict[str, Any] = task.request.headers or {}
    epoch, hops = known.get(EPOCH, 0), known.get(HOPS, 0)
    if hops_max is not None and hops >= hops_max:
        raise Ignore(f"handed over {hops} times")
    behind = moved.epoch < epoch
    target = home if behind or owner_of(capability).owner == home else other(home)
    again = task.signature_from_request(
        queue=queue_of(capability, target),
        headers=known | {EPOCH: max(epoch, moved.epoch), HOPS: hops + 1},
        countdown=_pause_s(hops),
    )
    try:
        again.apply_async()
    except (OperationalError, OSError) as error:
        log.warning("%s is not handed over to the %s yet: %s", task.name, target, error)
        raise Reject(error, requeue=True) from error
    raise Ignore(str(moved))


def _pause_s(hops: int) -> float:
    return min(_PAUSE_MAX_S, _PAUSE_S * 2.0 ** min(hops, 10)) * random.uniform(0.75, 1.25)  # noqa: S311  jitter
