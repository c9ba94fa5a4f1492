"""The monolith of the two."""

from strangler.hosting.host import Host
from strangler.hosting.settings import host_settings
from tests.events.hosts import PRESS, READER, impatient

globals().update(impatient(host_settings(Host("monolith", [PRESS, READER]))))
