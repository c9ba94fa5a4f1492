"""A process that writes to one home without end: python -m ... VENDOR ADDRESS WRITES_PER_S SEED."""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from typing import Any

OFTEN = 20
"""Most writes go to few rows: what has just changed is changed again before it has arrived."""


def main(vendor: str, address: str, per_s: str, seed: str) -> None:
    write = _postgresql(address) if vendor == "postgresql" else _sqlite(address)
    rng = random.Random(int(seed))
    own: list[int] = []
    number, began = 0, time.monotonic()
    while True:
        number += 1
        match rng.choice("uuuuiird"):
            case "i":
                own.append(os.getpid() * 1_000_000 + number)
                write(f"INSERT INTO sample_book (id, shelf_id, title, copies) VALUES ({own[-1]}, 1, 'new', 1)")
            case "d" if own:
                write(f"DELETE FROM sample_book WHERE id = {own.pop(rng.randrange(len(own)))}")
            case "r":
                write(f"UPDATE sample_book SET copies = copies + 1 WHERE id > {rng.choice((20, 150, 180))}")
            case _:
                row = rng.randrange(1, OFTEN) if rng.random() < 0.8 else rng.randrange(1, 200)
                write(f"UPDATE sample_book SET copies = copies + 1, blurb = 'w{number}' WHERE id = {row}")
        print(number, flush=True)
        time.sleep(max(0.0, began + number / float(per_s) - time.monotonic()))


def _postgresql(address: str) -> Callable[[str], Any]:
    import psycopg

    return psycopg.connect(address, autocommit=True).execute


def _sqlite(address: str) -> Callable[[str], Any]:
    connection = sqlite3.connect(address, timeout=30, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection.execute


if __name__ == "__main__":
    main(*sys.argv[1:])
