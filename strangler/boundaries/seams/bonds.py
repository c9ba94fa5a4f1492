"""What binds one app to another, and how hard each kind is to cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """
    One way in which an app can be bound.

    Attributes:
        weight: the work of cutting one, in imports; 0 means that it may stay.
        words: one of them, and several; arrows then say with whom.
        cure: what to do about it.
        mutual: it has no direction, so that it makes no cycle.
    """

    weight: float
    words: tuple[str, str]
    cure: str
    mutual: bool = False


KINDS = {
    "shared-table": Kind(12, ("shared table", "shared tables"), "give the table one owner", mutual=True),
    "inheritance": Kind(12, ("inherited table", "inherited tables"), "replace the parent row by an id"),
    "many-to-many": Kind(10, ("many-to-many relation", "many-to-many relations"), "own the pairs on one side, as ids"),
    "foreign-key": Kind(8, ("foreign key", "foreign keys"), "keep the id without a constraint"),
    "generic": Kind(6, ("generic relation", "generic relations"), "keep a name and an id in columns of your own"),
    "write": Kind(5, ("write", "writes"), "make it a command of the contract"),
    "signal": Kind(4, ("receiver of signals", "receivers of signals"), "subscribe to an event"),
    "background": Kind(3, ("third-party relation", "third-party relations"), "keep the id"),
    "model": Kind(2, ("use of models", "uses of models"), "ask a query of the contract"),
    "import": Kind(1, ("import", "imports"), "import the contract, or move the code to where it is used"),
    "indirect": Kind(0.5, ("import through shared code", "imports through shared code"), "free that code of apps"),
    "co-change": Kind(10, ("common history", "common histories"), "find out why they change together", mutual=True),
    "contract": Kind(0, ("use of the contract", "uses of the contract"), "nothing: this is the way"),
}


@dataclass(frozen=True, slots=True, order=True)
class Bond:
    """
    One thing in *source* that holds on to *target*; both are labels of apps, `*` is any.

    Attributes:
        kind: a key of KINDS.
        what: what is there, to be read after the source's name.
        file: relative to the project, or to the folder that the package is installed in; empty for a habit.
        weight: what it adds to the burden of both.
    """

    source: str
    target: str
    kind: str
    what: str
    file: str
    line: int
    weight: float

    @property
    def place(self) -> str:
        """Return file and line as editors and terminals understand them."""
        return f"{self.file}:{self.line}" if self.file else ""


def bond(source: str, target: str, kind: str, what: str, file: str, line: int) -> Bond:
    """Return a bond that weighs what its kind weighs."""
    return Bond(source, target, kind, what, file, line, KINDS[kind].weight)


def count(number: int, kind: str) -> str:
    """Return a number of bonds in words: `1 import`, `2 foreign keys`."""
    one, several = KINDS[kind].words
    return f"{number:,} {one if number == 1 else several}"
