"""The rules alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monolith.payments.contract import AmountTooLarge, InvalidPaymentMethod, PaymentsError, PaymentStatus
from monolith.payments.domain import TRANSITIONS, Figures, Kind, State, after, check_token, fold

LIFE = [(Kind.CREATED, 0), (Kind.CONFIRMED, 0), (Kind.AUTHORIZED, 10), (Kind.CAPTURE_BEGUN, 7), (Kind.CAPTURED, 7)]


def test_life_adds_up():
    assert fold(LIFE) == Figures(PaymentStatus.SUCCEEDED, authorized=10, capturable=0, captured=7)
    asked = [(Kind.REFUND_BEGUN, 3), (Kind.REFUND_BEGUN, 4), (Kind.REFUNDED, 3), (Kind.REFUND_FAILED, 4)]
    assert fold([*LIFE, *asked]) == Figures(PaymentStatus.SUCCEEDED, authorized=10, captured=7, refunded=3)


def test_more_is_not_captured_than_was_authorised():
    with pytest.raises(AmountTooLarge):
        fold([*LIFE[:4], (Kind.CAPTURED, 11)])


@given(st.lists(st.tuples(st.sampled_from(Kind), st.integers(1, 20)), max_size=25))
def test_no_sequence_of_events_breaks_the_sums(events):
    """P1 and P2, whatever happens in whatever order: what cannot have happened is refused."""
    figures = Figures()
    for kind, amount in events:
        try:
            figures = after(figures, kind, min(amount, figures.refund_pending) if "refund" in kind[:6] else amount)
        except PaymentsError:
            continue
        if kind in (Kind.REFUNDED, Kind.REFUND_FAILED) and figures.refund_pending < 0:
            pytest.fail("more came back than was asked for")
        assert 0 <= figures.captured <= figures.authorized - figures.capturable
        assert 0 <= figures.refunded + figures.refund_pending <= figures.captured


def test_ends_are_ends():
    assert TRANSITIONS.after(PaymentStatus.SUCCEEDED) == TRANSITIONS.after(PaymentStatus.CANCELED) == frozenset()


def test_ranks_order_what_a_provider_says():
    ranks = [State.PENDING.rank, State.REQUIRES_ACTION.rank, State.SUCCEEDED.rank]
    assert ranks == sorted(set(ranks))
    assert State.SUCCEEDED.rank == State.FAILED.rank


@pytest.mark.parametrize(
    "token", ["", "visa", "tok_", "tok_" + "x" * 61, "tok_4242424242424242", "tok_visa\n", "tok_vísa"]
)
def test_what_is_no_token_is_refused(token):
    with pytest.raises(InvalidPaymentMethod):
        check_token(token)
    check_token("tok_visa__4242")
