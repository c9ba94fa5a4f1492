"""`python -m monolith.payments.sandbox`: both providers until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import os
import signal
import threading

from monolith.payments.capability import ENVIRONMENT
from monolith.payments.sandbox.deliveries import Deliveries
from monolith.payments.sandbox.ledger import Ledger
from monolith.payments.sandbox.server import Manner, Sandbox

_WEBHOOKS = "http://127.0.0.1:8000/api/payments/webhooks"


def main() -> None:
    """Serve; the keys come from the environment, as in every host."""
    parser = argparse.ArgumentParser(description="Two payment providers that move no money.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8304)
    parser.add_argument("--webhooks", default=_WEBHOOKS, metavar="URL", help="where sandbox_b tells; empty: nowhere")
    parser.add_argument("--books", default=":memory:", metavar="FILE", help="keeps the books over a restart")
    parser.add_argument("--settle-s", type=float, default=0.2, help="how long sandbox_b takes")
    parser.add_argument("--hang-s", type=float, default=30.0, help="how long a request hangs that gets no answer")
    given = parser.parse_args()
    secrets = {name: os.environ.get(name) or ENVIRONMENT[name] for name in ENVIRONMENT if name.endswith("_SECRET")}
    ledger = Ledger(given.books)
    public = f"http://{given.host}:{given.port}"
    url, secret = given.webhooks.rstrip("/"), secrets["PAYMENTS_WEBHOOK_SECRET"]
    deliveries = Deliveries(ledger, url, secret, public=public)
    manner = Manner(secrets["PAYMENTS_SANDBOX_SECRET"], settle_s=given.settle_s, hang_s=given.hang_s)
    server = Sandbox((given.host, given.port), ledger, deliveries, manner)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    deliveries.start()
    try:
        server.serve_forever(0.1)
    except KeyboardInterrupt:
        pass
    finally:
        server.stopping.set()
        deliveries.stop()
        server.server_close()


if __name__ == "__main__":
    main()
