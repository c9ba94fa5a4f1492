"""Risk's service, with injected faults."""

from extracted.risk.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.support.sabotage.SabotageConfig"]  # noqa: F405
