"""A thousand random meetings of a mark with a reply or a pause: whatever is stored first wins, or this raises.

`make bench ARGS=races`, or `python -m tests.servers --durable python -m bench.bench_races [MEETINGS] [SEED]`: in a
database of its own, which it drops again. The test suite has thirty of them.
"""

from __future__ import annotations

import sys
import time

from django.test.utils import setup_databases, teardown_databases

from tests.sending.outbox.meetings import make_waiting, meetings

MEETINGS = 1_000
SEED = 1


def main(count: int = MEETINGS, seed: int = SEED) -> None:
    """Print how often the mark, and how often what stops the message came first. Raises AssertionError."""
    names = setup_databases(verbosity=0, interactive=False)
    try:
        begun = time.perf_counter()
        met = meetings(make_waiting(count), count, seed=seed)
        seconds = time.perf_counter() - begun
        print(f"races: {count:,} random meetings of a mark with what stops its message, seed {seed}, {seconds:.0f} s")
        for name in ("reply", "pause"):
            print(f"  {name}: {met[name, False]:>4} times first: nothing left; {met[name, True]:>4} times too late")
        print("  marked after what stops it was stored: 0")
    finally:
        teardown_databases(names, verbosity=0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
