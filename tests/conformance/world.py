"""Random tables and requests as plain data, made to meet each other: what is random alone hardly ever matches."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

CAPABILITIES = ("catalog", "orders", "wallet", "search")
HOSTS = ("shop.example", "bank.example")
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SEGMENTS = ("api", "cat", "catalog", "catalogue", "v1", "v2", "a", "aa", "a-b", "x.y", "Cat", "~u", "calls")
STRANGE = ("a:b", "a+b", "é", "a b", "@me")
Plain = dict[str, Any]


def make_table(rng: random.Random) -> Plain:
    """Return a table in which prefixes lie within each other, on hosts and off them."""
    segments = (*SEGMENTS, *STRANGE) if rng.random() < 0.15 else SEGMENTS
    owners: dict[tuple[str | None, str], str] = {}
    routes = []
    for _ in range(rng.randint(1, 14)):
        depth = rng.choice((0, 1, 1, 2, 2, 3))
        bare = "/".join(rng.choice(segments) for _ in range(depth))
        host = rng.choice((None, None, None, *HOSTS))
        owner = owners.setdefault((host, bare), rng.choice(CAPABILITIES))
        routes.append({
            "capability": owner,
            "prefix": f"/{bare}{'/' if bare and rng.random() < 0.5 else ''}",
            "host": host,
            "methods": rng.choice((None, None, sorted(rng.sample(METHODS, rng.randint(1, 3))))),
            "kind": rng.choice((None, None, None, "read", "write")),
            "stale_ok": rng.random() < 0.3,
        })  # fmt: skip
    return {"routes": routes, "capabilities": {name: _state(rng) for name in CAPABILITIES}}


def _state(rng: random.Random) -> Plain:
    stage = rng.choice(("monolith", "synced", "canary", "canary", "canary", "extracted", "complete"))
    weight = rng.choice((1, 100, 2500, 5000, 9999, 10_000, rng.randint(1, 10_000))) if stage == "canary" else 0
    writer = "service" if stage in ("extracted", "complete") else "monolith"
    return {"stage": stage, "weight": weight, "writer": writer}


@dataclass(frozen=True, slots=True)
class Claims:
    """
    What a client says of itself, and whether it can prove it.

    Attributes:
        token, cookie: the subject that it names there, or None.
        token_holds, cookie_holds: the signature is good, and everything else.
        override: the wishes, by capability.
        pinned: it has a cookie of pins.
        spoofs: fields that only a router may send.
    """

    token: str | None = None
    token_holds: bool = True
    cookie: str | None = None
    cookie_holds: bool = True
    override: tuple[tuple[str, str], ...] = ()
    override_holds: bool = True
    pinned: bool = False
    spoofs: bool = False

    @property
    def subject(self) -> str | None:
        """Return whom the request proves."""
        if self.token is not None and self.token_holds:
            return self.token
        return self.cookie if self.cookie_holds else None

    @property
    def wishes(self) -> dict[str, str]:
        """Return the wishes that are proven."""
        return dict(self.override) if self.override_holds else {}


def make_request(rng: random.Random, table: Plain) -> Plain:
    """Return a request: `target` as it is sent, `path` as a server decodes it."""
    path = _path(rng, table)
    claims = _claims(rng)
    host = rng.choice((*HOSTS, *HOSTS, "other.example"))
    return {
        "method": rng.choice((*METHODS, "GET", "GET", "GET", "TRACE", "PROPFIND")),
        "host": host,
        "authority": rng.choice((host, host, f"{host}:8000", host.upper())),
        "path": path,
        "target": _target(rng, path),
        "claims": claims,
        "subject": claims.subject,
        "wishes": claims.wishes,
    }


def _path(rng: random.Random, table: Plain) -> str:
    base = rng.choice(table["routes"])["prefix"].rstrip("/")
    end = rng.choice(("", "/", "/x", "/x/y", "s", "/" + rng.choice(SEGMENTS), "//x", "-more", "/caf\u00e9", "/a b"))
    path = f"{base}{end}"
    if rng.random() < 0.05:
        path = f"/{path}"
    return path if path.startswith("/") else f"/{path}"


def _target(rng: random.Random, path: str) -> str:
    """Escape what must be, and now and then what need not be."""
    target = quote(path, safe="/!$&'()*+,;=:@~")
    if rng.random() < 0.1:
        places = [n for n, c in enumerate(target) if c in string.ascii_letters + string.digits + "-._~/" and n]
        places = [n for n in places if target[n - 1] != "%" and target[max(n - 2, 0)] != "%"]
        if places:
            at = rng.choice(places)
            code = f"%{ord(target[at]):02x}"
            target = target[:at] + (code.upper() if rng.random() < 0.5 else code) + target[at + 1 :]
    return target + rng.choice(("", "", "?q=1", "?next=/api/%41", "?"))


def _claims(rng: random.Random) -> Claims:
    def subject() -> str:
        return rng.choice((f"user-{rng.randrange(10**6)}", "".join(rng.choices("0123456789abcdef", k=32))))

    return Claims(
        token=subject() if rng.random() < 0.4 else None,
        token_holds=rng.random() < 0.8,
        cookie=subject() if rng.random() < 0.5 else None,
        cookie_holds=rng.random() < 0.85,
        override=((rng.choice(CAPABILITIES), rng.choice(("monolith", "service"))),) if rng.random() < 0.1 else (),
        override_holds=rng.random() < 0.6,
        pinned=rng.random() < 0.05,
        spoofs=rng.random() < 0.1,
    )
