"""Every verb that moves something, as steps."""

from __future__ import annotations

from strangler.cutover.migrations import MIGRATE
from strangler.cutover.plan import Plan
from strangler.cutover.runner import Context
from strangler.cutover.steps import (
    Figures,
    announce,
    await_routers,
    close,
    open_target,
    publish_change,
    publish_switched,
    undo_publish,
    undo_refuse,
    undo_reopen,
)
from strangler.cutover.streaming import (
    arm_back,
    arm_forth,
    catch_up,
    clean,
    copy,
    disarm,
    end_stream,
    install_fences,
    retire,
    turn,
)


def publish_synced(context: Context) -> Figures:
    """Let the stage say that the service is ready to take over."""
    version = publish_change(context, {"stage": "synced"}, undo=f"strangler cancel {context.operation.capability}")
    return {"version": version}


def publish_monolith(context: Context) -> Figures:
    """Let the stage say that nothing has moved, and wait until every router obeys (R20)."""
    version = publish_change(
        context, {"stage": "monolith", "reads_weight": 0}, undo=f"strangler prepare {context.operation.capability}"
    )
    return {"version": version, "await_ms": await_routers(version)}


def publish_complete(context: Context) -> Figures:
    """Let the stage say that the service has it for good, and wait until every router obeys (R20)."""
    version = publish_change(context, {"stage": "complete"}, undo="none: the monolith's copy is gone")
    return {"version": version, "await_ms": await_routers(version)}


_SWITCH = (
    ("catch-up", catch_up),
    ("announce", announce),
    ("arm", arm_back),
    ("close", close),
    ("open", open_target),
    ("publish", publish_switched),
    ("turn", turn),
)
_UNDO_SWITCH = (
    ("undo-refuse", undo_refuse),
    ("undo-reopen", undo_reopen),
    ("undo-arm", disarm),
    ("undo-publish", undo_publish),
)

PLANS = {
    plan.verb: plan
    for plan in (
        Plan(
            "prepare",
            (("fence", install_fences), ("arm", arm_forth), ("copy", copy), ("publish", publish_synced)),
            (("undo-publish", publish_monolith), ("undo-clean", clean)),
        ),
        Plan("shift-writes", _SWITCH, _UNDO_SWITCH),
        Plan("reverse", _SWITCH, _UNDO_SWITCH),
        Plan("cancel", (("publish", publish_monolith), ("clean", clean))),
        Plan("complete", (("publish", publish_complete), ("stop", end_stream), ("retire", retire))),
        MIGRATE,
    )
}
