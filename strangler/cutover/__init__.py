"""Move: the steps by which a capability's rows and their writer change homes, and the way back from each."""

from strangler.cutover.journal import Superseded, entry_written, mover_name
from strangler.cutover.plan import Estimate, Plan, estimate, faults_before
from strangler.cutover.plans import PLANS
from strangler.cutover.rehearsal import Rehearsal, rehearse
from strangler.cutover.routers import LiveRouter, live_routers
from strangler.cutover.runner import Event, NeedsOperator, Outcome, Report, resume, run, undo
from strangler.state.connection import connection_of

__all__ = [
    "PLANS",
    "Estimate",
    "Event",
    "LiveRouter",
    "NeedsOperator",
    "Outcome",
    "Plan",
    "Rehearsal",
    "Report",
    "Superseded",
    "connection_of",
    "entry_written",
    "estimate",
    "faults_before",
    "live_routers",
    "mover_name",
    "rehearse",
    "resume",
    "run",
    "undo",
]
