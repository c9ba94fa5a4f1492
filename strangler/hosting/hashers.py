"""How passwords are hashed in every host."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class LeanArgon2PasswordHasher(Argon2PasswordHasher):
    """
    Argon2id as OWASP asks for it at least: 19 MiB, two passes, one lane.

    Django's own takes 100 MiB and eight lanes for each login: a host that serves 64 requests at a time would need 6 GiB
    for whoever knocks often enough. Hashes of other costs verify, and are replaced at the next login.
    """

    time_cost = 2
    memory_cost = 19 << 10
    parallelism = 1
