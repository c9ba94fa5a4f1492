"""`manage.py recount_stock`: count the books again, in the database of this host."""

from __future__ import annotations

from monolith.inventory.recount import Difference, recount
from monolith.kernel.audit import AuditCommand


class Command(AuditCommand):
    """Count and tell; the work is in `monolith.inventory.recount`."""

    help = "Compare stock with the sum of its movements and with active reservations; changes nothing."

    def differences(self) -> list[Difference]:
        """Return every SKU and warehouse where the books disagree."""
        return recount()
