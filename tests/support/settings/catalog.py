"""The catalog's service, with injected faults."""

from extracted.catalog.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.support.sabotage.SabotageConfig"]  # noqa: F405
