"""`make bench`: import, send, tls beside their peers in the same run; the others at full size."""

from __future__ import annotations

import sys

from bench import (
    bench_bounces,
    bench_contacts,
    bench_forecast,
    bench_hostile,
    bench_import,
    bench_inbox,
    bench_pass,
    bench_queue,
    bench_races,
    bench_reading,
    bench_rehearsal,
    bench_send,
    bench_tls,
    bench_track,
    bench_trials,
    bench_words,
)

BENCHES = {
    "import": bench_import.main,
    "contacts": bench_contacts.main,
    "send": bench_send.main,
    "queue": bench_queue.main,
    "pass": bench_pass.main,
    "tls": bench_tls.main,
    "forecast": bench_forecast.main,
    "words": bench_words.main,
    "rehearsal": bench_rehearsal.main,
    "bounces": bench_bounces.main,
    "reading": bench_reading.main,
    "races": bench_races.main,
    "hostile": bench_hostile.main,
    "inbox": bench_inbox.main,
    "track": bench_track.main,
    "trials": bench_trials.main,
}


def main() -> None:
    """Run the named benches, or all."""
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()


if __name__ == "__main__":
    main()
