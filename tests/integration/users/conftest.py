"""Accounts on each database; and many hands at once."""

from __future__ import annotations

import pytest

from monolith.users import passwords
from monolith.users.services import accounts, credentials
from strangler.hosting.keyring import keyring
from tests.unit.users.told import token_told

PASSWORD = "correct horse battery"


@pytest.fixture
def ann(homes, settings, tmp_path):
    """An active account; hashes are quick and there is a key to sign with."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.HOSTING = {"keys_dir": tmp_path / "keys"}
    keyring().ensure()
    made = accounts.customer_register(email="ann@example.com", password_hash=passwords.hashed(PASSWORD))
    credentials.verification_confirm(token=token_told("verification_requested"))
    made.refresh_from_db()
    return made
