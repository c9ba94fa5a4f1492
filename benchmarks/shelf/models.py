from django.db import models

from strangler.bindings.records import CommandRecord


class Put(models.Model):
    """The effect of one command."""

    order_id = models.UUIDField(primary_key=True)
    lines = models.IntegerField()

    class Meta:
        db_table = "shelf_put"

    def __str__(self) -> str:
        return str(self.order_id)


class ShelfCommand(CommandRecord):
    class Meta(CommandRecord.Meta):
        db_table = "shelf_command"
