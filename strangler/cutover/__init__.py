"""Move: the steps by which a capability's rows and their writer change homes, and the way back from each."""

from strangler.cutover.journal import Superseded, entry_written, mover_name
from strangler.cutover.plan import Estimate, Plan, connection_of, estimate, faults_before, faults_of_pause
from strangler.cutover.routers import LiveRouter, live_routers
from strangler.cutover.runner import Event, NeedsOperator, Outcome, Report, resume, run, undo
from strangler.cutover.steps import PLANS

__all__ = [
    "PLANS",
    "Estimate",
    "Event",
    "LiveRouter",
    "NeedsOperator",
    "Outcome",
    "Plan",
    "Report",
    "Superseded",
    "connection_of",
    "entry_written",
    "estimate",
    "faults_before",
    "faults_of_pause",
    "live_routers",
    "mover_name",
    "resume",
    "run",
    "undo",
]
