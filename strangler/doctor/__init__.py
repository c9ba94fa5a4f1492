"""Examine: what does not fit together, and what can be mended without asking anybody."""

from strangler.doctor.examine import examine, repair
from strangler.doctor.finding import Finding, Mend
from strangler.doctor.restores import accept

__all__ = ["Finding", "Mend", "accept", "examine", "repair"]
