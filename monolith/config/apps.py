"""The monolith's configuration as an app: it brings the commands of development."""

from django.apps import AppConfig


class PlatformConfig(AppConfig):
    """No models; the label keeps clear of every bounded app's."""

    name = "monolith.config"
    label = "platform"
    verbose_name = "Platform"
