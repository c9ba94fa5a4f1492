"""
Idempotency keys: a repeated POST has one effect and one answer.

The record commits in the transaction of the effect, in a table of the capability itself (R7), so a key keeps its
meaning when the capability moves to its other home.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

from django.db import router, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from strangler.fence import Busy, alone
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.records import KEY_LENGTH_MAX, IdempotencyRecord

KEPT_FOR = timedelta(hours=24)
_REPLAYED_HEADERS = ("ETag", "Location")
H = TypeVar("H", bound=Callable[..., Any])


@dataclass(frozen=True)
class _Claim:
    """A request that wants to be the first with its key."""

    records: type[IdempotencyRecord]
    principal: str
    route: str
    key: str
    request_sha256: str

    def alone(self) -> AbstractContextManager[None]:
        """Open the transaction that works on the key, or refuse at once when another does."""
        table = self.records._meta.db_table
        return alone(router.db_for_write(self.records), table, self.principal, self.route, self.key)

    def answer_of_the_first(self) -> HttpResponse | None:
        """
        Return the recorded answer, or None when this request is the first.

        Raises:
            Problem: `idempotency_key_reused`, or `idempotency_in_progress`.
        """
        same_key = self.records.objects.filter(principal=self.principal, route=self.route, key=self.key)
        record = same_key.first()
        if record is not None and record.expires_at < timezone.now():
            same_key.delete()
            record = None
        if record is None:
            return None
        if record.request_sha256 != self.request_sha256:
            raise Problem(RestCode.IDEMPOTENCY_KEY_REUSED, "Use a new key for a new request.")
        if record.state != IdempotencyRecord.State.DONE:
            raise _in_progress()
        replayed = {**record.headers, "Idempotent-Replayed": "true"}
        return HttpResponse(record.body.encode(), status=record.status_code, headers=replayed)

    def begin(self) -> IdempotencyRecord:
        record: IdempotencyRecord = self.records.objects.create(
            principal=self.principal,
            route=self.route,
            key=self.key,
            request_sha256=self.request_sha256,
            state=IdempotencyRecord.State.IN_PROGRESS,
            expires_at=timezone.now() + KEPT_FOR,
        )
        return record


def idempotent(records: type[IdempotencyRecord], *, route: str) -> Callable[[H], H]:
    """
    Give a handler one effect per Idempotency-Key, in one atomic block (R4).

    Only a success is recorded: a refusal, raised or returned, rolls effect and record back, and a repeat runs again.

    Args:
        route: method and route as the record remembers them, such as "POST /products"; never change it, or the
            keys in use lose their meaning. Path arguments, query and body are compared by hash.
    """

    def decorate(handler: H) -> H:
        @functools.wraps(handler)
        def run_once(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            claim = _claim(records, route, request)
            try:
                with claim.alone():
                    replay = claim.answer_of_the_first()
                    if replay is not None:
                        return replay
                    record = claim.begin()
                    response: Response = handler(view, request, *args, **kwargs)
                    if response.status_code < 400:
                        _finish(record, response)
                    else:
                        transaction.set_rollback(True, using=record._state.db)
                    return response
            except Busy as busy:
                raise _in_progress() from busy

        run_once.strangler_atomic = True  # type: ignore[attr-defined]
        run_once.strangler_idempotent = True  # type: ignore[attr-defined]
        return cast(H, run_once)

    return decorate


def _claim(records: type[IdempotencyRecord], route: str, request: Request) -> _Claim:
    key = request.headers.get("Idempotency-Key", "").strip()
    if not 1 <= len(key) <= KEY_LENGTH_MAX:
        raise Problem(
            RestCode.IDEMPOTENCY_KEY_REQUIRED,
            f"Send an Idempotency-Key of 1 to {KEY_LENGTH_MAX} characters, such as a random UUID.",
        )
    sent = json.dumps([request.get_full_path(), request.data], sort_keys=True, separators=(",", ":"))
    subject: Any = getattr(request.user, "subject", None) or request.user.pk
    # With a secret: whoever reads the table cannot try out which password or card a short body held.
    digest = salted_hmac("strangler.idempotency", sent, algorithm="sha256").hexdigest()
    return _Claim(records, str(subject), route, key, digest)


def _finish(record: IdempotencyRecord, response: Response) -> None:
    """Keep the bytes of the answer, not its data: a replay is the original answer."""
    record.state = IdempotencyRecord.State.DONE
    record.status_code = response.status_code
    record.body = JSONRenderer().render(response.data).decode()
    record.headers = {name: response[name] for name in _REPLAYED_HEADERS if response.has_header(name)}
    record.headers["Content-Type"] = "application/json"
    record.save(update_fields=["state", "status_code", "body", "headers"])


def _in_progress() -> Problem:
    return Problem(
        RestCode.IDEMPOTENCY_IN_PROGRESS,
        "Repeat in a moment to get its answer.",
        headers={"Retry-After": "1"},
    )
