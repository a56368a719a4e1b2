"""One supervisor per data directory."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from outreach.embedded.faults import AlreadyRunning

LOCK_FILE = "run.lock"


@contextlib.contextmanager
def sole_supervisor(data_dir: Path) -> Iterator[None]:
    """Hold the lock of data_dir while the block lasts. Raises AlreadyRunning naming the other process.

    The kernel drops the lock of a killed process, so a file left behind means nothing.
    """
    path = data_dir / LOCK_FILE
    fd = _take(path, data_dir)
    try:
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        yield
    finally:
        path.unlink(missing_ok=True)  # while still held: a waiting start sees that its file is gone and opens anew
        os.close(fd)


def _take(path: Path, data_dir: Path) -> int:
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, fd):
                return fd
        except BlockingIOError as error:
            holder = os.pread(fd, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            raise AlreadyRunning(data_dir, holder) from error
        os.close(fd)


def _is_still(path: Path, fd: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(fd).st_ino
    except FileNotFoundError:
        return False
