"""The monolith with injected faults, whose catalog may be read from an old copy."""

from tests.support.settings.monolith import *  # noqa: F403

for _route in STRANGLER["CAPABILITIES"]["catalog"]["routes"]:  # noqa: F405
    _route["stale_ok"] = True
