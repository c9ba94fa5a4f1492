"""
The wire of contracts: msgspec, and our codec on it, beside pydantic and beside json with functions written by hand.

What each refuses and takes, what a message costs to write and to read, and what a process pays to start. Codecs take
turns in short passes, and of each the best pass counts: that depends least on what else runs.
Run: python -m benchmarks.codec. The peer: pip install pydantic; without it its columns say "missing".
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from functools import partial
from importlib.util import find_spec

from benchmarks.harness import ROOT, commit, table
from benchmarks.passes import PASSES, best_us
from benchmarks.wire import by_hand, with_msgspec, with_toolkit
from benchmarks.wire.codec import Codec
from benchmarks.wire.questions import REFUSED, TAKEN, answer
from benchmarks.wire.values import QUERY, page

STARTS = 7
NAMES = ("msgspec", "pydantic", "by hand")
ASKED = (*NAMES, "django-strangler")


def codecs() -> dict[str, Codec]:
    """Return the libraries that can be had here."""
    found = {"msgspec": with_msgspec.derive()}
    if find_spec("pydantic"):
        from benchmarks.wire import with_pydantic

        found["pydantic"] = with_pydantic.derive()
    return {**found, "by hand": by_hand.derive()}


def speed_rows(found: dict[str, Codec]) -> list[list[str]]:
    """Return a row per message and direction: microseconds, and the ratio to msgspec."""
    rows = []
    for what, value, read in (
        ("query", QUERY, "query"),
        ("reply of 20", page(20), "page"),
        ("reply of 200", page(200), "page"),
        ("200 as a request", page(200), "strict_page"),
    ):
        raw = {name: codec.encode(value) for name, codec in found.items()}
        for name, codec in found.items():
            assert getattr(codec, read)(raw[name]) == value, name
        if read != "strict_page":
            writing = best_us({name: partial(codec.encode, value) for name, codec in found.items()})
            rows.append(row(f"write: {what}, {len(raw['msgspec']):,} bytes", writing))
        rows.append(row(f"read: {what}", best_us({n: partial(getattr(c, read), raw[n]) for n, c in found.items()})))
    return rows


def row(what: str, us: dict[str, float]) -> list[str]:
    """Return a line of the table."""
    first = us["msgspec"]
    return [what, *(f"{us[name]:,.1f} ({us[name] / first:.1f})" if name in us else "missing" for name in NAMES)]


def strict_rows() -> list[list[str]]:
    """Return a row per way of refusing unknown fields with msgspec: a query, and 200 variants as a request."""
    ways = {
        "not refusing them": lambda kind: with_msgspec.msgspec.json.Decoder(kind).decode,
        "Struct, then read again": with_msgspec.read_twice,
        "Struct, then convert": with_msgspec.read_and_convert,
        "contracts made of Structs": with_msgspec.structs_only,
    }
    made = {name: with_msgspec.derive(strict=way) for name, way in ways.items()}
    encode = made["not refusing them"].encode
    query, large = encode(QUERY), encode(page(200))
    small_us = best_us({name: partial(codec.query, query) for name, codec in made.items()})
    large_us = best_us({name: partial(codec.strict_page, large) for name, codec in made.items()})
    return [[name, f"{small_us[name]:.2f}", f"{large_us[name]:,.0f}"] for name in ways]


def start_rows() -> list[list[str]]:
    """Return a row per library: medians over processes of their own."""
    rows = []
    for library, module in (("msgspec", "with_msgspec"), ("pydantic", "with_pydantic")):
        if not find_spec(library):
            rows.append([library, *["missing"] * 4])
            continue
        command = [sys.executable, "-m", "benchmarks.wire.start", library, f"benchmarks.wire.{module}"]
        said = [subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout for _ in range(STARTS)]
        load_ms, derive_ms, load_mib, derive_mib = map(statistics.median, zip(*map(json.loads, said), strict=True))
        rows.append([library, f"{load_ms:.0f}", f"{derive_ms:.1f}", f"{load_mib:.1f}", f"{derive_mib:.1f}"])
    return rows


def question_rows(found: dict[str, Codec]) -> list[list[str]]:
    """Return a row per question, asked of our own codec too; an answer that is not wished for is set in bold."""
    found = {**found, "django-strangler": with_toolkit.derive()}
    rows = []
    for wished, questions in (("refused", REFUSED), ("taken", TAKEN)):
        for question, ask in questions.items():
            answers = {name: answer(ask, codec) for name, codec in found.items()}
            shown = {name: said if said == wished else f"**{said}**" for name, said in answers.items()}
            rows.append([question, wished, *(shown.get(name, "missing") for name in ASKED)])
    return rows


def main() -> None:
    found = codecs()
    print(f"commit {commit()}\n")
    print(table(["question", "wished", *ASKED], question_rows(found)))
    print(f"\nus of CPU per message (ratio to msgspec), best of {PASSES} passes; a query is read as a request\n")
    print(table(["message", *NAMES], speed_rows(found)))
    print("\nmsgspec's ways of refusing unknown fields, us of CPU\n")
    print(table(["a request is read into", "query", "200 variants"], strict_rows()))
    print(f"\nA process of its own: loading the library, deriving ten operations, medians of {STARTS}\n")
    print(table(["library", "load ms", "derive ms", "load MiB", "derive MiB"], start_rows()))


if __name__ == "__main__":
    main()
