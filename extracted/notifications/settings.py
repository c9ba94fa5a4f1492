"""Settings of the notifications' own host; whatever is not said here is derived from the app and the environment."""

from strangler.hosting.settings import service_settings

globals().update(
    service_settings(
        "notifications",
        package="monolith.notifications",
        port=8108,
        peers={"orders": 9106, "payments": 9104, "shipping": 9105, "users": 9103},
    )
)
