"""
The signing keys of an issuer, in a folder: the one that signs, the one that comes next, and those that went before.

`issuer.pem` signs and `next.pem` is announced; `jwks.json` is what everybody may know (RFC 7517): the public halves of
both, and of keys whose tokens may still be about. Nobody verifies by a key before he can have read of it, and none
disappears before its last token is over: the steps of a rotation wait for that.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.http import HttpResponse

from strangler.errors import Refused, SetupError
from strangler.hosting.conf import get_hosting

ALGORITHM = "ES256"
JWKS = "jwks.json"
ANNOUNCE_S = 900.0
"""A key is announced so long before it signs: three times as long as anybody may keep the key set."""
OUTLIVE_S = 13 * 3600.0
"""A key verifies so long after it has signed for the last time: longer than any token lives."""
_CACHED = "public, max-age=300"
_CURRENT, _NEXT = "issuer.pem", "next.pem"
_SINCE, _LOCK = "rotation.json", "rotation.lock"

Role = Literal["next", "current", "previous"]


class PublishedKey(NamedTuple):
    """A key that verifies; *since* is when it took its role (Unix time), 0 when nobody has noted it."""

    kid: str
    role: Role
    since: float


class Keyring:
    """
    The keys in *folder*, which several processes and hosts may share.

    Args:
        clock: Unix time.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock
        self._signer: tuple[int, str, str] = (-1, "", "")

    @property
    def jwks(self) -> Path:
        """The file of the public keys."""
        return self.folder / JWKS

    def ensure(self) -> Path:
        """Return the file of the public keys; a pair that is missing, or half of it, is made."""
        if not (self._has(_CURRENT) and self._has(JWKS)):
            with self._alone():
                if not self._has(_CURRENT):
                    self._make(_CURRENT)
                self._publish()
        return self.jwks

    def sign(self, claims: Mapping[str, Any]) -> str:
        """
        Return a token that says *claims*, signed by the current key.

        Raises:
            SetupError: there is no key.
        """
        pem, kid = self._signing_key()
        return jwt.encode(dict(claims), pem, algorithm=ALGORITHM, headers={"kid": kid})

    def known(self) -> list[PublishedKey]:
        """Return every key that verifies: the current one, the next one, then those before, the latest first."""
        since = self._since()
        roles = self._roles()
        found = [PublishedKey(key["kid"], roles.get(key["kid"], "previous"), since.get(key["kid"], 0.0))
                 for key in self._published()]  # fmt: skip
        return sorted(found, key=lambda key: (("current", "next", "previous").index(key.role), -key.since))

    def announce(self) -> PublishedKey:
        """
        Make the next key and publish it; it signs nothing yet.

        Raises:
            Refused: one is announced already.
        """
        with self._alone():
            if self._has(_NEXT):
                raise Refused("A next key is announced already. Let it sign: rotate_keys sign.")
            self._make(_NEXT)
            self._publish()
        return self._of("next")

    def advance(self, *, wait_s: float = ANNOUNCE_S) -> PublishedKey:
        """
        Sign with the next key from now on; the one before goes on verifying.

        Raises:
            Refused: none is announced, or it was announced less than *wait_s* seconds ago.
        """
        with self._alone():
            if not self._has(_NEXT):
                raise Refused("No next key is announced. Announce one: rotate_keys announce.")
            self._wait("next", wait_s, "Others may not have read of the next key yet")
            # Whoever dies in between has changed nothing: roles follow from the two private keys alone.
            self._note(*(_kid(self._public(name)) for name in (_CURRENT, _NEXT)))
            (self.folder / _NEXT).replace(self.folder / _CURRENT)
        return self._of("current")

    def retire(self, *, wait_s: float = OUTLIVE_S) -> list[PublishedKey]:
        """
        Publish no longer what has not signed for *wait_s* seconds, and return it.

        Raises:
            Refused: every previous key may have tokens that are still valid, or there is none.
        """
        with self._alone():
            previous = [key for key in self.known() if key.role == "previous"]
            over = [key for key in previous if key.since + wait_s <= self._clock()]
            if not previous:
                raise Refused("There is no previous key.")
            if not over:
                self._wait("previous", wait_s, "Tokens of the previous key may still be valid")
            self._publish(without={key.kid for key in over})
        return over

    def _of(self, role: Role) -> PublishedKey:
        return next(key for key in self.known() if key.role == role)

    def _wait(self, role: Role, wait_s: float, why: str) -> None:
        left_s = self._of(role).since + wait_s - self._clock()
        if left_s > 0:
            raise Refused(f"{why}. Repeat this in {left_s:.0f} s; --now does not wait, and refuses their tokens.")

    def _roles(self) -> dict[str, Role]:
        names: dict[str, Role] = {_NEXT: "next", _CURRENT: "current"}
        return {_kid(self._public(name)): role for name, role in names.items() if self._has(name)}

    def _signing_key(self) -> tuple[str, str]:
        file = self.folder / _CURRENT
        try:
            changed_at_ns = file.stat().st_mtime_ns
            if changed_at_ns != self._signer[0]:
                self._signer = (changed_at_ns, file.read_text(), _kid(self._public(_CURRENT)))
        except OSError as error:
            advice = "make it (manage.py rotate_keys make), or set JWKS_FILE to the key set beside which it lies."
            raise SetupError([f"{file} cannot be read ({error.strerror}), so nothing is signed: {advice}"]) from error
        return self._signer[1], self._signer[2]

    def _has(self, name: str) -> bool:
        return (self.folder / name).exists()

    def _make(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self._write(name, key.private_bytes(*form), mode=0o600)
        self._note(_kid(self._public(name)))

    def _public(self, name: str) -> dict[str, str]:
        key = serialization.load_pem_private_key((self.folder / name).read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise SetupError([f"{self.folder / name} is no key of an elliptic curve: {ALGORITHM} needs P-256."])
        numbers = key.public_key().public_numbers()
        return {"crv": "P-256", "kty": "EC", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}

    def _publish(self, without: set[str] | frozenset[str] = frozenset()) -> None:
        """Own keys first, then what others of the folder have published and nobody has retired."""
        own = [self._public(name) for name in (_CURRENT, _NEXT) if self._has(name)]
        keys = [{**key, "kid": _kid(key), "use": "sig", "alg": ALGORITHM} for key in own]
        known = {key["kid"] for key in keys} | without
        keys += [key for key in self._published() if key["kid"] not in known]
        self._write(JWKS, json.dumps({"keys": keys}, indent=2).encode(), mode=0o644)

    def _published(self) -> list[dict[str, str]]:
        if not self._has(JWKS):
            return []
        found: list[dict[str, str]] = json.loads(self.jwks.read_text())["keys"]
        return found

    def _since(self) -> dict[str, float]:
        file = self.folder / _SINCE
        found: dict[str, float] = json.loads(file.read_text()) if file.exists() else {}
        return found

    def _note(self, *kids: str) -> None:
        since = self._since() | dict.fromkeys(kids, self._clock())
        self._write(_SINCE, json.dumps(since, indent=2).encode(), mode=0o600)

    def _write(self, name: str, content: bytes, *, mode: int) -> None:
        """Let nobody ever read half of it."""
        new = self.folder / f"{name}.new"
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123  with a mode
            file.write(content)
        new.replace(self.folder / name)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        with (self.folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def keyring() -> Keyring:
    """Return this host's keys."""
    return _of(get_hosting().keys_dir)


@lru_cache(maxsize=4)
def _of(folder: Path) -> Keyring:
    return Keyring(folder)


def published() -> HttpResponse:
    """Answer the key set (RFC 7517 5); an empty one while no key was made."""
    file = keyring().jwks
    content = file.read_bytes() if file.exists() else b'{"keys": []}'
    return HttpResponse(content, content_type="application/jwk-set+json", headers={"Cache-Control": _CACHED})


def _kid(public: Mapping[str, str]) -> str:
    """A key is named by the hash of itself (RFC 7638)."""
    thumbprint = hashlib.sha256(json.dumps(dict(public), sort_keys=True, separators=(",", ":")).encode()).digest()
    return _base64url(thumbprint)[:16]


def _coordinate(number: int) -> str:
    return _base64url(number.to_bytes(32, "big"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
