"""The monolith, which has of parcels what calls and routes need."""

from strangler.hosting.host import Host
from strangler.hosting.settings import host_settings
from tests.integration.complete.hosts import PARCELS

globals().update(host_settings(Host("monolith", [PARCELS])))
