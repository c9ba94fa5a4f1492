"""The hosts of a platform that has one capability more, the counter, and in which nothing is complete."""

from strangler.hosting.host import Capability
from tests.support.settings.before import INCOMPLETE

COUNTER = Capability("counter", package="tests.bindings.counter", port=8190)
CAPABILITIES = (*INCOMPLETE, COUNTER)
