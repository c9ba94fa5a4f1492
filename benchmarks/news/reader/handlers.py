"""One row for each event."""

from benchmarks.news.desk.contract import Spread, Told
from benchmarks.news.reader.models import Heard
from strangler.events import Handler
from strangler.events.handlers import Received


class Listening(Handler, to=(Told, Spread)):
    def apply(self, event: Received, gathered: None) -> None:
        Heard.objects.create(story=event.data.story, number=event.data.number)
