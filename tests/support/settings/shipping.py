"""Shipping's service, with injected faults."""

from extracted.shipping.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.support.sabotage.SabotageConfig"]  # noqa: F405
