from __future__ import annotations

from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from strangler.events import publish
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.views import RestView
from tests.events.press.contract import NoteWritten
from tests.events.press.models import Note, PressIdempotency


class NotesView(RestView):
    """Notes are written one by one."""

    permission_classes = (IsAuthenticated,)

    @idempotent(PressIdempotency, route="POST /notes")
    def post(self, request: Request) -> Response:
        """Write a note and publish that, in one transaction."""
        aggregate, n = str(request.data["aggregate"]), int(request.data["n"])
        note = Note.objects.create(aggregate=aggregate, n=n)
        publish(NoteWritten(aggregate=aggregate, n=n))
        return Response({"id": str(note.id), "aggregate": aggregate, "n": n}, status=201)


urlpatterns = [path("notes", NotesView.as_view())]
