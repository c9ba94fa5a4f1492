import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from strangler.transport.subjects import ASK_AGAIN_S, KEEP_S, FetchedKeys, token_subject

ISSUER, AUDIENCE = "http://strangler.test", "platform"


class Issuer:
    """An issuer with one key, publishing to a file."""

    def __init__(self, file, kid="k1"):
        self.file = file
        self.kid = kid
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.publish()

    def publish(self):
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        self.file.write_text(json.dumps({"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "ES256"}]}))
        stamp = time.time_ns()
        os.utime(self.file, ns=(stamp, stamp))

    def token(self, *, key=None, algorithm="ES256", kid=None, **claims):
        claims = {"sub": "42", "exp": time.time() + 60, "iss": ISSUER, "aud": AUDIENCE, **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key or self.key, algorithm=algorithm, headers={"kid": kid or self.kid})


@pytest.fixture
def issuer(tmp_path, settings):
    file = tmp_path / "jwks.json"
    settings.STRANGLER = {
        **settings.STRANGLER, "SUBJECT_JWKS": str(file), "SUBJECT_ISSUER": ISSUER, "SUBJECT_AUDIENCE": AUDIENCE,
    }  # fmt: skip
    return Issuer(file)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_valid_token_names_its_subject(issuer, scheme):
    """RFC 6750 2.1; the scheme's case does not matter (RFC 9110 11.1)."""
    assert token_subject(f"{scheme} {issuer.token()}") == "42"


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": time.time() - 10_000}, id="RFC 7519 4.1.4 over"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"sub": None}, id="no subject"),
        pytest.param({"iss": "http://evil.example"}, id="RFC 7519 4.1.1 issuer"),
        pytest.param({"aud": "another"}, id="RFC 7519 4.1.3 audience"),
        pytest.param({"nbf": time.time() + 10_000}, id="RFC 7519 4.1.5 not yet"),
    ],
)
def test_token_with_other_claims_names_nobody(issuer, claims):
    assert token_subject(f"Bearer {issuer.token(**claims)}") is None


def test_forged_tokens_name_nobody(issuer, tmp_path):
    """RFC 8725 2.1, 3.1: none, HMAC with the public key, somebody else's key, an unknown key."""
    stranger = ec.generate_private_key(ec.SECP256R1())
    assert token_subject(f"Bearer {issuer.token(key=stranger)}") is None
    assert token_subject(f"Bearer {issuer.token(kid='other')}") is None
    assert token_subject(f"Bearer {issuer.token(key='k' * 32, algorithm='HS256')}") is None
    unsigned = jwt.encode({"sub": "42", "exp": time.time() + 60}, None, algorithm="none", headers={"kid": "k1"})
    assert token_subject(f"Bearer {unsigned}") is None


@pytest.mark.parametrize("junk", ["", "Bearer", "Bearer ", "Bearer a.b.c", "Basic YTpi", "Bearer " + "x" * 9000])
def test_junk_names_nobody(issuer, junk):
    assert token_subject(junk) is None


def test_new_keys_are_read_when_the_file_changes(issuer):
    old = issuer.token()
    assert token_subject(f"Bearer {old}") == "42"
    successor = Issuer(issuer.file, kid="k2")
    assert token_subject(f"Bearer {successor.token(sub='43')}") == "43"
    assert token_subject(f"Bearer {old}") is None


def test_without_keys_no_token_names_anybody(settings):
    assert token_subject("Bearer a.b.c") is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"keys": []}', '{"keys": [{"kty": "EC"}]}', "null"])
def test_damaged_file_leaves_the_keys_that_were_read_before(issuer, damage):
    token = issuer.token()
    assert token_subject(f"Bearer {token}") == "42"
    issuer.file.write_text(damage)
    os.utime(issuer.file, ns=(time.time_ns(), time.time_ns() + 1))
    assert token_subject(f"Bearer {token}") == "42"
    issuer.publish()
    assert token_subject(f"Bearer {token}") == "42"


