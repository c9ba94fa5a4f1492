"""The platform's secrets, made once and kept: of the hosts, the servers, and the issuer of staff tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from monolith.config.capabilities import CAPABILITIES
from strangler.hosting.homes import AUDIENCE, ISSUER

TOKEN_TTL_S = 12 * 3600
STAFF_SCOPES = tuple(f"{capability.name}:{may}" for capability in CAPABILITIES for may in ("read", "write"))
_SECRETS = "secrets.json"
_PRIVATE_KEY = "issuer.pem"
JWKS = "jwks.json"


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


def ensure_issuer(folder: Path) -> Path:
    """Return the path of the public key set (RFC 7517); the key pair is made at the first call."""
    public = folder / JWKS
    if not (folder / _PRIVATE_KEY).exists() or not public.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write_private(_private_folder(folder) / _PRIVATE_KEY, pem)
        public.write_text(json.dumps({"keys": [_public_jwk(key)]}, indent=2))
    return public


def staff_token(
    folder: Path,
    *,
    subject: str = "staff",
    scopes: tuple[str, ...] = STAFF_SCOPES,
    ttl_s: float = TOKEN_TTL_S,
    issuer: str = ISSUER,
    audience: str = AUDIENCE,
) -> str:
    """Return a token for a member of staff, signed by the key in *folder* (ES256)."""
    public = json.loads(ensure_issuer(folder).read_text())
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
    kid = public["keys"][0]["kid"]
    return jwt.encode(claims, (folder / _PRIVATE_KEY).read_text(), algorithm="ES256", headers={"kid": kid})


def _public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    jwk = {"crv": "P-256", "kty": "EC", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}
    # RFC 7638: the key is named by the hash of itself.
    thumbprint = hashlib.sha256(json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()).digest()
    return {**jwk, "kid": _base64url(thumbprint)[:16], "use": "sig", "alg": "ES256"}


def _coordinate(number: int) -> str:
    return _base64url(number.to_bytes(32, "big"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _private_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def _write_private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
