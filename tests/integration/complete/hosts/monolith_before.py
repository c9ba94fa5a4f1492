"""The monolith of the release before, which is a home of parcels."""

from strangler.hosting.host import Host
from strangler.hosting.settings import host_settings
from tests.integration.complete.hosts import BEFORE

globals().update(host_settings(Host("monolith", [BEFORE])))
