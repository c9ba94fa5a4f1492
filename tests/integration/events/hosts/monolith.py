"""The monolith, with nothing but the chores in it."""

from strangler.hosting.host import Host
from strangler.hosting.settings import host_settings
from tests.integration.events.hosts import CHORES, SABOTAGE

globals().update(host_settings(Host("monolith", [CHORES])))
INSTALLED_APPS += [SABOTAGE]  # noqa: F821
