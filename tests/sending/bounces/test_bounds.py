"""No mail holds a worker up, and none makes it grow: read in a process whose memory has an end."""

from __future__ import annotations

import re
import subprocess
import sys

_LONGEST_S = 3.0  # of CPU for one mail; each takes a tenth of a second on a machine that is not busy


def test_no_token_repeated_for_ever_makes_reading_slow_or_large() -> None:
    told = subprocess.run(  # this Python, our own module
        [sys.executable, "-m", "tests.sending.bounces.hostile", "20000", "--telling"],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    slowest = re.match(r"(\d+\.\d+) s: ", told)
    assert slowest, told
    assert float(slowest[1]) < _LONGEST_S, told
