"""Settings of the recommendations' own host; whatever is not said here is derived from the app and the environment."""

from strangler.hosting.settings import service_settings

globals().update(
    service_settings("recommendations", package="monolith.recommendations", port=8109, peers={"orders": 9106})
)
