"""The monolith, with every app in it."""

from dataclasses import replace

from monolith.config.host import MONOLITH
from strangler.hosting.settings import host_settings
from tests.support.settings.before import INCOMPLETE

globals().update(host_settings(replace(MONOLITH, capabilities=INCOMPLETE)))
