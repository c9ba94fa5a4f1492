"""Which apps change together, from the commits of a git repository."""

from __future__ import annotations

import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from strangler.boundaries.seams.bonds import KINDS, Bond
from strangler.boundaries.seams.territory import Territory

COMMITS_MAX = 5_000
FILES_MAX = 60  # a commit of more files renames or reformats; it says nothing about borders
TOGETHER_MIN = 3
SHARE_MIN = 0.05
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, and the apps that it touches."""

    name: str
    apps: frozenset[str]


@dataclass(frozen=True, slots=True)
class History:
    """
    The newest commits that touch the apps.

    Attributes:
        missing: why there is no history, as a sentence; empty when there is one.
        ignored: how many commits were too large to say anything.
    """

    commits: tuple[Commit, ...] = ()
    ignored: int = 0
    missing: str = ""


def history_of(territory: Territory) -> History:
    """Return the newest commits, at most COMMITS_MAX; a project without git has a history that says so."""
    command = ["git", "log", f"--max-count={COMMITS_MAX}", "--no-merges", "--no-renames", "--name-only", "--relative"]
    try:
        said = subprocess.run(  # noqa: S603  a fixed command
            [*command, "--format=%x00%h", "--", "."], cwd=territory.root, capture_output=True, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return History(missing=f"No git history was read ({error}): changes made together are not weighed.")
    if said.returncode:
        return History(missing="This is no git repository: changes made together are not weighed.")
    return parse(said.stdout.decode(errors="replace"), territory)


def parse(log: str, territory: Territory) -> History:
    """Return the history that `git log --name-only` printed, each commit led by a NUL and its name."""
    commits, ignored = [], 0
    for entry in log.split("\0")[1:]:
        name, *files = [line for line in entry.splitlines() if line]
        if len(files) > FILES_MAX:
            ignored += 1
            continue
        owners = {territory.owner_of_path(territory.root / file) for file in files}
        if touched := frozenset(owner.label for owner in owners if owner):
            commits.append(Commit(name, touched))
    missing = "" if commits else "No commit touches these apps: changes made together are not weighed."
    return History(tuple(commits), ignored, missing)


def history_bonds(history: History) -> Iterator[Bond]:
    """Yield the pairs of apps that change together often, weighed by how often."""
    alone = Counter(app for commit in history.commits for app in commit.apps)
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for commit in history.commits:
        for pair in combinations(sorted(commit.apps), 2):
            pairs[pair].append(commit.name)
    for (a, b), names in sorted(pairs.items()):
        either = alone[a] + alone[b] - len(names)
        if len(names) >= TOGETHER_MIN and len(names) / either >= SHARE_MIN:
            what = f"{len(names)} of {either} commits changed both, such as {', '.join(names[:3])}"
            yield Bond(a, b, "co-change", what, "", 0, round(KINDS["co-change"].weight * len(names) / either, 1))