class Address:
    """A key set somewhere else, which counts how often it was asked for."""

    def __init__(self, issuer):
        self.issuer = issuer
        self.asked = 0
        self.answers = True

    def __call__(self):
        self.asked += 1
        if not self.answers:
            raise OSError("no answer")
        return self.issuer.file.read_bytes()


class Clock:
    now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def address(issuer):
    return Address(issuer)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fetched(address, clock):
    return FetchedKeys(address, clock=clock)


def test_keys_are_asked_for_once_and_kept(fetched, address, clock):
    for _ in range(3):
        assert fetched.find("k1")
        clock.now_s += KEEP_S / 4
    assert address.asked == 1
    clock.now_s += KEEP_S / 4
    assert fetched.find("k1")
    assert address.asked == 2


def test_new_key_is_found_without_waiting(fetched, issuer, clock):
    assert fetched.find("k1")
    issuer.kid = "k2"
    issuer.publish()
    clock.now_s += ASK_AGAIN_S
    assert fetched.find("k2")


def test_whoever_invents_keys_asks_nobody(fetched, address, clock):
    assert fetched.find("k1")
    clock.now_s += ASK_AGAIN_S
    assert [fetched.find(f"invented-{n}") for n in range(100)] == [None] * 100
    assert address.asked == 2


def test_keys_that_came_last_go_on_while_nobody_answers(fetched, address, clock):
    assert fetched.find("k1")
    address.answers = False
    for _ in range(10):
        clock.now_s += KEEP_S
        assert fetched.find("k1")
        assert fetched.find("k1")
    assert address.asked == 11


def test_answer_that_is_no_key_set_changes_nothing(fetched, issuer, clock):
    assert fetched.find("k1")
    issuer.file.write_text("<html>")
    clock.now_s += KEEP_S
    assert fetched.find("k1")


def test_failure_before_the_first_answer_is_tried_again_soon(fetched, address, clock):
    address.answers = False
    assert [fetched.find("k1"), fetched.find("k1")] == [None, None]
    assert address.asked == 1
    address.answers = True
    clock.now_s += ASK_AGAIN_S
    assert fetched.find("k1")


def test_many_who_need_the_first_keys_ask_once_and_all_get_them(address, clock):
    began = threading.Event()

    def slowly():
        began.wait(10)
        return address()

    fetched = FetchedKeys(slowly, clock=clock)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(fetched.find, "k1") for _ in range(8)]
        began.set()
        assert all(one.result(10) for one in found)
    assert address.asked == 1


def test_others_go_on_while_one_asks_again(address, clock):
    """A slow answer holds up one request in five minutes, not all of them."""
    asked, answer = threading.Event(), threading.Event()

    def slowly():
        if address.asked:
            asked.set()
            answer.wait(10)
        return address()

    fetched = FetchedKeys(slowly, clock=clock)
    assert fetched.find("k1")
    clock.now_s += KEEP_S
    with ThreadPoolExecutor(1) as pool:
        one = pool.submit(fetched.find, "k1")
        assert asked.wait(10)
        assert fetched.find("k1")
        assert not one.done()
        answer.set()
        assert one.result(10)


@pytest.fixture
def server(issuer):
    """Answers the key set at /keys over real HTTP, and something too long at /long."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            content = {"/keys": issuer.file.read_bytes(), "/long": b" " * (1 << 20)}.get(self.path)
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize(("path", "subject"), [("/keys", "42"), ("/nothing", None), ("/long", None)])
def test_token_counts_by_keys_at_an_address(issuer, server, settings, path, subject):
    settings.STRANGLER = {**settings.STRANGLER, "SUBJECT_JWKS": server + path}
    assert token_subject(f"Bearer {issuer.token()}") == subject


def test_token_counts_for_nobody_while_nothing_answers(issuer, settings):
    settings.STRANGLER = {**settings.STRANGLER, "SUBJECT_JWKS": "http://127.0.0.1:9/keys"}
    assert token_subject(f"Bearer {issuer.token()}") is None
