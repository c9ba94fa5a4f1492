"""Run the mail server: `python -m monolith.notifications.sandbox --port 8308 --folder .run/mails`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from monolith.notifications.sandbox.server import MailServer


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A mail server that keeps what it gets in a folder.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8308)
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("RUN_DIR", ".run"), "mails"))
    options = parser.parse_args()
    with MailServer((options.host, options.port), options.folder) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
