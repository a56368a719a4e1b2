"""How often a mailbox is read: within seconds of a send, every two minutes while answers are likely, seldom otherwise.

Pure. Each reading is a sign-in, and providers count those; the longest wait still keeps the mailbox fresh enough for
its follow-ups (sending.pacing.gates.FRESHNESS, 15 minutes).
"""

from __future__ import annotations

from datetime import timedelta

from sending.imap import Protocol
from sending.pacing import Pace

SOON = timedelta(seconds=20)  # a bounce comes back at once
USUAL = timedelta(minutes=2)
QUIET = timedelta(minutes=10)
# Many POP3 servers refuse who comes more often.
POP3_USUAL = timedelta(minutes=5)
LIVELY = timedelta(days=1)  # most answers come within a day
# A server that tells of new mail in the inbox is asked for the rest as often, and whether it is still there. Far below
# the 29 minutes after which a server may hang up (RFC 2177), and the few after which routers forget a connection.
LISTENED = timedelta(minutes=4)
# Never so often that a provider objects, however fast the time of a workspace runs.
FLOOR = timedelta(seconds=4)
_LONGEST_BACKOFF = timedelta(hours=1)


def next_wait(protocol: Protocol, since_sent: timedelta | None, *, pace: Pace) -> timedelta:
    """Return how long to wait until the next reading.

    since_sent: the time since the mailbox sent the last time, None when that is long ago. Right after a send the waits
    double: they are as long as what has passed since.
    """
    usual = usual_wait(protocol, pace=pace)
    if since_sent is None or since_sent > pace.shrink(LIVELY):
        return max(usual, pace.shrink(QUIET, floor=FLOOR))
    return min(usual, max(pace.shrink(SOON, floor=FLOOR), since_sent)) if protocol is Protocol.IMAP else usual


def usual_wait(protocol: Protocol, *, pace: Pace) -> timedelta:
    """Return how often a mailbox is read that sends."""
    return pace.shrink(POP3_USUAL if protocol is Protocol.POP3 else USUAL, floor=FLOOR)


def backoff(protocol: Protocol, failures: int, *, pace: Pace) -> timedelta:
    """Return how long a server is left alone after it failed `failures` times before this one: doubled, at most 1 h."""
    times: int = 2 ** min(failures, 8)
    return min(usual_wait(protocol, pace=pace) * times, _LONGEST_BACKOFF)
