"""Settings of the monolith; everything that other hosts have as well is derived in the hosting kit."""

from monolith.config.host import MONOLITH
from strangler.hosting.settings import host_settings

globals().update(host_settings(MONOLITH))
