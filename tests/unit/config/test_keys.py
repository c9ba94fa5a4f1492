"""Secrets are made once, kept, and readable by nobody else."""

import json
import stat

import jwt
import pytest

from monolith.config.run.keys import JWKS, STAFF_SCOPES, ensure_issuer, load_secrets, staff_token
from strangler.hosting.homes import AUDIENCE, ISSUER


def test_secrets_stay_the_same(tmp_path):
    first = load_secrets(tmp_path / "keys")
    assert load_secrets(tmp_path / "keys") == first
    assert min(len(first.django), len(first.hop)) >= 32


def test_nobody_else_can_read_them(tmp_path):
    load_secrets(tmp_path / "keys")
    ensure_issuer(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    for name in ("secrets.json", "issuer.pem"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600


def test_a_token_verifies_by_the_published_keys(tmp_path):
    token = staff_token(tmp_path, subject="ann")
    published = jwt.PyJWKSet.from_dict(json.loads((tmp_path / JWKS).read_text()))
    key = published[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER)
    assert claims["sub"] == "ann"
    assert set(claims["scope"].split()) == set(STAFF_SCOPES) >= {"catalog:write", "inventory:write"}


def test_published_keys_hold_nothing_private(tmp_path):
    (key,) = json.loads(ensure_issuer(tmp_path).read_text())["keys"]
    assert set(key) == {"crv", "kty", "x", "y", "kid", "use", "alg"}


@pytest.mark.parametrize("lost", [JWKS, "issuer.pem"])
def test_half_a_pair_is_made_anew(tmp_path, lost):
    ensure_issuer(tmp_path)
    (tmp_path / lost).unlink()
    token = staff_token(tmp_path)
    published = jwt.PyJWKSet.from_dict(json.loads((tmp_path / JWKS).read_text()))
    key = published[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE)
