"""Do: the verbs as functions; the only thing that the command, the console and REST call."""

from strangler.bindings.publication import Publication
from strangler.boundaries.survey import Borders, borders, update_baseline
from strangler.hosting.scaffold import Scaffold, scaffold
from strangler.operations.contracts import contracts, release_contracts
from strangler.operations.events import (
    Elsewhere,
    Listing,
    Mending,
    Story,
    Wish,
    list_events,
    replay_dead,
    replay_event,
    show_event,
    skip_event,
)
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
    "Elsewhere",
    "Listing",
    "Mending",
    "Order",
    "Publication",
    "Result",
    "Scaffold",
    "Status",
    "Story",
    "Wish",
    "borders",
    "cancel",
    "contracts",
    "explain_request",
    "history",
    "list_events",
    "prepare",
    "release_contracts",
    "replay_dead",
    "replay_event",
    "resume",
    "reverse",
    "scaffold",
    "shift_reads",
    "shift_writes",
    "show_event",
    "skip_event",
    "status",
    "toggle",
    "undo",
    "update_baseline",
]
