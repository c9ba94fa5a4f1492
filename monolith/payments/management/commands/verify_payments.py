"""`manage.py verify_payments`: add the books up again, in the database of this host."""

from __future__ import annotations

from monolith.kernel.audit import AuditCommand
from monolith.payments.audit import Difference, audit


class Command(AuditCommand):
    """Add up and tell; the work is in `monolith.payments.audit`."""

    help = "Recompute every payment from its events, captures and refunds, and compare; changes nothing."

    def differences(self) -> list[Difference]:
        """Return every payment whose books disagree."""
        return audit()
