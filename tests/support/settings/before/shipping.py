"""Shipping's service, which may have to give the rows back."""

from strangler.hosting.host import Host
from strangler.hosting.settings import host_settings
from tests.support.settings.before import INCOMPLETE

_PEERS = {"inventory": 9102, "notifications": 9108, "orders": 9106}
globals().update(host_settings(Host("shipping", [c for c in INCOMPLETE if c.name == "shipping"], peers=_PEERS)))
