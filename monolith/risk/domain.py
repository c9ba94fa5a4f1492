"""The rules of risk; no I/O."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from monolith.kernel.transitions import Transitions
from monolith.risk.contract import Facts, InvalidRules, Outcome, OutOfBounds, Reason
from monolith.risk.expressions import Figure, Figures, expression_faults, holds, names_in

ACCOUNT_MAX = 64
ITEMS_MAX = 1_000_000
RULES_MAX = 100
TEXT_MAX = 200
NOTE_MAX = 500
SCORE_MAX = 100
DRY_RUN_MAX = 1000
RULE_ID_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
_COUNTRY = re.compile(r"[A-Z]{2}")

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
"""How far back confirmed orders of an account are counted."""

FIGURES: Mapping[str, type] = {
    "amount": int,
    "currency": str,
    "items": int,
    "shipping_country": str,
    "billing_country": str,
    "countries_differ": bool,
    "account_known": bool,
    "account_age_h": int,
    "orders_1h": int,
    "orders_24h": int,
    "orders_30d": int,
    "amount_24h": int,
    "decisions_1h": int,
}
"""What a rule may look at; those of an account's past are not known for nobody's account."""


class RulesetStatus(StrEnum):
    """Where a ruleset is in its life; one is active at most, and a retired one may become active again."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


TRANSITIONS = Transitions(
    {
        RulesetStatus.DRAFT: frozenset({RulesetStatus.ACTIVE}),
        RulesetStatus.ACTIVE: frozenset({RulesetStatus.RETIRED}),
        RulesetStatus.RETIRED: frozenset({RulesetStatus.ACTIVE}),
    }
)


class Action(StrEnum):
    """What a rule asks for whatever the score is; `none`: its score alone counts."""

    NONE = "none"
    REVIEW = "review"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One rule.

    Attributes:
        id: stable over versions: reasons carry it.
        text: why it counts, for a person.
        expr: when it applies, see `expressions`.
    """

    id: str
    text: str
    expr: str
    score: int = 0
    action: Action = Action.NONE

    def to_json(self) -> dict[str, Any]:
        """Return the form in which it is kept."""
        return {"id": self.id, "text": self.text, "expr": self.expr, "score": self.score, "action": self.action.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """
    What decides: the scores of every rule that applies are summed up.

    Attributes:
        version: 0: those that the program brings along.
        review_from, decline_from: the sums from which a subject is looked at, or declined.
    """

    version: int
    rules: tuple[Rule, ...]
    review_from: int
    decline_from: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What an account has done: confirmed orders, decisions asked for, and the sum of a day in one currency."""

    orders_1h: int
    orders_24h: int
    orders_30d: int
    amount_24h: int
    decisions_1h: int


