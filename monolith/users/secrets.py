"""
The secrets that messages carry.

Each is made of its request's id and the key that every host of the platform has: whoever writes the message asks for it
then, and no table, event or log ever has it. What is kept is its fingerprint.
"""

from __future__ import annotations

import base64
from uuid import UUID

from django.utils.crypto import salted_hmac

_SALT = "monolith.users.secrets"


def secret_of(request_id: UUID) -> str:
    """Return the secret of a request, always the same one: 256 bits that nobody guesses."""
    digest = salted_hmac(_SALT, str(request_id), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
