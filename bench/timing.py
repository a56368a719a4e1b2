"""What a way took: wall time and CPU time, told for each of so many."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """What one way took for so many messages, of the senders alone."""

    count: int
    wall_s: float
    cpu_s: float

    def line(self, name: str) -> str:
        rate, cpu_ms = self.count / self.wall_s, 1000 * self.cpu_s / self.count
        return f"  {name:<52} {rate:>8,.0f} messages/s   {cpu_ms:6.2f} CPU ms each"


def timed(work: Callable[[], object], count: int) -> Figure:
    """Run the work in this process and tell what it took."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    work()
    return Figure(count, time.perf_counter() - wall, cpu_seconds() - cpu)


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def cpu_seconds_of(pid: int) -> float:
    """Return the CPU time of another process of this machine, as Linux tells it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
