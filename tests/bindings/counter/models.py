from __future__ import annotations

from django.db import models

from strangler.bindings.records import CommandRecord


class Tally(models.Model):
    """One effect of a command."""

    name = models.CharField(max_length=100, primary_key=True)
    total = models.BigIntegerField(default=0)

    class Meta:
        db_table = "counter_tally"

    def __str__(self) -> str:
        return f"{self.name}: {self.total}"


class Effect(models.Model):
    """Every run of a command: a second one for the same key is what must not be."""

    name = models.CharField(max_length=100)
    key = models.TextField()

    class Meta:
        db_table = "counter_effect"

    def __str__(self) -> str:
        return self.key


class CounterCommand(CommandRecord):
    class Meta(CommandRecord.Meta):
        db_table = "counter_command"
