from django.apps import AppConfig


class ParcelsConfig(AppConfig):
    name = "tests.integration.complete.app"
    label = "parcels"
    default_auto_field = "django.db.models.BigAutoField"
