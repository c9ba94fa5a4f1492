"""The recommendations' service, with injected faults."""

from extracted.recommendations.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.support.sabotage.SabotageConfig"]  # noqa: F405
