"""What notifications say: `$name` and the variables that each kind has."""

from __future__ import annotations

from collections.abc import Mapping

from monolith.notifications.contract import Category, TemplateNotFound
from monolith.notifications.domain import Kind

_ORDER, _SECURITY = Category.TRANSACTIONAL, Category.SECURITY


def _kind(category: Category, subject: str, body: str, *variables: str, secret: bool = False) -> Kind:
    return Kind(category, subject, f"Hello $name,\n\n{body}\n", frozenset(variables), secret)


KINDS: Mapping[str, Kind] = {
    "verify_email": _kind(
        _SECURITY,
        "Is this your e-mail address?",
        "somebody has made an account with your e-mail address. If that was you, this code proves it, once:\n\n"
        "    $secret\n\nIf it was not, there is nothing to do.",
        secret=True,
    ),
    "reset_password": _kind(
        _SECURITY,
        "A new password",
        "somebody wants a new password for your account. If that was you, this code lets you set it, once:\n\n"
        "    $secret\n\nIf it was not, there is nothing to do: your password stays as it is.",
        secret=True,
    ),
    "password_changed": _kind(
        _SECURITY,
        "Your password was changed",
        "your account has another password, and every session has ended. If that was not you, ask for a new password.",
    ),
    "account_locked": _kind(
        _SECURITY, "Your account is locked", "nobody can log in to your account for now ($reason).", "reason"
    ),
    "order_confirmed": _kind(
        _ORDER, "Your order $number", "we have your order $number over $total, and send it soon.", "number", "total"
    ),
    "order_rejected": _kind(
        _ORDER,
        "Your order $number did not work out",
        "nothing came of your order $number ($reason), and nothing was taken.",
        "number",
        "reason",
    ),
    "order_cancelled": _kind(
        _ORDER,
        "Your order $number was cancelled",
        "your order $number was cancelled. Whatever was paid is given back.",
        "number",
    ),
    "order_shipped": _kind(_ORDER, "Your order $number is on its way", "a carrier has your order $number.", "number"),
    "order_delivered": _kind(_ORDER, "Your order $number has arrived", "your order $number has arrived.", "number"),
    "order_refunded": _kind(
        _ORDER, "Money back for $number", "you get $amount back for your order $number.", "number", "amount"
    ),
    "payment_action": _kind(
        _ORDER,
        "Your order $number waits for you",
        "your bank wants you to confirm the payment of your order $number. You can do that on the page of your order.",
        "number",
    ),
    "out_for_delivery": _kind(
        _ORDER, "Your order $number arrives today", "your order $number arrives today, or can be fetched.", "number"
    ),
    "delivery_exception": _kind(
        _ORDER, "Your order $number is delayed", "your order $number does not arrive as planned.", "number"
    ),
    "announcement": _kind(Category.MARKETING, "$headline", "$text", "headline", "text"),
}


def kind_of(template: str) -> Kind:
    """Return a kind of notification. Raises TemplateNotFound."""
    try:
        return KINDS[template]
    except KeyError:
        raise TemplateNotFound(f"There is no template {template[:40]!r}; there are {', '.join(KINDS)}.") from None