_COUNTED = tuple(field.name for field in fields(Past))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What rules say of figures."""

    outcome: Outcome
    score: int
    reasons: tuple[Reason, ...]


BUILT_IN = Rules(
    version=0,
    review_from=50,
    decline_from=90,
    rules=(
        Rule(
            id="embargoed_country",
            text="Nothing is sent to this country",
            expr='shipping_country in ["CU", "IR", "KP", "SY"]',
            score=100,
            action=Action.DECLINE,
        ),
        Rule(
            id="large_amount",
            text="The order is large",
            expr='amount >= 500000 and currency in ["AUD", "CAD", "CHF", "EUR", "GBP", "NZD", "USD"]',
            score=50,
        ),
        Rule(
            id="new_account_spends_much",
            text="The account is younger than a day, and the order not small",
            expr='account_age_h < 24 and amount >= 100000 and currency in ["AUD", "CAD", "CHF", "EUR", "GBP", "USD"]',
            score=30,
        ),
        Rule(id="many_orders", text="Many orders within an hour", expr="orders_1h >= 20", score=50),
        Rule(id="many_tries", text="Many orders were tried within an hour", expr="decisions_1h >= 60", score=40),
        Rule(id="countries_differ", text="It is paid in another country", expr="countries_differ", score=20),
    ),
)
"""What decides until staff has activated a ruleset of their own."""


def check_facts(facts: Facts) -> None:
    """Raise OutOfBounds unless every fact can be one."""
    if len(facts.account) > ACCOUNT_MAX:
        raise OutOfBounds(f"account: at most {ACCOUNT_MAX} characters.")
    if facts.amount.amount < 0:
        raise OutOfBounds(f"amount: zero or more, not {facts.amount.amount}.")
    if not 1 <= facts.items <= ITEMS_MAX:
        raise OutOfBounds(f"items: 1 to {ITEMS_MAX}, not {facts.items}.")
    for name in ("shipping_country", "billing_country"):
        country = getattr(facts, name)
        if country and not _COUNTRY.fullmatch(country):
            raise OutOfBounds(f"{name}: two capital letters, not {country[:10]!r}.")


def fingerprint(facts: Facts) -> str:
    """Return the same text for the same facts, and another one for others."""
    since = facts.account_created_at
    kept = [
        facts.account, facts.amount.amount, facts.amount.currency, facts.items, facts.shipping_country,
        facts.billing_country, None if since is None else since.timestamp(),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()


def figures_of(facts: Facts, past: Past | None, now: datetime) -> dict[str, Figure]:
    """Return every figure there is of a subject; *past* is None for nobody's account."""
    since, here, there = facts.account_created_at, facts.billing_country, facts.shipping_country
    return {
        "amount": facts.amount.amount,
        "currency": facts.amount.currency,
        "items": facts.items,
        "shipping_country": there,
        "billing_country": here,
        "countries_differ": bool(here and there and here != there),
        "account_known": past is not None,
        "account_age_h": None if since is None else max((now - since) // HOUR, 0),
        **(dict.fromkeys(_COUNTED) if past is None else asdict(past)),
    }


def judge(rules: Rules, figures: Figures) -> Verdict:
    """Return what *rules* say of *figures*: the same for the same."""
    fired = [rule for rule in rules.rules if holds(rule.expr, figures)]
    score = min(sum(rule.score for rule in fired), SCORE_MAX)
    actions = {rule.action for rule in fired}
    if Action.DECLINE in actions or score >= rules.decline_from:
        outcome = Outcome.DECLINE
    elif Action.REVIEW in actions or score >= rules.review_from:
        outcome = Outcome.REVIEW
    else:
        outcome = Outcome.APPROVE
    weightiest = sorted(fired, key=lambda rule: (list(Action).index(rule.action), rule.score), reverse=True)
    return Verdict(outcome=outcome, score=score, reasons=tuple(_reason(rule, figures) for rule in weightiest))


def rules_of(version: int, content: Sequence[Mapping[str, Any]], review_from: int, decline_from: int) -> Rules:
    """
    Return rules as they are kept.

    Raises:
        InvalidRules: with everything that is wrong with them.
    """
    rules = tuple(Rule(**{**one, "action": Action(one.get("action", Action.NONE))}) for one in content)
    faults = [
        {"rule": rule.id, "fault": fault} for rule in rules for fault in expression_faults(rule.expr, FIGURES)
    ] + [{"rule": one, "fault": "another rule has this id"} for one in _repeated(rule.id for rule in rules)]
    faults += [
        {"rule": rule.id, "fault": "it has neither a score nor an action, so it changes nothing"}
        for rule in rules
        if not rule.score and rule.action is Action.NONE
    ]
    if not 1 <= review_from <= decline_from <= SCORE_MAX:
        faults.append({"rule": "", "fault": f"1 <= review_from <= decline_from <= {SCORE_MAX} must hold"})
    if faults:
        told = "; ".join(f"{one['rule']}: {one['fault']}".removeprefix(": ") for one in faults)
        raise InvalidRules(f"{told[:1000]}.", faults=faults)
    return Rules(version=version, rules=rules, review_from=review_from, decline_from=decline_from)


def transition(status: RulesetStatus, target: RulesetStatus) -> dict[str, Any]:
    """Return the context of an illegal step."""
    return {"from": str(status), "to": str(target), "allowed": sorted(TRANSITIONS.after(status))}


def _reason(rule: Rule, figures: Figures) -> Reason:
    looked_at = {name: _told(figures[name]) for name in names_in(rule.expr)}
    return Reason(code=rule.id, text=rule.text, score=rule.score, figures=looked_at)


def _told(figure: Figure) -> str:
    if isinstance(figure, bool):
        return str(figure).lower()
    return "unknown" if figure is None else str(figure)


def _repeated(ids: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return sorted({one for one in ids if one in seen or seen.add(one)})  # type: ignore[func-returns-value]
