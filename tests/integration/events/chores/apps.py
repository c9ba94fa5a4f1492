from django.apps import AppConfig


class ChoresConfig(AppConfig):
    name = "tests.integration.events.chores"
    label = "chores"
    default_auto_field = "django.db.models.BigAutoField"
