"""Accounts whose passwords are hashed quickly, and a key to sign with."""

from __future__ import annotations

import pytest

from monolith.users import passwords
from monolith.users.services import accounts, credentials
from strangler.hosting.homes import AUDIENCE, ISSUER
from strangler.hosting.keyring import keyring
from tests.unit.users.told import token_told

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    """What a hash costs is no matter here, but where it is said."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def signing(settings, tmp_path):
    """A key in a folder of the test's own."""
    settings.HOSTING = {"keys_dir": tmp_path}
    jwks = str(keyring().ensure())
    settings.STRANGLER = {
        **settings.STRANGLER, "SUBJECT_JWKS": jwks, "SUBJECT_ISSUER": ISSUER, "SUBJECT_AUDIENCE": AUDIENCE,
    }  # fmt: skip


@pytest.fixture
def pending(db):
    """An account as it is right after it was made."""
    return accounts.customer_register(
        email="Ann@Example.com", password_hash=passwords.hashed(PASSWORD), first_name="Ann"
    )


@pytest.fixture
def ann(pending):
    """The same, verified."""
    credentials.verification_confirm(token=token_told("verification_requested"))
    pending.refresh_from_db()
    return pending
