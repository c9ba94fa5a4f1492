"""What CI runs of the suites, and what is left to the long run."""

from __future__ import annotations

import pytest

_HOMES = {"monolith", "service"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Leave each home alone on SQLite to `make soak`.

    CI runs the suites in each home on PostgreSQL, and on both databases while the rows go to and fro, where either
    home answers every operation.
    """
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        places = {params.get("catalog_url"), params.get("inventory_url")}
        if params.get("platform") == "sqlite" and places & _HOMES:
            item.add_marker(pytest.mark.soak)
