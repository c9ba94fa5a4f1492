"""
Signatures of webhooks: who sends, that nothing was changed, and that it was sent lately.

`Webhook-Signature: t=1700000000,v1=<hex>`: HMAC-SHA256 over the moment, a dot, and the body byte for byte. The moment
is signed as well, so an old delivery cannot be sent again as a new one. No Django: senders use it, too.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Sequence

HEADER = "Webhook-Signature"
TOLERANCE_S = 300
_SCHEME = "v1"
_MOMENT = re.compile(r"[0-9]{1,12}", re.ASCII)


class SignatureInvalid(Exception):
    """The delivery is not by who it says, was changed, or is old; the message says which as far as that is known."""


def sign(body: bytes, secret: str, *, at: int | None = None) -> str:
    """
    Return the header's value for *body*.

    Args:
        at: unix seconds; now unless given.
    """
    moment = int(time.time()) if at is None else at
    return f"t={moment},{_SCHEME}={_digest(body, secret, str(moment))}"


def verify(
    body: bytes,
    header: str | None,
    secrets: Sequence[str],
    *,
    now: float | None = None,
    tolerance_s: float = TOLERANCE_S,
) -> None:
    """
    Let a delivery pass whose header was made with one of *secrets*, at most *tolerance_s* before or after now.

    Args:
        body: as it was received.
        secrets: more than one while one replaces another.

    Raises:
        SignatureInvalid: it does not pass.
    """
    moment, digests = _read(header)
    expected = [_digest(body, secret, moment) for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in expected for other in digests):
        raise SignatureInvalid("The signature does not fit the body: another secret, or the body was changed.")
    if abs((time.time() if now is None else now) - int(moment)) > tolerance_s:
        raise SignatureInvalid(f"It was signed more than {tolerance_s:g} s from now: sign it again, see the clock.")


def _read(header: str | None) -> tuple[str, list[str]]:
    """Return the moment as it was signed, and every digest of our scheme; others are of the future."""
    if not header:
        raise SignatureInvalid(f"Send {HEADER}: t=<unix seconds>,{_SCHEME}=<hex>.")
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")]
    moments = _values(pairs, "t")
    digests = [digest for digest in _values(pairs, _SCHEME) if digest.isascii()]
    if len(moments) != 1 or not _MOMENT.fullmatch(moments[0]) or not digests:
        raise SignatureInvalid(f"{HEADER} must be written t=<unix seconds>,{_SCHEME}=<hex>.")
    return moments[0], digests


def _values(pairs: Iterable[tuple[str, str]], wanted: str) -> list[str]:
    return [value for name, value in pairs if name == wanted]


def _digest(body: bytes, secret: str, moment: str) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
