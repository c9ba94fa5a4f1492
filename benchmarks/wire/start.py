"""Print what it costs a process to load one library and to derive codecs for ten operations from types of their own."""

import importlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import MISSING, field, fields, make_dataclass
from typing import Any, get_type_hints

import psutil

OPERATIONS = 10


def cost(action: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what *action* returned, and the milliseconds of CPU and the MiB of memory that it took."""
    process = psutil.Process()
    held, began = process.memory_info().rss, time.process_time()
    found = action()
    return found, (time.process_time() - began) * 1e3, (process.memory_info().rss - held) / 2**20


def copied(kind: type) -> type:
    """Return a dataclass like *kind* that no library has met."""
    hints = get_type_hints(kind, include_extras=True)
    given = [
        (f.name, hints[f.name], field() if f.default is MISSING else field(default=f.default)) for f in fields(kind)
    ]
    return make_dataclass(kind.__name__, given, frozen=True, slots=True, kw_only=True)


def main(library: str, module: str) -> None:
    _, load_ms, load_mib = cost(lambda: importlib.import_module(library))
    with_library = importlib.import_module(module)
    from benchmarks.wire.values import Find, Variant

    kinds = [(copied(Find), copied(Variant)) for _ in range(OPERATIONS)]
    held, derive_ms, derive_mib = cost(lambda: [with_library.derive(*pair) for pair in kinds])
    assert len(held) == OPERATIONS
    print(json.dumps([load_ms, derive_ms, load_mib, derive_mib]))


if __name__ == "__main__":
    main(*sys.argv[1:])
