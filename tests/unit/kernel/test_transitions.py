"""One table answers both questions of a state machine."""

from monolith.kernel.transitions import Transitions

DOOR = Transitions({"open": frozenset({"shut"}), "shut": frozenset({"open", "locked"}), "locked": frozenset({"shut"})})


def test_before_is_the_inverse_of_after():
    assert DOOR.after("shut") == {"open", "locked"}
    assert DOOR.before("shut") == {"open", "locked"}
    assert DOOR.before("locked") == {"shut"}
