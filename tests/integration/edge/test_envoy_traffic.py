"""What passes through Envoy beside plain requests, what it refuses, and what happens when a home dies."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import override_settings

from strangler.routing import CapabilityState
from tests.integration.edge.conftest import Edge, running_edge, strangler_settings
from tests.support.envoy import Connection, Home, running_homes

MOVED = CapabilityState("sample", "extracted", 0, "service", 2)
READ = b"GET /sample/x HTTP/1.1\r\nHost: shop.example\r\n\r\n"
STRICT = READ.replace(b"/sample/", b"/strict/")
WRITE = b"POST /sample/x HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\n{}"


def statuses(edge: Edge, request: bytes, count: int) -> dict[tuple[int, str], int]:
    """Return how often which status came from which home."""
    found: dict[tuple[int, str], int] = {}
    connection = Connection(edge.envoy.listen)
    for _ in range(count):
        status, fields, _ = connection.ask(request)
        key = (status, fields.get("x-home", "edge"))
        found[key] = found.get(key, 0) + 1
    connection.close()
    return found


@pytest.fixture
def mortal(settings, tmp_path: Path) -> Iterator[tuple[Edge, object]]:
    """An edge of its own, and the block of homes that can be ended: first the service's."""
    with running_homes("monolith", "monolith-internal", "sample-internal") as living:
        service = running_homes("sample")
        homes = {**living, **service.__enter__()}
        settings.STRANGLER = strangler_settings(homes)
        with running_edge(tmp_path, homes) as edge:
            ended: list[bool] = []

            def end() -> None:
                service.__exit__(None, None, None)
                ended.append(True)

            yield edge, end
            if not ended:
                end()


def test_reads_that_may_be_old_are_answered_while_the_service_is_dead(mortal) -> None:
    """R10: from the first request on, none fails; whether the copy may answer, the monolith decides."""
    edge, end_service = mortal
    edge.obey(MOVED)
    assert statuses(edge, READ, 20) == {(200, "sample"): 20}
    end_service()
    assert statuses(edge, READ, 200) == {(200, "monolith"): 200}
    assert set(statuses(edge, WRITE, 20)) == {(503, "edge")}, "a write never falls back"
    assert set(statuses(edge, STRICT, 20)) == {(503, "edge")}, "nor does a read that may not be old"


def test_capability_whose_own_home_lives_does_not_notice_a_dead_monolith(edge: Edge, tmp_path: Path) -> None:
    with running_homes("sample", "monolith-internal", "sample-internal") as living:
        homes = {**living, "monolith": Home("monolith", port=9)}
        with override_settings(STRANGLER=strangler_settings(homes)), running_edge(tmp_path, homes) as alone:
            alone.obey(MOVED)
            for request in (READ, WRITE, STRICT):
                assert statuses(alone, request, 50) == {(200, "sample"): 50}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl speaks HTTP/2 here")
def test_clients_may_speak_http2(edge: Edge) -> None:
    edge.obey(MOVED)
    said = subprocess.run(
        ["curl", "-s", "--http2-prior-knowledge", "-w", " %{http_version}", f"http://{edge.envoy.listen}/sample/x"],
        capture_output=True, text=True, timeout=30, check=True,
    ).stdout  # fmt: skip
    assert said == "sample 2"


def test_websocket_is_passed_through(edge: Edge, settings, tmp_path: Path) -> None:
    def serve(listening: socket.socket) -> None:
        while True:
            connection, _ = listening.accept()
            with connection:
                head = connection.recv(1 << 16)
                if b"Upgrade" in head or b"upgrade: websocket" in head:
                    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                       b"Connection: Upgrade\r\n\r\n")  # fmt: skip
                    while piece := connection.recv(100):
                        connection.sendall(piece)
                    return
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=[listening], daemon=True).start()
        homes = {**edge.homes, "sample": Home("sample", port=listening.getsockname()[1])}
        settings.STRANGLER = strangler_settings(homes)
        with running_edge(tmp_path, homes) as own:
            own.obey(MOVED)
            host, _, port = own.envoy.listen.rpartition(":")
            with closing(socket.create_connection((host, int(port)), timeout=20)) as sock:
                sock.sendall(
                    b"GET /sample/socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
                )
                assert b" 101 " in sock.recv(1 << 16)
                sock.sendall(b"frames of any kind")
                assert sock.recv(100) == b"frames of any kind"


@pytest.fixture
def guarded(edge: Edge, tmp_path: Path) -> Iterator[Edge]:
    """An edge that speaks TLS and takes five requests a second."""
    certificate, key = self_signed(tmp_path)
    options = {"certificate": str(certificate), "private_key": str(key), "requests_per_s": 5}
    with running_edge(tmp_path, edge.homes, **options) as own:
        own.obey(MOVED)
        yield own


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_tls_by_configuration_offers_both_versions(guarded: Edge, protocol: str) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    host, _, port = guarded.envoy.listen.rpartition(":")
    with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain) as tls:
        assert tls.selected_alpn_protocol() == protocol
        if protocol == "http/1.1":
            tls.sendall(READ)
            assert b" 200 " in tls.recv(1 << 16)


def test_requests_beyond_the_limit_are_refused(guarded: Edge) -> None:
    connection = Connection(guarded.envoy.internal)  # which speaks no TLS, and has a limit of its own
    answers = [connection.ask(READ) for _ in range(40)]
    connection.close()
    refused = [fields for status, fields, _ in answers if status == 429]
    assert refused
    assert refused[0]["retry-after"] == "1"
    assert [status for status, _, _ in answers].count(200) >= 5
