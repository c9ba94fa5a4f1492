"""The two homes of the chores."""

from strangler.hosting.host import Capability

CHORES = Capability("chores", package="tests.integration.events.chores", port=8191)
SABOTAGE = "tests.integration.events.sabotage.SabotageConfig"
