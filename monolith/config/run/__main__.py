"""`make run`: start the platform, show the screen, look after it until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console

from monolith.config.run.commands import CommandFailed
from monolith.config.run.hosts import ALL, UnknownHost
from monolith.config.run.platform import AlreadyRunning, Platform, Wishes
from monolith.config.run.ports import PortTaken
from monolith.config.run.postgres import CannotStart
from monolith.config.run.processes import NotReady
from monolith.config.run.screen import welcome

_LOOK_S = 0.3
_EXPECTED = (AlreadyRunning, CannotStart, CommandFailed, NotReady, PortTaken, UnknownHost)


class _Stop(BaseException):
    """Somebody asked us to end; like KeyboardInterrupt it is no error."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the platform and return the exit code."""
    console = Console(highlight=False)
    options = _options(argv)
    wishes = Wishes(
        options.run_dir,
        options.port,
        options.products,
        options.threads,
        services=options.hosts.replace(",", " ").split(),
        workers=not options.no_workers,
    )
    status = console.status("Starting …")
    platform = Platform(
        wishes,
        say=lambda text: console.print(f"[dim]{text}[/]"),
        on_phase=lambda name: status.update(f"Starting: {name} …"),
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_stop)
    try:
        with status:
            platform.start()
        welcome(platform, console)
        while True:
            time.sleep(_LOOK_S)
            platform.supervisor.look_after()
    except _Stop:
        console.print("\n[bold]Stopping[/] [dim]…[/]")
        return 0
    except _EXPECTED as error:
        Console(stderr=True, highlight=False).print(f"\n[bold red]Not started.[/] {error}", soft_wrap=True)
        return 1
    finally:
        _ignore_haste()
        platform.stop()
        console.print("[dim]Nothing of it runs any more; the data is kept.[/]")


def _raise_stop(number: int, frame: FrameType | None) -> None:
    raise _Stop


def _ignore_haste() -> None:
    """A second Ctrl-C must not leave half of the processes behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    usual = Wishes()
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--port", type=int, default=usual.port, help="public port")
    parser.add_argument("--products", type=int, default=usual.products, help="made at the first start")
    parser.add_argument("--threads", type=int, default=usual.threads, help="requests at a time in each host")
    parser.add_argument("--hosts", default="", help=f"capabilities that get a host beside the usual, or `{ALL}`")
    parser.add_argument("--run-dir", type=Path, default=usual.run_dir, help="folder of everything it writes")
    parser.add_argument("--no-workers", action="store_true", help="without the Celery workers")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
