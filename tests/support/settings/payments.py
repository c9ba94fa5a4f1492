"""The payments' service, with injected faults."""

from extracted.payments.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.support.sabotage.SabotageConfig"]  # noqa: F405
