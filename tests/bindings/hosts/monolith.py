"""The monolith, with the counter in it."""

from strangler.hosting.host import Host
from strangler.hosting.settings import host_settings
from tests.bindings.hosts import CAPABILITIES

globals().update(host_settings(Host("monolith", CAPABILITIES)))
