"""The contracts of this host's apps: judged against what was released, and released anew."""

from __future__ import annotations

from strangler.bindings.publication import Publication, publications
from strangler.errors import Refused


def contracts() -> list[Publication]:
    """Return every contract that this host's own apps publish."""
    return list(publications())


def release_contracts(*, breaking: bool = False) -> list[Publication]:
    """
    Let every `schema.json` say what the code says, and return what they said before.

    Args:
        breaking: also where old callers break; then all of them must be gone.

    Raises:
        Refused: old callers would break, or an event is without a sample; nothing was written.
    """
    found = contracts()
    if unproven := [f"{p.samples_file}: {sentence}" for p in found for sentence in p.unproven]:
        raise Refused(unproven)
    broken = [f"{p.capability}: {sentence}" for p in found for sentence in p.breaks]
    if broken and not breaking:
        raise Refused(
            [
                *broken,
                "Add what is new as optional, move the callers, and remove the old in a later release (--breaking).",
            ]
        )
    for publication in found:
        if publication.state != "kept":
            publication.write()
    return found
