"""Which apps listen to the models of others: a receiver runs inside the sender's transaction."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import signals

from strangler.boundaries.seams.bonds import Bond, bond
from strangler.boundaries.seams.territory import Territory

_NAMES = ("pre_init", "post_init", "pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed")


def signal_bonds(territory: Territory) -> Iterator[Bond]:
    """Yield every connected receiver of one app that waits for a model of another."""
    models = {id(model): model for model in apps.get_models(include_auto_created=True)}
    for name in _NAMES:
        for (_, sender), reference, *_ in getattr(signals, name).receivers:
            model, receiver = models.get(sender), _function(reference)
            if model is None or receiver is None:
                continue
            source, target = territory.owner_of(receiver.__module__), model._meta.app_label
            if source and target in territory.labels - {source.label}:
                code = receiver.__code__
                what = f"{receiver.__qualname__}() runs at {name} of {model._meta.label}"
                place = territory.shown(code.co_filename)
                yield bond(source.label, target, "signal", what, place, code.co_firstlineno)


def _function(reference: Any) -> Any:
    """Return the function behind a receiver, or None when it is gone or has no source."""
    receiver: Any = reference() if isinstance(reference, weakref.ReferenceType) else reference
    function: Any = inspect.unwrap(getattr(receiver, "__func__", receiver)) if receiver else None
    return function if inspect.isfunction(function) else None
