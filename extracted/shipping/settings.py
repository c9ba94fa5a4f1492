"""Settings of the shipping's own host; whatever is not said here is derived from the app and the environment."""

from strangler.hosting.settings import service_settings

globals().update(
    service_settings(
        "shipping",
        package="extracted.shipping",
        contract="monolith.shipping.contract",
        port=8105,
        complete=True,
        peers={"inventory": 9102, "notifications": 9108, "orders": 9106},
    )
)
