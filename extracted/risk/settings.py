"""Settings of the risk's own host; whatever is not said here is derived from the app and the environment."""

from strangler.hosting.settings import service_settings

globals().update(service_settings("risk", package="monolith.risk", port=8107, peers={"orders": 9106}))
