"""Live hosts of the catalog."""

from tests.support.fixtures import *  # noqa: F403
