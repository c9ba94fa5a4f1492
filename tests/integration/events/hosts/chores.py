"""The chores' own host."""

from strangler.hosting.settings import service_settings
from tests.integration.events.hosts import CHORES, SABOTAGE

globals().update(service_settings(CHORES.name, package=CHORES.package, port=CHORES.port))
INSTALLED_APPS += [SABOTAGE]  # noqa: F821
