"""Deliver: what has happened in one capability has its effect in another, once and in order, wherever both live."""

from strangler.events.handlers import Handler, Received
from strangler.events.once import once
from strangler.events.outbox import publish

__all__ = ["Handler", "Received", "once", "publish"]
