from __future__ import annotations

from django.utils import timezone

from strangler.conf import get_conf
from strangler.events import Handler, Received
from tests.events.press.contract import NoteWritten
from tests.events.reader.models import Effect, Poison


class Reading(Handler, to=(NoteWritten,)):
    """Has its effect as often as it is asked, or fails as often as it is asked about a poisoned note."""

    def apply(self, event: Received[NoteWritten], gathered: None) -> None:
        note = event.data
        same = Effect.objects.filter(aggregate=note.aggregate)
        Effect.objects.create(
            aggregate=note.aggregate, n=note.n, before=same.count(), at=timezone.now(), home=get_conf().host
        )
        if Poison.objects.filter(aggregate=note.aggregate, n=note.n).exists():
            raise ValueError(f"{note.aggregate}/{note.n} is poison")
