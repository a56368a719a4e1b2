"""What is checked before anything starts, so that a fault is one line and not a failed start."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from outreach.embedded.faults import DiskFull, NoAccess, PortTaken
from outreach.embedded.ports import check_port

_LEAST_FREE_BYTES = 300 * 1024 * 1024
_AFTER_A_KILL_S = 20.0
_ELSEWHERE = "Start as its owner, or set OUTREACH_DATA_DIR to a folder of yours."


def make_data_dir(folder: Path) -> None:
    """Create folder (mode 0700) if needed. Raises NoAccess or DiskFull."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NoAccess(f"Cannot create the data directory {folder}: {error.strerror}. {_ELSEWHERE}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise NoAccess(f"Cannot write into the data directory {folder}: permission denied. {_ELSEWHERE}")
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE_BYTES:
        raise DiskFull(
            f"The disk that holds {folder} is full: {free // 2**20} MB are free, "
            f"{_LEAST_FREE_BYTES // 2**20} MB are needed. Free some space, or set OUTREACH_DATA_DIR."
        )


def await_port(host: str, port: int, *, after_a_kill: bool) -> None:
    """Return when the web server can listen there. Raises PortTaken or NoAccess.

    After a supervisor was killed, its children need a moment to notice and let go of the port.
    """
    deadline = time.monotonic() + (_AFTER_A_KILL_S if after_a_kill else 0)
    while True:
        try:
            check_port(host, port)
        except PortTaken:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.2)
        else:
            return
