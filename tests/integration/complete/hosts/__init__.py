"""Two releases of a platform: the one before, whose monolith has the app, and the one that ships it complete."""

from strangler.hosting.host import Capability

PACKAGE = "tests.integration.complete.app"
CONTRACT = "tests.integration.complete.parcels.contract"
BEFORE = Capability("parcels", PACKAGE, 8191, CONTRACT)
PARCELS = Capability("parcels", PACKAGE, 8191, CONTRACT, complete=True)
