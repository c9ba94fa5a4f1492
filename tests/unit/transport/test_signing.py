import pytest

from strangler.transport.signing import sign, verify

OLD, NEW = "o" * 32, "n" * 32


@pytest.fixture
def keys(settings):
    def use(keys):
        settings.STRANGLER = {**settings.STRANGLER, "KEYS": keys}

    return use


def test_what_was_signed_comes_back():
    assert verify("hop", sign("hop", {"epoch": 3, "name": "Ä"}, ttl_s=60)) == {"epoch": 3, "name": "Ä"}


def test_token_ends_with_its_time():
    token = sign("hop", {}, ttl_s=60, clock=lambda: 1000.0)
    assert verify("hop", token, clock=lambda: 1059.9) == {}
    assert verify("hop", token, clock=lambda: 1060.0) is None


def test_token_of_another_purpose_proves_nothing():
    """A client gets a signed cookie; it must not pass as a hop or an identity."""
    token = sign("subject", {"sub": "1"}, ttl_s=60)
    assert verify("identity", token) is None


def test_keys_rotate(keys):
    keys({"old": OLD})
    token = sign("hop", {"a": 1}, ttl_s=60)
    keys({"new": NEW, "old": OLD})
    assert verify("hop", token) == {"a": 1}
    assert sign("hop", {}, ttl_s=60).startswith("new.")
    keys({"new": NEW})
    assert verify("hop", token) is None


def test_key_id_may_hold_a_dot(keys):
    keys({"2026.11": NEW})
    assert verify("hop", sign("hop", {"a": 1}, ttl_s=60)) == {"a": 1}


def test_every_changed_character_is_noticed():
    token = sign("hop", {"capability": "catalog"}, ttl_s=60)
    for at in range(len(token)):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert verify("hop", changed) is None, at


@pytest.mark.parametrize("junk", ["", ".", "..", "test..", "a.b.c", "test.e30.", "\u00e9.b.c", "x" * 5000])
def test_junk_proves_nothing(junk):
    assert verify("hop", junk) is None
