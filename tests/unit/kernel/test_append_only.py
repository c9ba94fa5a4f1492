"""What has happened is added to, and never rewritten; nothing here comes as far as a database."""

import uuid

import pytest
from django.db import models
from django.test.utils import isolate_apps

from monolith.kernel.append_only import AppendOnly, AppendOnlyError

with isolate_apps("tests.sample"):

    class LogEntry(AppendOnly):
        """Something that happened."""

        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        word = models.CharField(max_length=10)

        class Meta:
            app_label = "sample"
            verbose_name_plural = "log entries"


def kept():
    """Return an entry as a query returns it."""
    return LogEntry.from_db(None, ["id", "word"], [uuid.uuid4(), "first"])


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda row: row.save(),
        lambda row: row.save(update_fields=["word"]),
        lambda row: row.delete(),
        lambda row: LogEntry.objects.update(word="other"),
        lambda row: LogEntry.objects.filter(id=row.id).delete(),
        lambda row: LogEntry.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["id"], update_fields=["word"]
        ),
    ],
)
def test_rewriting_is_refused(rewrite):
    with pytest.raises(AppendOnlyError, match="Log entries are never changed or deleted"):
        rewrite(kept())
