"""
How long `seams` takes on a generated project, from starting Python to the table, beside the parsing of all files.

The project has 40 apps whose models, imports, names and writes cross borders at random, and a git history.
"parse" gives every file to `ast.parse` and does nothing else. Every file reaches into other apps, so that `seams` must
parse them all, too. Wall-clock and CPU seconds, medians of the rounds.
Run: python -m benchmarks.seams
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.harness import ROOT, commit, table

APPS = 40
MODULES = 50
COMMITS = 5_000
SIZES = (50_000, 200_000)
ROUNDS = 3
PARSE = "import ast, pathlib; any(not ast.parse(path.read_text()) for path in pathlib.Path().rglob('*.py'))"


def module_of(app: int, lines: int, random_: random.Random) -> str:
    """Return a module of about *lines* lines; a few of them reach into other apps."""
    others = random_.sample([n for n in range(APPS) if n != app], 3)
    text = [
        "from django.apps import apps",
        f"from project.app{others[0]}.models import Row0",
        f"from project.app{others[1]} import part0",
        f'Other = apps.get_model("app{others[2]}", "Row1")',
    ]
    for n in range(lines // 8):
        text += [
            f"def work{n}(rows, limit={n}):",
            '    """Do something that takes a while to read."""',
            "    found = {}",
            "    for row in rows:",
            "        if row.number > limit and row.name not in found:",
            "            found[row.name] = row.number * 2 + limit",
            f'            Row0.objects.filter(name=row.name).update(number={n}) if limit else print("{n}", row)',
            "    return sorted(found.items(), key=lambda pair: pair[1])[:limit]",
        ]
    return "\n".join(text) + "\n"


def models_of(app: int, random_: random.Random) -> str:
    """Return five models, each with a foreign key that may cross a border."""
    text = ["from django.db import models"]
    for n in range(5):
        text += [
            f"class Row{n}(models.Model):",
            "    name = models.CharField(max_length=50)",
            f'    other = models.ForeignKey("app{random_.randrange(APPS)}.Row0", models.CASCADE, related_name="+")',
        ]
    return "\n".join(text) + "\n"


def generate(folder: Path, lines: int) -> int:
    """Write a project of about *lines* lines; returns how many they are."""
    random_ = random.Random(lines)
    names = [f"project.app{n}" for n in range(APPS)]
    settings = f'SECRET_KEY = "x"\nDEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"\nINSTALLED_APPS = {names}\n'
    files = {"__init__.py": "", "settings.py": settings}
    for app in range(APPS):
        files |= {f"app{app}/__init__.py": "", f"app{app}/models.py": models_of(app, random_)}
        files |= {f"app{app}/part{n}.py": module_of(app, lines // APPS // MODULES, random_) for n in range(MODULES)}
    for name, text in files.items():
        path = folder / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    history = "".join(history_of(random_)).encode()
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=history, check=True)
    subprocess.run(["git", "symbolic-ref", "HEAD", "refs/heads/bench"], cwd=folder, check=True)
    return sum(text.count("\n") for text in files.values())


def history_of(random_: random.Random) -> Iterator[str]:
    """Yield commits for `git fast-import`, each of one to six files in one to three apps."""
    for n in range(COMMITS):
        yield f"commit refs/heads/bench\ncommitter n <n@example.com> {n} +0000\ndata 1\nx\n"
        touched = random_.sample(range(APPS), random_.choice((1, 1, 2, 3)))
        for app in touched:
            for _ in range(random_.choice((1, 2))):
                yield f"M 100644 inline project/app{app}/part{random_.randrange(MODULES)}.py\n"
                yield f"data {len(str(n))}\n{n}\n"


def seconds_of(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Return how long Python takes for *words* in *folder*: by the clock, and of the CPU."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True, env=env)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(folder: Path) -> list[float]:
    """Return the medians of both: the clock and the CPU of `seams`, then of parsing."""
    seams = ("-m", "strangler.boundaries.seams", "--settings", "project.settings")
    rounds = [(*seconds_of(seams, folder), *seconds_of(("-c", PARSE), folder)) for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def main() -> None:
    rows = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as directory:
            lines = generate(Path(directory), size)
            rows.append([f"{lines:,}", *(f"{figure:.1f}" for figure in measure(Path(directory)))])
    load = os.getloadavg()[0]
    print(f"commit {commit()}, {APPS} apps, {COMMITS:,} commits, load average {load:.1f}, seconds\n")
    print(table(["lines", "seams", "its CPU", "parse", "its CPU"], rows))


if __name__ == "__main__":
    main()
