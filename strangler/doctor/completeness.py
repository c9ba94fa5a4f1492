"""Whether what the settings declare complete has become so."""

from __future__ import annotations

from collections.abc import Iterator

from strangler.doctor.finding import Finding
from strangler.state.declared import objections


def completeness() -> Iterator[Finding]:
    """Find capabilities that are declared complete while the control database says something else."""
    for name, what in objections().items():
        yield Finding(
            "not-complete",
            "error",
            name,
            what,
            "Until then no host of this release is ready, and its `migrate` refuses; nothing was changed.",
        )
