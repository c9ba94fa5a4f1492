"""The orders' service, with injected faults."""

from extracted.orders.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.support.sabotage.SabotageConfig"]  # noqa: F405
