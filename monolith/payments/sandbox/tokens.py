"""
Magic tokens: which outcome a payment has at the sandbox.

| token | what happens |
|---|---|
| `tok_visa`, `tok_mastercard` | approved |
| `tok_declined_<decline code>` | declined |
| `tok_3ds` | requires action: the customer approves or rejects |
| `tok_<fault>` | the fault strikes the authorisation |
| `tok_capture_<fault>`, `tok_void_<fault>`, `tok_refund_<fault>` | approved; the fault strikes that operation |
| `tok_unavailable_sandbox_a`, `tok_unavailable_sandbox_b` | this provider takes no authorisation, the other does |
| `tok_duplicate`, `tok_reordered` | approved; webhooks come twice, or the last one first |
| `tok_dispute` | approved; disputed as soon as it is captured |

Whatever follows two underscores tells tokens apart and changes nothing: `tok_visa__ann`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DECLINE_CODES = (
    "insufficient_funds", "lost_card", "stolen_card", "do_not_honor", "expired_card", "incorrect_cvc",
    "processing_error",
)  # fmt: skip
BRANDS = {"visa": ("visa", "4242"), "mastercard": ("mastercard", "4444")}
PROVIDERS = ("sandbox_a", "sandbox_b")
_LATER = ("capture", "void", "refund")


class Fault(StrEnum):
    """What goes wrong; all but the last two strike the first request with a key, and let its repeats through."""

    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    ERROR = "error"
    ERROR_AFTER = "error_after"
    SLOW = "slow"
    FAILS = "fails"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """
    What a token stands for.

    Attributes:
        operation: what the fault strikes.
        only_at: the one provider that the fault strikes; empty for both.
    """

    brand: str = "visa"
    decline_code: str = ""
    action: bool = False
    operation: str = "authorize"
    fault: Fault | None = None
    only_at: str = ""
    webhooks: str = ""
    disputed: bool = False

    def fault_of(self, operation: str, provider: str) -> Fault | None:
        """Return what goes wrong with an operation at a provider."""
        return self.fault if operation == self.operation and self.only_at in ("", provider) else None


def behaviour(token: str) -> Behaviour | None:
    """Return what *token* stands for, or None when there is no such card."""
    if not token.startswith("tok_"):
        return None
    word = token.removeprefix("tok_").partition("__")[0]
    if word in BRANDS:
        return Behaviour(brand=word)
    if (code := word.removeprefix("declined_")) in DECLINE_CODES:
        return Behaviour(decline_code=code)
    if (provider := word.removeprefix("unavailable_")) in PROVIDERS:
        return Behaviour(fault=Fault.UNAVAILABLE, only_at=provider)
    simple = {"3ds": Behaviour(action=True), "dispute": Behaviour(disputed=True)}
    simple |= {word: Behaviour(webhooks=word) for word in ("duplicate", "reordered")}
    return simple.get(word) or _faulty(word)


def _faulty(word: str) -> Behaviour | None:
    operation, _, fault = word.partition("_")
    if operation not in _LATER:
        operation, fault = "authorize", word
    return Behaviour(operation=operation, fault=Fault(fault)) if fault in list(Fault) else None
