"""Settings of the payments' own host; whatever is not said here is derived from the app and the environment."""

from strangler.hosting.settings import service_settings

globals().update(
    service_settings("payments", package="monolith.payments", port=8104, peers={"notifications": 9108, "orders": 9106})
)
