"""A host with one view more: a slow one."""

from strangler.hosting.host import Capability, Host
from strangler.hosting.settings import host_settings

globals().update(
    host_settings(
        Host(
            "catalog",
            [Capability("catalog", "monolith.catalog")],
            root_urlconf="tests.integration.hosting.urls",
            peers={"inventory": 9102},
        )
    )
)
