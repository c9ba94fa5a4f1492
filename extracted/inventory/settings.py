"""Settings of the inventory's own host; whatever is not said here is derived from the app and the environment."""

from strangler.hosting.settings import service_settings

globals().update(
    service_settings(
        "inventory",
        package="monolith.inventory",
        port=8102,
        peers={"catalog": 9101, "orders": 9106, "shipping": 9105},
    )
)
