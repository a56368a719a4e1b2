"""Find and end processes of the world: which of them holds a connection, and what signals do to it (Linux)."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

_LOOPBACK = "0100007F"


def children_of(pid: int) -> list[int]:
    """Return the living processes that this one has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(parent) == pid and state != "Z":
                found.append(int(folder.name))
    return sorted(found)


def connections_of(pids: Collection[int], *, to: Collection[int]) -> Counter[int]:
    """Count the connections of each process to ports of this machine."""
    inodes = {inode for _, remote, inode in _sockets() if remote in to}
    return Counter({pid: len(inodes & _inodes_of(pid)) for pid in pids})


def holder_of(port: int, pids: Collection[int]) -> int | None:
    """Return which process has the connection whose own port this is."""
    inodes = {inode for local, _, inode in _sockets() if local == port}
    return next((pid for pid in pids if inodes & _inodes_of(pid)), None)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that is gone needs none."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@contextlib.contextmanager
def asleep(leader: int) -> Iterator[None]:
    """Put a process and those that it has started to sleep while the block lasts."""
    pids = [leader, *children_of(leader)]
    for pid in pids:
        send(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            send(pid, signal.SIGCONT)


def open_files_of(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def address_space_of(pid: int) -> int:
    """Return how many bytes of addresses a process has, which is what RLIMIT_AS limits."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _sockets() -> list[tuple[int, int, str]]:
    """Return (own port, other port, inode) of every TCP connection over 127.0.0.1."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [
        (int(row[1].partition(":")[2], 16), int(row[2].partition(":")[2], 16), row[9])
        for row in rows
        if row[1].startswith(_LOOPBACK)
    ]


def _inodes_of(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    return found
