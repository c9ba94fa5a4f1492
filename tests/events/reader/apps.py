from django.apps import AppConfig


class ReaderConfig(AppConfig):
    name = "tests.events.reader"
    label = "reader"
    default_auto_field = "django.db.models.BigAutoField"
