"""Settings of the catalog's own host; whatever is not said here is derived from the app and the environment."""

from strangler.hosting.settings import service_settings

globals().update(service_settings("catalog", package="monolith.catalog", port=8101, peers={"inventory": 9102}))
