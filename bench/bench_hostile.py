"""Mails made to break their reader: the slowest of all tokens in all places, and the memory of the process that reads.

`make bench ARGS=hostile`. The line to hold is flat: a mail four times as long must not take four times as long, since
each reader stops at a bound of its own. The last run reads mails of 25 MB, the most that is fetched.
"""

from __future__ import annotations

import subprocess
import sys

SIZES = (25_000, 100_000)
LARGEST = 25 * 1024 * 1024


def main() -> None:
    """Print the slowest three of each size, and the highest memory."""
    for size, some in (*((one, ()) for one in SIZES), (LARGEST, ("--telling",))):
        told = subprocess.run(  # this Python, our own module
            [sys.executable, "-m", "tests.sending.bounces.hostile", str(size), *some],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        print(f"hostile mails of {size:,} bytes")
        print("".join(f"  {line}\n" for line in told.splitlines()), end="")


if __name__ == "__main__":
    main()
