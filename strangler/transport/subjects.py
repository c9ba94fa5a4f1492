"""Who asks, when a JSON Web Token says so and its signature holds (R9)."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt

from strangler.conf import get_conf

# Only signatures by a private key: a public key must never verify as an HMAC secret (RFC 8725 3.1).
ALGORITHMS = ("ES256", "ES384", "EdDSA", "RS256", "PS256")
TOKEN_CHARS_MAX = 8192


class KeySet:
    """
    The public keys of one issuer, read from a JWKS file and again when that file changes.

    Args:
        issuer: required `iss`, when given.
        audience: required `aud`, when given.
    """

    def __init__(self, file: Path, *, issuer: str | None, audience: str | None) -> None:
        self._file = file
        self._issuer = issuer
        self._audience = audience
        self._read_at_ns = -1
        self._keys: dict[str | None, Any] = {}

    def claims(self, token: str) -> dict[str, Any] | None:
        """Return what a valid token says, or None when it proves nothing."""
        if len(token) > TOKEN_CHARS_MAX:
            return None
        try:
            key = self._key(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                return None
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=ALGORITHMS, issuer=self._issuer, audience=self._audience,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )  # fmt: skip
        except jwt.PyJWTError:
            return None
        return claims

    def _key(self, kid: str | None) -> Any:
        try:
            changed_at_ns = self._file.stat().st_mtime_ns
        except FileNotFoundError:  # no issuer has published a key yet
            return None
        if changed_at_ns != self._read_at_ns:
            found = jwt.PyJWKSet.from_dict(json.loads(self._file.read_text()))
            self._keys = {key.key_id: key for key in found.keys}
            self._read_at_ns = changed_at_ns
        return self._keys.get(kid)


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
    return _key_set(conf.subject_jwks, conf.subject_issuer, conf.subject_audience).claims(token.strip())


@lru_cache(maxsize=4)
def _key_set(file: str, issuer: str | None, audience: str | None) -> KeySet:
    return KeySet(Path(file), issuer=issuer, audience=audience)
