"""Passwords cost what they should, and those that cost something else are still good."""

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.test import override_settings

HASHERS = ["strangler.hosting.hashers.LeanArgon2PasswordHasher"]


class Heavier(Argon2PasswordHasher):
    """What was the rule before, but for the time of a test."""

    time_cost = 3
    memory_cost = 1 << 10
    parallelism = 1


@override_settings(PASSWORD_HASHERS=HASHERS)
def test_hash_says_what_it_costs():
    kept = make_password("correct horse battery")
    assert kept.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password("correct horse battery", kept)
    assert not check_password("correct horse", kept)


@override_settings(PASSWORD_HASHERS=HASHERS)
def test_hash_of_another_cost_is_good_and_replaced():
    kept, replaced = Heavier().encode("correct horse battery", "somesaltsalt"), []
    assert check_password("correct horse battery", kept, replaced.append)
    assert replaced == ["correct horse battery"]
