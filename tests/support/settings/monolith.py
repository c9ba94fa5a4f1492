"""The monolith, with injected faults."""

import os

from monolith.config.settings import *  # noqa: F403

INSTALLED_APPS += ["strangler.testing", "tests.support.sabotage.SabotageConfig"]  # noqa: F405
STRANGLER_PAUSE_AFTER = int(os.environ.get("STRANGLER_PAUSE_AFTER", "0"))
