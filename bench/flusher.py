"""One process that writes hits down and judges them, as the worker's two tasks do: `python -m bench.flusher DATABASE`.

It runs until it is killed. Standard output is a file, whose first bytes always say what the process is at, how many
seconds of CPU each of the two has had, and how many the process had when it began with what it is at.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from django.db import connection

from sending.tracking.tasks import flush_task, judge_task

WRITING, JUDGING = b"w", b"j"


def main() -> None:
    connection.settings_dict["NAME"] = sys.argv[1]
    cpu_s = {WRITING: 0.0, JUDGING: 0.0}

    def run(phase: bytes, task: Callable[[], object]) -> None:
        begun_s = time.process_time()
        os.pwrite(1, b"%c %11.6f %11.6f %11.6f" % (phase, cpu_s[WRITING], cpu_s[JUDGING], begun_s), 0)
        task()
        cpu_s[phase] += time.process_time() - begun_s

    while True:
        run(WRITING, flush_task)
        run(JUDGING, judge_task)


if __name__ == "__main__":
    main()
