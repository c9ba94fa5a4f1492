import json
import os
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from strangler.transport.subjects import token_subject

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
