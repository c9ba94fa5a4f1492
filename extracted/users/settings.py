"""Settings of the users' own host; whatever is not said here is derived from the app and the environment."""

from strangler.hosting.settings import service_settings

globals().update(service_settings("users", package="monolith.users", port=8103, peers={"notifications": 9108}))
