"""A thousand random meetings of a mark with a reply, a pause or an opt-out: what is stored first wins, or this raises.

`make bench ARGS=races`, or `python -m tests.servers --durable python -m bench.bench_races [MEETINGS] [SEED] [KIND]`:
in a database of its own, which it drops again. KIND: reply, pause or opt-out; all without it. An opt-out is the POST of
a mail program to the tracking host. The test suite has forty-five of them.
"""

from __future__ import annotations

import sys
import time

from django.test.utils import setup_databases, teardown_databases

from tests.sending.outbox.meetings import KINDS, make_waiting, meetings

MEETINGS = 1_000
SEED = 1


def main(count: int = MEETINGS, seed: int = SEED, *kinds: str) -> None:
    """Print how often the mark, and how often what stops the message came first. Raises AssertionError."""
    names = setup_databases(verbosity=0, interactive=False)
    try:
        begun = time.perf_counter()
        met = meetings(make_waiting(count), count, seed=seed, kinds=kinds or KINDS)
        seconds = time.perf_counter() - begun
        print(f"races: {count:,} random meetings of a mark with what stops its message, seed {seed}, {seconds:.0f} s")
        for name in kinds or KINDS:
            print(f"  {name}: {met[name, False]:>4} times first: nothing left; {met[name, True]:>4} times too late")
        print("  marked after what stops it was stored: 0")
    finally:
        teardown_databases(names, verbosity=0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:])  # type: ignore[arg-type]  # two numbers, then words
