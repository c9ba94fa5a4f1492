"""Risk's values as other apps see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from monolith.kernel.money import Money
from strangler.contract import Moment


class Kind(StrEnum):
    """What a decision is about."""

    ORDER = "order"


class Outcome(StrEnum):
    """What was decided; `review` leaves it to a person."""

    APPROVE = "approve"
    REVIEW = "review"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What whoever asks knows of the subject; nothing here tells who a person is.

    Attributes:
        account: id of whoever asks for it; empty: nobody knows, and no rule about the account's past applies.
        items: single units, 1 to 1,000,000.
        shipping_country: ISO 3166-1, two capital letters, as *billing_country*; either may be empty.
        account_created_at: None: not told.
    """

    account: str
    amount: Money
    items: int = 1
    shipping_country: str = ""
    billing_country: str = ""
    account_created_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """
    One rule that applied.

    Attributes:
        code: the rule's id, stable over versions of the rules.
        text: what it says, for a person.
        score: what it added, 0 to 100.
        figures: every figure that the rule looked at, by its name, as text.
    """

    code: str
    text: str
    score: int
    figures: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    What was decided about a subject, once and for all.

    Attributes:
        score: 0 (no rule applied) to 100.
        reasons: every rule that applied, the weightiest first; whatever was not approved has at least one.
        rules_version: of the rules that decided; 0: those that the program brings along.
    """

    id: UUID
    kind: Kind
    subject_id: UUID
    outcome: Outcome
    score: int
    reasons: tuple[Reason, ...]
    rules_version: int
    decided_at: Moment
