"""The hosts of a platform that has one capability more: the counter."""

from monolith.config.capabilities import CAPABILITIES as PLATFORM
from strangler.hosting.host import Capability

COUNTER = Capability("counter", package="tests.bindings.counter", port=8190)
CAPABILITIES = (*PLATFORM, COUNTER)
