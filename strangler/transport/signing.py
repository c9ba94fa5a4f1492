"""
Short-lived tokens between the homes, authenticated by HMAC-SHA256.

A token is `kid.payload.mac`. The purpose is part of what is authenticated, so a token made for one purpose verifies
for no other; the first of the configured keys signs and all of them verify, so keys rotate without a pause.
"""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from strangler.conf import get_conf

TOKEN_CHARS_MAX = 4096
_URL_SAFE = bytes.maketrans(b"+/", b"-_")  # RFC 4648 5


def sign(purpose: str, payload: Mapping[str, Any], *, ttl_s: float, clock: Callable[[], float] = time.time) -> str:
    """
    Return a token that says *payload* for *ttl_s* seconds.

    Args:
        payload: JSON values; the name `exp` belongs to the token itself.
    """
    kid, secret = next(iter(get_conf().keys.items()))
    signed = f"{kid}.{_encode(msgspec.json.encode({**payload, 'exp': clock() + ttl_s}))}"
    return f"{signed}.{_encode(_mac(secret, purpose, signed))}"


def verify(purpose: str, token: str, *, clock: Callable[[], float] = time.time) -> dict[str, Any] | None:
    """Return what *token* says, or None when it is not ours, was made for another purpose, or is over."""
    if len(token) > TOKEN_CHARS_MAX or not token.isascii():
        return None
    signed, _, mac = token.rpartition(".")
    kid, _, claims = signed.rpartition(".")
    secret = get_conf().keys.get(kid)
    if secret is None or not hmac.compare_digest(mac, _encode(_mac(secret, purpose, signed))):
        return None
    payload: dict[str, Any] = msgspec.json.decode(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return payload if payload.pop("exp") > clock() else None


def _mac(secret: str, purpose: str, signed: str) -> bytes:
    return hmac.digest(secret.encode(), f"{purpose}\n{signed}".encode(), "sha256")


def _encode(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()
