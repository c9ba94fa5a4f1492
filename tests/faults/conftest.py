"""Real servers for the fault tests."""

from tests.support.fixtures import *  # noqa: F403
