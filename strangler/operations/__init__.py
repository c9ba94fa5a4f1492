"""Do: the verbs as functions; the only thing that the command, the console and REST call."""

from strangler.bindings.publication import Publication
from strangler.boundaries.survey import Borders, borders, update_baseline
from strangler.hosting.scaffold import Scaffold, scaffold
from strangler.operations.apply import Outcome, Proposal, carry_out, propose
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
from strangler.operations.migrations import migrate
from strangler.operations.reads import shift_reads
from strangler.operations.verbs import (
    Order,
    Result,
    cancel,
    complete,
    prepare,
    rehearse,
    resume,
    reverse,
    shift_writes,
    toggle,
    undo,
)
from strangler.operations.verify import Verified, last_verification, repair_copy, verify, with_copies

__all__ = [
    "Borders",
    "CapabilityStatus",
    "Elsewhere",
    "Listing",
    "Mending",
    "Order",
    "Outcome",
    "Proposal",
    "Publication",
    "Result",
    "Scaffold",
    "Status",
    "Story",
    "Verified",
    "Wish",
    "borders",
    "cancel",
    "carry_out",
    "complete",
    "contracts",
    "explain_request",
    "history",
    "last_verification",
    "list_events",
    "migrate",
    "prepare",
    "propose",
    "rehearse",
    "release_contracts",
    "repair_copy",
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
    "verify",
    "with_copies",
]
