import uuid

import django.utils.timezone
from django.db import migrations, models

import strangler.bindings.records


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Parcel",
            fields=[("label", models.CharField(max_length=50, primary_key=True, serialize=False))],
            options={"db_table": "parcels_parcel"},
        ),
        migrations.CreateModel(
            name="ParcelsCommand",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("operation", models.CharField(max_length=100)),
                ("key", models.CharField(max_length=255)),
                ("request_sha256", models.CharField(max_length=64)),
                ("outcome", models.TextField(help_text="JSON, as the contract encodes it")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(db_index=True, default=strangler.bindings.records._expiry)),
            ],
            options={
                "db_table": "parcels_command",
                "abstract": False,
                "constraints": [models.UniqueConstraint(fields=("operation", "key"), name="parcels_command_key")],
            },
        ),
    ]
