from django.db import models

from strangler.bindings.records import CommandRecord


class Parcel(models.Model):
    label = models.CharField(max_length=50, primary_key=True)

    class Meta:
        db_table = "parcels_parcel"

    def __str__(self) -> str:
        return self.label


class ParcelsCommand(CommandRecord):
    class Meta(CommandRecord.Meta):
        db_table = "parcels_command"
