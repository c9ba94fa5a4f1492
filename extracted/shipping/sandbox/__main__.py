"""`python -m extracted.shipping.sandbox`: run the carriers."""

from __future__ import annotations

import argparse
import os

from extracted.shipping.capability import ENVIRONMENT
from extracted.shipping.sandbox.server import Sandbox

_VARIABLE = "SHIPPING_WEBHOOK_SECRET"


def main() -> None:
    """Listen until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m extracted.shipping.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8305)
    parser.add_argument(
        "--webhook-url",
        default="http://127.0.0.1:8000/api/shipping/webhooks",
        help="where to tell what happened, the carrier's code is added; may be empty",
    )
    options = parser.parse_args()
    secret = os.environ.get(_VARIABLE) or ENVIRONMENT[_VARIABLE]
    sandbox = Sandbox(options.port, webhook_url=options.webhook_url, secret=secret, host=options.host)
    print(f"carriers at {sandbox.url}/swift and {sandbox.url}/herald", flush=True)
    try:
        sandbox.serve_forever()
    except KeyboardInterrupt:
        sandbox.server_close()


if __name__ == "__main__":
    main()
