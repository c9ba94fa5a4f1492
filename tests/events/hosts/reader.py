"""The reader's own host."""

from strangler.hosting.settings import service_settings
from tests.events.hosts import PRESS, READER, impatient

globals().update(
    impatient(
        service_settings("reader", package=READER.package, port=READER.port, peers={"press": PRESS.internal_port})
    )
)
