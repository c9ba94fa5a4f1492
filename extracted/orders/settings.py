"""Settings of the orders' own host; whatever is not said here is derived from the app and the environment."""

from strangler.hosting.settings import service_settings

globals().update(
    service_settings(
        "orders",
        package="monolith.orders",
        port=8106,
        peers={
            "catalog": 9101,
            "inventory": 9102,
            "notifications": 9108,
            "payments": 9104,
            "recommendations": 9109,
            "risk": 9107,
            "shipping": 9105,
        },
    )
)
