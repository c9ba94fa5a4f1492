"""Ids of RFC 9562, in the order in which they were made."""

import threading
import time
import uuid

from monolith.kernel.ids import uuid7, uuid7_at


def test_id_is_a_version_7_of_now():
    before, made, after = time.time_ns() // 10**6, uuid7(), time.time_ns() // 10**6
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= after + 1


def test_ids_grow_even_within_a_tick():
    """Rows inserted in order lie in order: also when thousands are made in one millisecond."""
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_ids_grow_while_the_clock_stands_still_or_goes_back(monkeypatch):
    """Clocks are set; rows made afterwards still come later."""
    first = uuid7()
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    made = [first, *(uuid7() for _ in range(5_000))]
    assert made == sorted(set(made))


def test_ids_of_many_threads_are_all_different():
    made = []
    threads = [threading.Thread(target=lambda: made.extend([uuid7() for _ in range(2_000)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000


def test_id_of_a_given_moment_repeats():
    """RFC 9562 5.7: time, version, 12 bits, variant, 62 bits."""
    made = uuid7_at(unix_ms=0x017F22E279B0, randomness=0xCC3 << 62 | 0x18C4DC0C0C07398F)
    assert made == uuid.UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
