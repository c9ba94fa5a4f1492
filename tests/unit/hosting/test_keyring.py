"""Signing keys: made once, rotated without a moment at which a good token is refused."""

import json
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import jwt
import pytest
from django.core.management import CommandError, call_command

from strangler.errors import Refused, SetupError
from strangler.hosting.keyring import ANNOUNCE_S, JWKS, OUTLIVE_S, Keyring
from strangler.transport.subjects import FileKeys, Issuer

CLAIMS = {"sub": "42", "exp": 4_000_000_000}


class Clock:
    now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ring(tmp_path, clock):
    made = Keyring(tmp_path / "keys", clock=clock)
    made.ensure()
    return made


@pytest.fixture
def counts(ring):
    """Whether a token counts for somebody who reads the published file alone."""
    verifier = Issuer(FileKeys(ring.jwks), issuer=None, audience=None)
    return lambda token: verifier.claims(token) is not None


def roles(ring):
    return [key.role for key in ring.known()]


def kid(token):
    return jwt.get_unverified_header(token)["kid"]


def test_token_counts_by_the_published_keys(ring, counts):
    assert counts(ring.sign(CLAIMS))
    assert not counts(stranger(ring).sign(CLAIMS))


def stranger(ring):
    other = Keyring(ring.folder.parent / "stranger")
    other.ensure()
    return other


def test_nobody_else_reads_private_keys_and_nothing_private_is_published(ring):
    ring.announce()
    assert stat.S_IMODE(ring.folder.stat().st_mode) == 0o700
    for name in ("issuer.pem", "next.pem"):
        assert stat.S_IMODE((ring.folder / name).stat().st_mode) == 0o600
    published = json.loads((ring.folder / JWKS).read_text())["keys"]
    assert [set(key) for key in published] == [{"crv", "kty", "x", "y", "kid", "use", "alg"}] * 2


def test_rotation_refuses_no_good_token(ring, clock, counts):
    """Announce, wait, sign, wait, retire: every token counts from its first moment to its last."""
    old = ring.sign(CLAIMS)
    announced = ring.announce()
    assert roles(ring) == ["current", "next"]
    assert kid(ring.sign(CLAIMS)) == kid(old) != announced.kid
    clock.now += ANNOUNCE_S
    assert ring.advance().kid == announced.kid
    new = ring.sign(CLAIMS)
    assert kid(new) == announced.kid
    assert roles(ring) == ["current", "previous"]
    assert counts(old)
    assert counts(new)
    clock.now += OUTLIVE_S
    assert [key.kid for key in ring.retire()] == [kid(old)]
    assert not counts(old)
    assert counts(new)
    assert roles(ring) == ["current"]


def test_steps_wait_for_each_other(ring, clock):
    with pytest.raises(Refused, match="announce"):
        ring.advance()
    ring.announce()
    with pytest.raises(Refused, match="announced already"):
        ring.announce()
    clock.now += ANNOUNCE_S - 1
    with pytest.raises(Refused, match="in 1 s"):
        ring.advance()
    clock.now += 1
    ring.advance()
    clock.now += OUTLIVE_S - 60
    with pytest.raises(Refused, match="in 60 s"):
        ring.retire()
    with pytest.raises(Refused, match="no previous"):
        stranger(ring).retire()


def test_stolen_key_is_gone_at_once(ring, counts):
    stolen = ring.sign(CLAIMS)
    ring.announce()
    ring.advance(wait_s=0)
    ring.retire(wait_s=0)
    assert not counts(stolen)
    assert counts(ring.sign(CLAIMS))


def test_two_rotations_keep_the_key_that_may_still_have_tokens(ring, clock):
    oldest = kid(ring.sign(CLAIMS))
    for _ in range(2):
        ring.announce()
        clock.now += ANNOUNCE_S
        ring.advance()
        clock.now += OUTLIVE_S / 2
    clock.now += OUTLIVE_S / 4
    assert roles(ring) == ["current", "previous", "previous"]
    assert [key.kid for key in ring.retire()] == [oldest]


def test_running_process_signs_with_the_new_key(ring, clock):
    running = Keyring(ring.folder, clock=clock)
    before = kid(running.sign(CLAIMS))
    ring.announce()
    ring.advance(wait_s=0)
    assert kid(running.sign(CLAIMS)) != before


def test_whoever_dies_before_the_new_key_signs_has_changed_nothing(ring, clock, counts):
    """What comes before the exchange of the private keys is a note, which the next attempt writes again."""
    old = ring.sign(CLAIMS)
    ring.announce()
    clock.now += ANNOUNCE_S
    ring._note(kid(old))
    assert roles(ring) == ["current", "next"]
    clock.now += 5
    ring.advance()
    assert next(key.since for key in ring.known() if key.role == "previous") == clock.now
    assert counts(old)


def test_many_processes_make_one_key(tmp_path):
    together = threading.Barrier(8)

    def ensure(_):
        ring = Keyring(tmp_path)
        together.wait(10)
        ring.ensure()
        return kid(ring.sign(CLAIMS))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ensure, range(8)))) == 1


def test_keys_of_others_in_the_file_go_on(ring, counts):
    """Somebody else may have published there; a lost private key is followed by another."""
    old = ring.sign(CLAIMS)
    (ring.folder / "issuer.pem").unlink()
    ring.ensure()
    assert counts(old)
    assert counts(ring.sign(CLAIMS))
    assert roles(ring) == ["current", "previous"]


def test_without_a_key_nothing_is_signed(tmp_path):
    """A replica that made one of its own would sign what nobody else can verify."""
    with pytest.raises(SetupError, match=r"rotate_keys make"):
        Keyring(tmp_path).sign(CLAIMS)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def command(settings, tmp_path):
    """Run `rotate_keys` and return what it says."""
    settings.HOSTING = {"keys_dir": tmp_path / "of-the-command"}

    def run(*arguments):
        said = StringIO()
        call_command("rotate_keys", *arguments, stdout=said)
        return said.getvalue()

    return run


def test_command_takes_the_steps_and_shows_the_keys(command):
    assert "rotate_keys make" in command()
    assert [line.split()[1] for line in command("make").splitlines()] == ["current"]
    assert [line.split()[1] for line in command("announce").splitlines()] == ["current", "next"]
    with pytest.raises(CommandError, match="--now"):
        command("sign")
    assert [line.split()[1] for line in command("sign", "--now").splitlines()] == ["current", "previous"]
    assert [key["role"] for key in json.loads(command("show", "--json"))["keys"]] == ["current", "previous"]
    assert [line.split()[1] for line in command("retire", "--now").splitlines()] == ["current"]
