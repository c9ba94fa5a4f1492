"""The service of the release before."""

from strangler.hosting.settings import service_settings
from tests.integration.complete.hosts import CONTRACT, PACKAGE

globals().update(service_settings("parcels", package=PACKAGE, contract=CONTRACT, port=8191))
