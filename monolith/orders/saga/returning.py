"""What is paid back when goods have come back: the table of steps that follows a checkout then."""

from __future__ import annotations

from datetime import timedelta

from monolith.orders.saga.checkout import give_back
from monolith.orders.saga.table import Outcome, Side, Situation, Step, Table


def refund_returned(s: Situation) -> Outcome:
    """What came back is paid back, at the price that was paid for it; its shipping is not."""
    return give_back(s, s.order.money(s.context["refund_minor"]), "goods returned")


RETURN: Table = (Step("refund_returned", Side.AFTER, timedelta(hours=1), refund_returned),)
