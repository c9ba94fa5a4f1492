"""Access tokens: signed, short-lived, verified everywhere by the published keys."""

from __future__ import annotations

import time
from typing import NamedTuple
from uuid import UUID

from monolith.kernel.ids import uuid7
from monolith.users.domain import ACCESS_TTL_S, scopes_of
from monolith.users.models import Customer
from strangler.conf import get_conf
from strangler.hosting.keyring import keyring


class Tokens(NamedTuple):
    """What somebody gets who has logged in: both are known to nobody else."""

    access_token: str
    refresh_token: str
    expires_in: int
    scope: str


def tokens_for(customer: Customer, family: UUID, refresh_token: str) -> Tokens:
    """
    Sign an access token of the session *family*.

    Raises:
        SetupError: this host has no key.
    """
    conf, now, scope = get_conf(), int(time.time()), " ".join(scopes_of(customer.roles))
    demanded = {"iss": conf.subject_issuer, "aud": conf.subject_audience}
    claims = {
        **{name: value for name, value in demanded.items() if value is not None},
        "sub": str(customer.id),
        "iat": now,
        "exp": now + ACCESS_TTL_S,
        "jti": str(uuid7()),
        "sid": str(family),
        "scope": scope,
        "roles": customer.roles,
    }
    return Tokens(keyring().sign(claims), refresh_token, ACCESS_TTL_S, scope)
