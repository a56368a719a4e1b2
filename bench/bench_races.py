"""A thousand suppressions, of each kind as many, meet the mark of a message at random moments; replies and pauses, too.

`make bench ARGS=races`, or `python -m tests.servers --durable python -m bench.bench_races [SUPPRESSIONS] [SEED]`: in a
database of its own, which it drops again. The test suite has three of each kind.
"""

from __future__ import annotations

import sys
import time

from django.test.utils import (
    setup_databases,
    setup_test_environment,
    teardown_databases,
    teardown_test_environment,
)

from tests.sending.outbox.meetings import OTHERS, Outcome, meetings, table
from tests.sending.outbox.wishes import WAYS

SUPPRESSIONS = 1_000
OF_EACH_OTHER = 75
SEED = 1


def main(suppressions: int = SUPPRESSIONS, seed: int = SEED) -> None:
    """Print how often each kind came first, and how often the mark. Raises AssertionError at a mark after a wish."""
    setup_test_environment()  # pages and API answer to the test client
    names = setup_databases(verbosity=0, interactive=False)
    try:
        begun, ways = time.perf_counter(), list(WAYS)
        kinds = [ways[at % len(ways)] for at in range(suppressions)] + list(OTHERS) * OF_EACH_OTHER
        met = meetings(kinds, seed=seed)
        seconds = time.perf_counter() - begun
        print(
            f"races: {suppressions:,} suppressions and {len(kinds) - suppressions} others, seed {seed}, {seconds:.0f} s"
        )
        print(table(met))
        wrong = sum(count for (_, outcome), count in met.items() if outcome is Outcome.VIOLATION)
        print(f"  marked after what stops it was acknowledged: {wrong}")
        assert not wrong
    finally:
        teardown_databases(names, verbosity=0)
        teardown_test_environment()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
