"""The users' service, with injected faults."""

from extracted.users.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.support.sabotage.SabotageConfig"]  # noqa: F405
