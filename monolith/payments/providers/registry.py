"""Which providers there are here, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from django.conf import settings

from monolith.payments.capability import ENVIRONMENT
from monolith.payments.contract import UnknownProvider
from monolith.payments.providers.adapter import Adapter
from monolith.payments.providers.sandbox import SandboxA, SandboxB
from strangler.transport.breaker import Breaker

_REST_S = 5.0
_KINDS = {kind.name: kind for kind in (SandboxA, SandboxB)}
_given: dict[str, Adapter] = {}


def names() -> tuple[str, ...]:
    """Return every provider's name, the preferred one first."""
    return tuple(_given) or tuple(word.strip() for word in _setting("PAYMENTS_PROVIDERS").split(",") if word.strip())


def provider(name: str) -> Adapter:
    """Return a provider's adapter. Raises UnknownProvider."""
    if name not in names() or not (_given or name in _KINDS):
        raise UnknownProvider(f"There is no provider {name[:32]!r} here.")
    if _given:
        return _given[name]
    secrets = (_setting("PAYMENTS_SANDBOX_SECRET"), _setting("PAYMENTS_WEBHOOK_SECRET"))
    return _made(name, _setting("PAYMENTS_SANDBOX_URL"), *secrets, answer_s())


def answer_s() -> float:
    """Return how long a provider may take for each part of its answer."""
    return float(_setting("PAYMENTS_ANSWER_S"))


@lru_cache(maxsize=16)
def breaker(name: str) -> Breaker:
    """Return the breaker in front of a provider: this process's own."""
    return Breaker(rest_s=_REST_S)


@contextmanager
def bound_to(adapters: Sequence[Adapter]) -> Iterator[None]:
    """Have these providers instead, with breakers that know nothing yet."""
    before = dict(_given)
    _given.clear()
    _given.update({adapter.name: adapter for adapter in adapters})
    breaker.cache_clear()
    try:
        yield
    finally:
        _given.clear()
        _given.update(before)
        breaker.cache_clear()


@lru_cache(maxsize=16)
def _made(name: str, url: str, secret: str, webhook_secret: str, answer_s: float) -> Adapter:
    return _KINDS[name](url, secret, webhook_secret, answer_s=answer_s)


def _setting(name: str) -> str:
    return str(getattr(settings, name, ENVIRONMENT[name]))
