"""
Compare both homes' rows exactly, while writers go on, and bring the copy into line.

Rows of two databases can be compared only as they were at one moment. It is made the way a switch makes its own: most
of what waits is brought over while everybody writes; then a short transaction at the owner keeps writers out, the
stream drains, and a snapshot is taken on each side before the transaction ends. No writer can have committed between
lock and snapshot, nothing is under way, and nobody but the stream writes to the copy: so what differs between the
snapshots is different, and what is different at that moment differs between the snapshots. It is the same for every
mover, for it asks nothing of one but to drain. A process that is stopped in between loses its transaction, and with it
the moment. The price is a pause of writers, once for every ten seconds of comparing.

Between two such moments the place in the order of the keys is kept, with the counts, in one row of the control
database. So a comparison that was killed goes on, counts each row once, and a snapshot never stands in the way of
vacuum, nor of a verb that needs an empty table, for long.

Ranges of keys are summed up by the servers: `count(*)` and the sum of 64-bit hashes of the rows' texts, which are the
same in all versions; only ranges that are not equal are looked at row by row. A difference is missed when the hashes
collide, once in 2**64 times. SQLite's rows are compared as they are.
"""

from strangler.replication.verify.comparison import Pace, Report, compare
from strangler.replication.verify.record import KINDS, Record, Tally, set_values, tallies, verifications
from strangler.replication.verify.repairs import repair

__all__ = [
    "KINDS",
    "Pace",
    "Record",
    "Report",
    "Tally",
    "compare",
    "repair",
    "set_values",
    "tallies",
    "verifications",
]
