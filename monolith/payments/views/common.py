"""What every view of payments does."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.payments import selectors
from monolith.payments.codes import PaymentsCode
from monolith.payments.domain import State
from monolith.payments.models import PaymentAttempt
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.scopes import has_scope
from strangler.hosting.rest.views import RestView

OWN, READ, WRITE = "payments:own", "payments:read", "payments:write"
_RETRY_AFTER_S = "5"
_BY_CODE = {
    "card_declined": PaymentsCode.CARD_DECLINED,
    "authentication_required": PaymentsCode.AUTHENTICATION_REQUIRED,
    "provider_unavailable": PaymentsCode.PROVIDER_UNAVAILABLE,
}
Handler = Callable[..., Any]


class PaymentsView(RestView):
    """Refuses with the payments' codes; for the shop, unless a view says otherwise."""

    codes = PaymentsCode
    scopes = {"GET": READ, "HEAD": READ}


class OwnOrShop(BasePermission):
    """Let customers pass with the scope for what is theirs; which rows they meet, the views ask."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return has_scope(request, OWN) or has_scope(request, view.scopes.get(request.method, WRITE))


class OwnView(PaymentsView):
    """For customers as well: what is somebody else's is not there."""

    permission_classes = (OwnOrShop,)

    def customer(self, request: Request) -> str | None:
        """Return whose payments *request* meets: None for everybody's."""
        shop = has_scope(request, self.scopes[str(request.method)])
        return None if shop else str(request.user.subject)


def told_when_asked(handler: Handler) -> Handler:
    """
    Answer what became of an operation, once the provider was asked.

    The handler below is one atomic block, which records what is to be asked and remembers under the key *which*
    operation that is. The provider is asked when that has committed. A repeat asks nothing new and is told what has
    become of the operation by then.
    """

    @functools.wraps(handler)
    def told(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        recorded = handler(view, request, *args, **kwargs)
        body = recorded.data if isinstance(recorded, Response) else json.loads(recorded.content)
        attempt = selectors.attempt(UUID(body["attempt"])) if body["attempt"] else None
        response = cast(Response, view.became(UUID(body["id"]), attempt))
        if recorded.has_header("Idempotent-Replayed"):
            response["Idempotent-Replayed"] = "true"
        return response

    return told


def refuse_failure(attempt: PaymentAttempt | None) -> None:
    """Raise the problem of an authorisation that came to nothing."""
    if attempt is None or attempt.state != State.FAILED or attempt.error is None:
        return
    error = attempt.error
    code = _BY_CODE.get(error["code"], PaymentsCode.CARD_DECLINED)
    headers = {"Retry-After": _RETRY_AFTER_S} if code is PaymentsCode.PROVIDER_UNAVAILABLE else {}
    names = {"payment_id": str(attempt.intent_id), "decline_code": error["decline_code"]}
    raise Problem(code, error["message"], headers=headers, extensions=names)


def reference(row_id: UUID, attempt: PaymentAttempt | None) -> Response:
    """Return what a key remembers: which row, and what was asked for it."""
    return Response({"id": str(row_id), "attempt": None if attempt is None else str(attempt.id)})
