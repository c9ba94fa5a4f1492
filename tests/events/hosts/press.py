"""The press's own host."""

from strangler.hosting.settings import service_settings
from tests.events.hosts import PRESS, READER, impatient

globals().update(
    impatient(service_settings("press", package=PRESS.package, port=PRESS.port, peers={"reader": READER.internal_port}))
)
