"""Every mounted app, as each of its homes serves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monolith.config.run.keys import ensure_issuer
from strangler.hosting.auth import HostAuthentication
from strangler.hosting.rest.views import RestView
from tests.apis.hosts import Become, Host, be


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the keys that sign."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def become(settings: Any, monkeypatch: pytest.MonkeyPatch, keys: Path, db: None) -> Become:
    """A function (app, home) -> Host; requests prove who they are as they must in a host."""
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"UNAUTHENTICATED_USER": "strangler.hosting.auth.nobody"}
    monkeypatch.setattr(RestView, "authentication_classes", (HostAuthentication,))
    jwks = ensure_issuer(keys)

    def become(name: str, home: str) -> Host:
        return be(settings, name, home, keys, jwks)

    return become
