"""
Versions of the rules: made, changed while they are drafts, and activated.

Whoever activates one locks the first version first: which one is active changes once at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from monolith.risk import selectors
from monolith.risk.contract import InvalidTransition, NotADraft, VersionConflict
from monolith.risk.domain import TRANSITIONS, RulesetStatus, rules_of, transition
from monolith.risk.models import Ruleset, RulesetStatusHistory

_CONTENT = ("rules", "review_from", "decline_from", "note")


@transaction.atomic
def ruleset_create(*, actor: str, content: Mapping[str, Any]) -> Ruleset:
    """
    Make a draft; what *content* does not say is as in the rules that decide now.

    Args:
        content: `rules`, `review_from`, `decline_from`, `note`.

    Raises:
        InvalidRules: nothing was made.
    """
    active = selectors.active_rules()
    base = {
        "rules": [rule.to_json() for rule in active.rules],
        "review_from": active.review_from,
        "decline_from": active.decline_from,
    }
    new = Ruleset(**base | dict(content), created_by=actor, changed_by=actor)
    rules_of(0, new.rules, new.review_from, new.decline_from)
    while True:  # somebody else's version of this number is there as soon as theirs has committed
        new.version = 1 + (Ruleset.objects.aggregate(latest=Max("version"))["latest"] or 0)
        Ruleset.objects.bulk_create([new], ignore_conflicts=True)
        if Ruleset.objects.filter(id=new.id).exists():
            return new


@transaction.atomic
def ruleset_update(*, ruleset: Ruleset, actor: str, changes: Mapping[str, Any]) -> Ruleset:
    """
    Change a draft.

    Raises:
        NotADraft, InvalidRules: nothing was changed.
        VersionConflict: *ruleset* is no longer as it was read.
    """
    if ruleset.status != RulesetStatus.DRAFT:
        raise NotADraft(f"Version {ruleset.version} was active: make a draft of it, and change that.")
    fields = {name: changes[name] for name in _CONTENT if name in changes}
    after = {name: fields.get(name, getattr(ruleset, name)) for name in ("rules", "review_from", "decline_from")}
    rules_of(ruleset.version, after["rules"], after["review_from"], after["decline_from"])
    same = Ruleset.objects.filter(id=ruleset.id, revision=ruleset.revision, status=RulesetStatus.DRAFT)
    if not same.update(**fields, changed_by=actor, changed_at=timezone.now(), revision=F("revision") + 1):
        raise VersionConflict("The ruleset has changed since it was read.")
    ruleset.refresh_from_db()
    return ruleset


@transaction.atomic
def ruleset_activate(*, version: int, actor: str, reason: str = "") -> Ruleset:
    """
    Let a draft, or one that was active before, decide from now on; the one that did is retired.

    A repeat changes nothing.

    Raises:
        UnknownRuleset, InvalidRules: nothing was changed.
    """
    Ruleset.objects.select_for_update().order_by("version").first()
    row = selectors.ruleset(version)
    if row.status == RulesetStatus.ACTIVE:
        return row
    row.content()
    for active in Ruleset.objects.filter(status=RulesetStatus.ACTIVE):
        _step(active, RulesetStatus.RETIRED, actor, f"version {version} was activated")
    _step(row, RulesetStatus.ACTIVE, actor, reason)
    return row


def _step(row: Ruleset, target: RulesetStatus, actor: str, reason: str) -> None:
    before = RulesetStatus(row.status)
    ready = Ruleset.objects.filter(id=row.id, status__in=TRANSITIONS.before(target))
    if not ready.update(status=target, revision=F("revision") + 1):
        raise InvalidTransition(f"A {before} ruleset cannot become {target}.", **transition(before, target))
    RulesetStatusHistory.objects.create(
        ruleset=row, actor=actor, from_status=before, to_status=target, reason=reason, at=timezone.now()
    )
    row.refresh_from_db()
