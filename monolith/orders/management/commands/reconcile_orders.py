"""`manage.py reconcile_orders`: compare orders with inventory, payments and shipping."""

from __future__ import annotations

from monolith.kernel.audit import AuditCommand
from monolith.orders.reconciliation import Inconsistency, reconcile


class Command(AuditCommand):
    """Compare and tell; the work is in `monolith.orders.reconciliation`."""

    help = "Compare every order with its stock, its payments and its shipments; changes nothing."

    def differences(self) -> list[Inconsistency]:
        """Return every order about which the others say something else."""
        return reconcile()
