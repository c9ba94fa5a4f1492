"""Payment providers: one interface, an adapter each, and which of them to ask."""

from monolith.payments.providers.adapter import (
    Adapter,
    Card,
    Disputed,
    Entry,
    Instruction,
    Notice,
    NotSent,
    Outcome,
    OutcomeUnknown,
    WebhookInvalid,
)
from monolith.payments.providers.registry import answer_s, bound_to, breaker, names, provider

__all__ = [
    "Adapter",
    "Card",
    "Disputed",
    "Entry",
    "Instruction",
    "NotSent",
    "Notice",
    "Outcome",
    "OutcomeUnknown",
    "WebhookInvalid",
    "answer_s",
    "bound_to",
    "breaker",
    "names",
    "provider",
]
