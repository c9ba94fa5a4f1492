"""Single-use tokens that reach their owner by a message: asked for, and used up."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from monolith.kernel.ids import uuid7
from monolith.users.contract import PasswordResetRequested, Purpose, VerificationRequested
from monolith.users.domain import ASK_AGAIN_S, LIFETIMES, fingerprint
from monolith.users.models import Customer, OneTimeToken
from monolith.users.secrets import secret_of
from monolith.users.services import rows
from strangler.events import publish

_EVENTS = {Purpose.VERIFY_EMAIL: VerificationRequested, Purpose.RESET_PASSWORD: PasswordResetRequested}


def send(customer: Customer, purpose: Purpose) -> None:
    """
    Let a locked account be sent a token, and make the one before worthless.

    Nothing is sent when that was done less than `ASK_AGAIN_S` ago: nobody's mailbox is filled by asking.
    """
    now, request_id = timezone.now(), uuid7()
    before = OneTimeToken.objects.filter(customer=customer, purpose=purpose)
    if before.filter(created_at__gt=now - timedelta(seconds=ASK_AGAIN_S)).exists():
        return
    before.delete()
    made = OneTimeToken.objects.create(
        id=request_id,
        customer=customer,
        purpose=purpose,
        email=customer.email,
        token_sha256=fingerprint(secret_of(request_id)),
        created_at=now,
        expires_at=now + LIFETIMES[purpose],
    )
    publish(
        _EVENTS[purpose](
            user_id=customer.id,
            email=customer.email,
            name=customer.name,
            request_id=request_id,
            expires_at=made.expires_at,
        )
    )


def use_up(secret: str, purpose: Purpose) -> Customer | None:
    """
    Return the account that a token was sent to, locked; the token is worthless from now on.

    None: it never was one, was used before, or is over.
    """
    tokens = OneTimeToken.objects.filter(token_sha256=fingerprint(secret), purpose=purpose)
    found = tokens.first()
    if found is None:
        return None
    row = rows.locked(Customer.objects.filter(id=found.customer_id))
    if row is None or not tokens.delete()[0]:  # of two at once, one deletes it
        return None
    if found.expires_at <= timezone.now() or found.email != row.email:
        return None
    return row
