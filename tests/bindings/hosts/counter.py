"""The counter's own host."""

from strangler.hosting.settings import service_settings

globals().update(service_settings("counter", package="tests.bindings.counter", port=8190))
