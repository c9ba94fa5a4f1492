from django.apps import AppConfig


class ReaderConfig(AppConfig):
    name = "benchmarks.news.reader"
    label = "reader"
    default_auto_field = "django.db.models.BigAutoField"
