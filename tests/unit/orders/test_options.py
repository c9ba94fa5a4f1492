"""Options of a cart as customers get them: what shipping has said counts for what it was said of, until it expires."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.core.signing import Signer
from django.utils import timezone

from monolith.kernel.money import Money
from monolith.orders.contract import Address
from monolith.orders.domain import CHOSEN_MAX, OPTION_MAX
from monolith.orders.options import Chosen, opened, sealed
from monolith.shipping.contract import Option, Promise

HOME = Address(name="-", line1="-", city="-", country="US", region="TX", postal_code="73301")
GOODS = {"MUG": 2, "POT": 1}
LATER = timezone.now().replace(microsecond=0) + timedelta(minutes=30)
OPTION = Option(
    option_id="o" * OPTION_MAX, carrier="herald", service="courier", price=Money(9_999_999, "USD"), eta_min=LATER,
    eta_max=LATER,
)  # fmt: skip


def seal(option: Option = OPTION, *, expires_at: datetime = LATER) -> str:
    return sealed(option, wanted=GOODS, to=HOME, expires_at=expires_at)


def test_what_shipping_has_said_is_found_again() -> None:
    """Whoever lives there, and in whatever order the goods are; the longest one is not too long."""
    chosen = opened(seal(), wanted={"POT": 1, "MUG": 2}, to=replace(HOME, name="Ada", line1="1 Main St", city="Austin"))
    promise = Promise(carrier="herald", service="courier", price=Money(9_999_999, "USD"))
    assert chosen == Chosen(OPTION.option_id, promise)
    assert len(seal()) <= CHOSEN_MAX


@pytest.mark.parametrize(
    "about",
    [
        {"wanted": {"MUG": 3, "POT": 1}},
        {"wanted": {"MUG": 2}},
        {"to": replace(HOME, postal_code="10001")},
        {"to": replace(HOME, region="NY")},
        {"to": replace(HOME, country="CA")},
    ],
)
def test_for_anything_else_shipping_is_asked(about: dict[str, object]) -> None:
    """It knows the option, and says what is wrong with it."""
    assert opened(seal(), **{"wanted": GOODS, "to": HOME} | about) == Chosen(OPTION.option_id)


def test_price_is_not_honoured_longer_than_the_quote() -> None:
    assert opened(seal(expires_at=timezone.now()), wanted=GOODS, to=HOME) == Chosen(OPTION.option_id)


@pytest.mark.parametrize(
    "text", ["", "post", "\x00", seal()[:-1], f"{seal()}x", Signer(salt="shipping.option").sign_object([1])]
)
def test_what_was_not_sealed_here_is_shippings_to_judge(text: str) -> None:
    assert opened(text, wanted=GOODS, to=HOME) == Chosen(text)


def test_a_price_cannot_be_made_up() -> None:
    """Whoever knows the form does not know the key."""
    cheap = Signer(key="guessed", salt="orders.option").sign_object(
        [OPTION.option_id, "herald", "courier", 1, "USD", int(LATER.timestamp()), "0" * 16]
    )
    assert opened(cheap, wanted=GOODS, to=HOME).promise is None
