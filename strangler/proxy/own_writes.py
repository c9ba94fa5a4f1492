"""Own writes are read (R8): who has written is pinned to the writer until the copy has what was written."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from strangler.conf import Home, get_conf
from strangler.fence import other, own_connection
from strangler.proxy import freshness, pins
from strangler.proxy.subjects import issue_subject, keeps_cookies, subjects_of
from strangler.routing import Decision
from strangler.state import follower
from strangler.state.positions import NEVER, written


def note_write(request: HttpRequest, response: HttpResponseBase, capability: str) -> None:
    """Pin whoever has sent *request*, which has run here; costs nothing while nobody reads a copy."""
    home = get_conf().home_of(capability)
    if home is None or not freshness.is_read(follower.table().capabilities[capability]):
        return
    subjects = subjects_of(request) or (issue_subject(request, response),)
    pins.keep(request, response, (capability, home), subjects, lambda: _position(capability))


def _position(capability: str) -> int:
    """Return where this home's rows are now; nothing reaches a position that is not known."""
    copy = freshness.copy_of(capability)
    if copy is None or copy.flowing.source != get_conf().home_of(capability):
        return NEVER
    try:
        return written(own_connection(capability), copy.flowing.kind, capability)
    except DatabaseError:
        return NEVER


def objection_to_copy(request: HttpRequest, decision: Decision, subjects: Sequence[str]) -> str | None:
    """
    Return why *subjects* may not read the copy that *decision* names, or None when they may.

    Returns:
        `lagging`: it is too old for anybody, or nobody knows; `pinned`: it lacks what they have written; `unpinnable`:
        nobody can say whether it does.
    """
    copy = freshness.copy_of(decision.capability)
    if copy is None or copy.age_s() > get_conf().lag_limit_s:
        return "lagging"
    return _pin(request, copy, other(decision.home), subjects)


def _pin(request: HttpRequest, copy: freshness.Copy, writer: Home, subjects: Sequence[str]) -> str | None:
    if subjects and not (pins.shared() or keeps_cookies(request)):
        return "unpinnable"
    position = pins.position_of(request, copy.capability, writer, subjects)
    if position is None:
        return "unpinnable"
    return None if copy.has(position) else "pinned"


def may_fall_back(request: HttpRequest, decision: Decision) -> bool:
    """Return whether the copy here is fresh enough to answer for a writer that fails (R10)."""
    copy = freshness.copy_of(decision.capability)
    if copy is None or copy.age_s() > get_conf().max_stale_s:
        return False
    subjects = subjects_of(request)
    return _pin(request, copy, decision.home, subjects) is None


def explain_copy(decision: Decision, subject: str) -> str:
    """Return why the writer answers a read that is the service's share, as far as this process can know, or nothing."""
    copy = freshness.look_now(decision.capability)
    writer = other(decision.home)
    if copy is None or copy.age_s() > get_conf().lag_limit_s:
        behind = "nobody knows how old its copy is" if copy is None else "its copy is too old, or nobody can tell"
        return f"But {behind}, so for now the {writer} answers everybody."
    match _pin(HttpRequest(), copy, writer, [subject] if pins.shared() else []):
        case "pinned":
            return f"But the copy lacks what {subject!r} has written, so the {writer} answers until it is there."
        case "unpinnable":
            return f"But nobody can say who has written lately, so for now the {writer} answers everybody."
    return "" if pins.shared() else f"Clients whose cookie says that they have just written hear from the {writer}."
