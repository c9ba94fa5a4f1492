"""Who asks, when a JSON Web Token says so and its signature holds (R9)."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import jwt

from strangler.conf import get_conf
from strangler.errors import StranglerError
from strangler.transport.client import Outgoing, upstream

# Only signatures by a private key: a public key must never verify as an HMAC secret (RFC 8725 3.1).
ALGORITHMS = ("ES256", "ES384", "EdDSA", "RS256", "PS256")
TOKEN_CHARS_MAX = 8192
KEEP_S = 300.0
"""A key set that came from an address is asked for again after so long."""
ASK_AGAIN_S = 10.0
"""For a key that is not in it, and after a failure, it is asked for so often at most, whoever invents keys."""
_TIMEOUT_S = 2.0
_BYTES_MAX = 64 << 10
_log = logging.getLogger(__name__)


class Keys(Protocol):
    """The public keys of one issuer."""

    def find(self, kid: str | None) -> Any:
        """Return the key of this name, or None."""
        ...


class FileKeys:
    """Keys in a JWKS file, which is read again when it changes; while it is damaged, those before it go on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read_at_ns = -1
        self._keys: Mapping[str | None, Any] = {}

    def find(self, kid: str | None) -> Any:
        """Look into the file if it has changed."""
        try:
            changed_at_ns = self._file.stat().st_mtime_ns
        except FileNotFoundError:  # no issuer has published a key yet
            return None
        if changed_at_ns != self._read_at_ns:
            try:
                self._keys = _keys_in(self._file.read_bytes())
            except _UNREADABLE as error:
                _log.warning("%s is no key set, keys read before stay valid: %s", self._file, error)
            self._read_at_ns = changed_at_ns
        return self._keys.get(kid)


class FetchedKeys:
    """
    Keys at an address, kept for `KEEP_S`; while it does not answer, those that came last go on.

    Args:
        fetch: returns the key set as it is now.
        clock: seconds, monotonic.
    """

    def __init__(self, fetch: Callable[[], bytes], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._fetching = threading.Lock()
        self._keys: Mapping[str | None, Any] = {}
        self._fetched_at_s = self._asked_at_s = float("-inf")

    def find(self, kid: str | None) -> Any:
        """Ask anew when the set is old, or lacks the key; others go on with what there is meanwhile."""
        # Only while there are no keys at all does anybody wait for whoever asks.
        if self._is_due(kid) and self._fetching.acquire(blocking=not self._keys):
            try:
                if self._is_due(kid):
                    self._ask()
            finally:
                self._fetching.release()
        return self._keys.get(kid)

    def _is_due(self, kid: str | None) -> bool:
        now_s = self._clock()
        lacking = kid not in self._keys or now_s >= self._fetched_at_s + KEEP_S
        return lacking and now_s >= self._asked_at_s + ASK_AGAIN_S

    def _ask(self) -> None:
        try:
            self._keys = _keys_in(self._fetch())
            self._fetched_at_s = self._clock()
        except (StranglerError, OSError, *_UNREADABLE) as error:
            _log.warning("no key set came, keys that came before stay valid: %s", error)
        self._asked_at_s = self._clock()


class Issuer:
    """
    Somebody whose tokens count.

    Args:
        issuer: required `iss`, when given.
        audience: required `aud`, when given.
    """

    def __init__(self, keys: Keys, *, issuer: str | None, audience: str | None) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    def claims(self, token: str) -> dict[str, Any] | None:
        """Return what a valid token says, or None when it proves nothing."""
        if len(token) > TOKEN_CHARS_MAX:
            return None
        try:
            key = self._keys.find(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                return None
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=ALGORITHMS, issuer=self._issuer, audience=self._audience,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )  # fmt: skip
        except jwt.PyJWTError:
            return None
        return claims


def token_subject(authorization: str) -> str | None:
    """Return the subject that an Authorization field proves, or None."""
    claims = token_claims(authorization)
    return str(claims["sub"]) if claims else None


def token_claims(authorization: str) -> dict[str, Any] | None:
    """Return the verified claims of an Authorization field, or None."""
    scheme, _, token = authorization.partition(" ")
    conf = get_conf()
    if conf.subject_jwks is None or scheme.lower() != "bearer":
        return None
    return _issuer(conf.subject_jwks, conf.subject_issuer, conf.subject_audience).claims(token.strip())


@lru_cache(maxsize=4)
def _issuer(jwks: str, issuer: str | None, audience: str | None) -> Issuer:
    keys: Keys = FetchedKeys(lambda: _fetched(jwks)) if "://" in jwks else FileKeys(Path(jwks))
    return Issuer(keys, issuer=issuer, audience=audience)


def _fetched(url: str) -> bytes:
    """Return what *url*, which comes from the settings, answers."""
    parts = urlsplit(url)
    pool = upstream(f"{parts.scheme}://{parts.netloc}", get_conf().connect_timeout_s, 1)
    fields = [("Host", parts.netloc), ("Accept", "application/jwk-set+json, application/json")]
    reply = pool.send(Outgoing("GET", parts.path or "/", fields, None, _TIMEOUT_S, repeatable=True))
    try:
        if reply.head.status != 200:
            raise OSError(f"{url} answered {reply.head.status}")
        content = b""
        for piece in reply:
            content += piece
            if len(content) > _BYTES_MAX:
                raise OSError(f"{url} answered more than {_BYTES_MAX} bytes")
    finally:
        reply.close()
    return content


_UNREADABLE = (ValueError, TypeError, AttributeError, jwt.PyJWTError)


def _keys_in(content: bytes) -> Mapping[str | None, Any]:
    return {key.key_id: key for key in jwt.PyJWKSet.from_dict(json.loads(content)).keys}
