"""The notifications' service, with injected faults."""

from extracted.notifications.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.support.sabotage.SabotageConfig"]  # noqa: F405
