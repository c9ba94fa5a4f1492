"""What Envoy's admin interface says, read from its text."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from strangler.edge.envoy.admin import Admin, Obeyed, Silent

SAID = {
    "/stats": (
        'http.internal.rds.internal.version_text: "7-ab"\n'
        'http.public.rds.public.version_text: "8-ab"\n'
        "http.internal.rds.internal.update_rejected: 0\n"
        "http.public.rds.public.update_rejected: 2\n"
        "http.public.rds.public.update_failure: 1\n"
        "http.public.rds.public.update_attempt: 9\n"
    ),
    "/clusters": "monolith::observability_name::monolith\nmonolith::127.0.0.1:80::cx_active::0\n"
    "a-else-monolith::observability_name::a-else-monolith\n",
    "/ready": "LIVE\n",
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        said = SAID[self.path.partition("?")[0]].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


@pytest.fixture
def admin():
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield Admin(f"127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def test_versions_and_refusals_are_told(admin):
    seen = admin.look()
    assert seen == Obeyed({"public": "8-ab", "internal": "7-ab"})
    assert not seen.obeys("8-ab")
    assert Obeyed({"public": "8-ab", "internal": "8-ab"}).obeys("8-ab")
    assert not Obeyed({}).obeys("")
    assert admin.refusals() == 3


def test_clusters_and_readiness_are_told(admin):
    assert admin.clusters() == {"monolith", "a-else-monolith"}
    assert admin.is_ready()


def test_nobody_there_is_not_ready():
    admin = Admin("127.0.0.1:9")
    assert not admin.is_ready()
    with pytest.raises(ConnectionRefusedError):
        admin.look()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", b"garbled\r\n\r\n"])
def test_somebody_there_who_does_not_answer_is_not_nobody(said):
    """R20: nobody disobeys; but of who is there and says nothing, nothing is known."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            connection, _ = listening.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(Silent, match="does not answer"):
            Admin(f"127.0.0.1:{listening.getsockname()[1]}").look()
        thread.join()
