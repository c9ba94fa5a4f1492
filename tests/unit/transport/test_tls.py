"""The client over TLS: verified, and pooled like the plain one."""

import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from strangler.transport.client import Outgoing, Upstream
from strangler.transport.errors import Unreachable
from tests.integration.proxy.upstream import Upstream as Server


class TlsServer(Server):
    """The recording upstream behind TLS."""

    def __init__(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._context = context
        super().__init__()

    def _accept(self):
        self._listener = self._context.wrap_socket(self._listener, server_side=True)
        super()._accept()


@pytest.fixture
def certificate(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "upstream")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "upstream.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def server(certificate):
    server = TlsServer(certificate)
    yield server
    server.close()


def client_of(server):
    return Upstream(f"https://127.0.0.1:{server.port}", connect_timeout_s=2, connections_max=2)


def get(client):
    return b"".join(client.send(Outgoing("GET", "/", [("Host", "up")], None, 5, True)))


def test_trusted_upstream_is_asked_again_on_the_same_connection(server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    client = client_of(server)
    for _ in range(3):
        assert get(client) == b"ok"
    assert server.connections == 1
    client.close()


def test_upstream_that_nobody_vouches_for_is_unreachable(server):
    with pytest.raises(Unreachable):
        get(client_of(server))
    assert server.received == []
