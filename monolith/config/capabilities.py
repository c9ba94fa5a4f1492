"""Which bounded apps can leave the monolith, in the order in which they are listed everywhere."""

from strangler.hosting.host import Capability

CAPABILITIES = (
    Capability("catalog", package="monolith.catalog", port=8101),
    Capability("inventory", package="monolith.inventory", port=8102),
)
