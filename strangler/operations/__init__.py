"""Do: the verbs as functions; the only thing that the command, the console and REST call."""

from strangler.bindings.publication import Publication
from strangler.boundaries.survey import Borders, borders, update_baseline
from strangler.hosting.scaffold import Scaffold, scaffold
from strangler.operations.contracts import contracts, release_contracts
from strangler.operations.look import CapabilityStatus, Status, explain_request, history, status
from strangler.operations.verbs import (
    Order,
    Result,
    cancel,
    prepare,
    resume,
    reverse,
    shift_reads,
    shift_writes,
    toggle,
    undo,
)

__all__ = [
    "Borders",
    "CapabilityStatus",
    "Order",
    "Publication",
    "Result",
    "Scaffold",
    "Status",
    "borders",
    "cancel",
    "contracts",
    "explain_request",
    "history",
    "prepare",
    "release_contracts",
    "resume",
    "reverse",
    "scaffold",
    "shift_reads",
    "shift_writes",
    "status",
    "toggle",
    "undo",
    "update_baseline",
]
