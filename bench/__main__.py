"""`make bench`: import and send, each beside its peers in the same run; and the forecast."""

from __future__ import annotations

import sys

from bench import bench_forecast, bench_import, bench_queue, bench_send, bench_tls

BENCHES = {
    "import": bench_import.main,
    "send": bench_send.main,
    "queue": bench_queue.main,
    "tls": bench_tls.main,
    "forecast": bench_forecast.main,
}


def main() -> None:
    """Run the named benches, or all."""
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()


if __name__ == "__main__":
    main()
