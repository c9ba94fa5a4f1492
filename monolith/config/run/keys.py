"""The platform's secrets, made once and kept: of the hosts, the servers, and the issuer of staff tokens."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from monolith.config.capabilities import CAPABILITIES
from strangler.hosting.homes import AUDIENCE, ISSUER
from strangler.hosting.keyring import JWKS, Keyring

TOKEN_TTL_S = 12 * 3600
STAFF_SCOPES = tuple(f"{capability.name}:{may}" for capability in CAPABILITIES for may in ("read", "write"))
_SECRETS, _APP_SECRETS = "secrets.json", "apps.json"
__all__ = [
    "JWKS",
    "STAFF_SCOPES",
    "TOKEN_TTL_S",
    "Secrets",
    "app_secrets",
    "ensure_issuer",
    "load_secrets",
    "staff_token",
]


@dataclass(frozen=True, slots=True)
class Secrets:
    """Random words that only the platform's processes know."""

    django: str
    hop: str
    postgres: str
    valkey: str
    admin: str


def load_secrets(folder: Path) -> Secrets:
    """Return the secrets kept in *folder*; they are made at the first call."""
    file = _private_folder(folder) / _SECRETS
    if not file.exists():
        words = {field.name: secrets.token_urlsafe(36) for field in fields(Secrets)}
        made = Secrets(**{**words, "admin": secrets.token_urlsafe(9)})  # a person may have to type this one
        _write_private(file, json.dumps(asdict(made)).encode())
    return Secrets(**json.loads(file.read_text()))


def app_secrets(folder: Path) -> dict[str, str]:
    """Return the variables with secrets that apps ask of the environment; each is made when it is first asked for."""
    file = _private_folder(folder) / _APP_SECRETS
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    wanted = [name for one in CAPABILITIES for name in one.environment if name.endswith("_SECRET")]
    if missing := [name for name in wanted if name not in known]:
        known |= {name: secrets.token_urlsafe(36) for name in missing}
        _write_private(file, json.dumps(known).encode())
    return known


def ensure_issuer(folder: Path) -> Path:
    """Return the path of the public key set (RFC 7517); the key pair is made at the first call."""
    return Keyring(folder).ensure()


def staff_token(
    folder: Path,
    *,
    subject: str = "staff",
    scopes: tuple[str, ...] = STAFF_SCOPES,
    ttl_s: float = TOKEN_TTL_S,
    issuer: str = ISSUER,
    audience: str = AUDIENCE,
) -> str:
    """Return a token for a member of staff, signed by the key in *folder*, which is made when it is missing."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": now,
        "exp": now + int(ttl_s),
        "scope": " ".join(scopes),
        "staff": True,
    }
    ring = Keyring(folder)
    ring.ensure()
    return ring.sign(claims)


def _private_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def _write_private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
