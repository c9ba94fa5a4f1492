"""
Rows as JSON: plain functions; a test holds every answer against OpenAPI.

Raise `REPRESENTATION` when an account or an address comes out differently: validators are made of it (R11).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monolith.users.models import Address, Customer
from monolith.users.selectors import status_of
from monolith.users.tokens import Tokens

REPRESENTATION = 1


def profile_json(row: Customer) -> dict[str, Any]:
    """An account as its owner sees it; whatever changes in it counts the version up."""
    return {
        "id": str(row.id),
        "email": row.email,
        "email_verified": row.email_verified_at is not None,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "phone": row.phone,
        "status": row.status,
        "roles": row.roles,
        "created_at": _moment(row.created_at),
        "version": row.version,
    }


def user_json(row: Customer) -> dict[str, Any]:
    """An account as staff sees it."""
    return {
        **profile_json(row),
        "status": status_of(row).value,
        "last_login_at": row.last_login_at and _moment(row.last_login_at),
        "locked_until": row.locked_until and _moment(row.locked_until),
        "failed_logins": row.failed_logins,
    }


def address_json(row: Address) -> dict[str, Any]:
    """An address."""
    return {
        "id": str(row.id),
        "label": row.label,
        "line1": row.line1,
        "line2": row.line2,
        "city": row.city,
        "region": row.region,
        "postal_code": row.postal_code,
        "country": row.country,
        "is_default_shipping": row.is_default_shipping,
        "is_default_billing": row.is_default_billing,
        "version": row.version,
    }


def tokens_json(tokens: Tokens) -> dict[str, Any]:
    """What somebody gets who has logged in."""
    return {"token_type": "Bearer", **tokens._asdict()}


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
