"""Which bounded apps can leave the monolith, in the order in which they are listed everywhere."""

from strangler.hosting.host import Capability

CAPABILITIES = (
    Capability("catalog", package="monolith.catalog", port=8101),
    Capability("inventory", package="monolith.inventory", port=8102),
    Capability("users", package="monolith.users", port=8103),
    Capability("payments", package="monolith.payments", port=8104),
    Capability(
        "shipping", package="extracted.shipping", port=8105, contract="monolith.shipping.contract", complete=True
    ),
    Capability("orders", package="monolith.orders", port=8106),
    Capability("risk", package="monolith.risk", port=8107),
    Capability("notifications", package="monolith.notifications", port=8108),
    Capability("recommendations", package="monolith.recommendations", port=8109),
)
