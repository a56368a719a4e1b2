"""Write the journal of one courier process: what is about to leave durably before it leaves, answers as they come."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from outreach.env import env
from outreach.kit.files import said, sync_folder
from sending.outbox.journal import Dot, End, dot_line, end_line, go_line, head_line, stay_line

log = logging.getLogger(__name__)

SUFFIX = ".journal"
# Room is reserved before anything is claimed, so that a disk that fills up stops a courier between two messages.
RESERVE_BYTES = 256 * 1024
# A file is closed for good once it is so big and no message of its process is under way.
_FULL_BYTES = 8 * 1024 * 1024
_CANNOT_RESERVE = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has none


class Journal:
    """One process's file, locked while the process lives: whoever gets the lock reads what a dead one left.

    Anything that cannot be written or made durable breaks it for good: what an fsync has failed on may be lost although
    the next one succeeds. `fault` says why, "" while all is well.
    """

    def __init__(self, folder: Path, installation: str) -> None:
        """Make the file. Raises OSError."""
        self.fault = ""
        self._lock = threading.Lock()
        self._ends: deque[End] = deque()
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="outbox-journal-dots")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outbox-journal-ends")
        self._is_flushing = self._has_been_asked = False
        self._size = self._reserved = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / f"{time.time_ns():016x}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        unready = self.path.with_suffix(".new")
        self._fd = os.open(unready, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._append(head_line(installation))
            os.fsync(self._fd)
            unready.rename(self.path)
            sync_folder(folder)
        except BaseException:
            unready.unlink(missing_ok=True)
            os.close(self._fd)
            raise

    @property
    def is_new(self) -> bool:
        """Nothing has been asked of it yet."""
        return not self._has_been_asked

    @property
    def is_full(self) -> bool:
        return self._size >= _FULL_BYTES

    def ask(self, dots: Sequence[Dot]) -> Future[None]:
        """Begin to write down what asks for its mark; it is durable when the future is done, which raises OSError.

        It runs beside the mark of the database, so that the slower of the two decides how long both take.
        """
        self._has_been_asked = True
        return self._asking.submit(self._ask, dots)

    def go(self, attempts: Sequence[UUID]) -> None:
        """Write down that these leave now: it outlives this process, which is all that is asked. Raises OSError."""
        self._try(lambda: self._append(go_line(attempts)))

    def stay(self, attempts: Sequence[UUID]) -> None:
        """Write down that these were not granted, so that nobody takes them for gone; who cannot is broken."""
        with contextlib.suppress(OSError):
            self._try(lambda: self._append(stay_line(attempts)))

    def _ask(self, dots: Sequence[Dot]) -> None:
        def write() -> None:
            self._append(b"".join(map(dot_line, dots)))
            _sync(self._fd)

        self._try(write)

    def end(self, end: End) -> None:
        """Take down how an attempt ended: written at once by a thread, durable with the next dots or with rest()."""
        self._ends.append(end)
        if not self._is_flushing:
            self._is_flushing = True
            self._thread.submit(self._flush)

    def rest(self) -> None:
        """Make everything durable: nobody's message is under way."""
        self._thread.submit(self._flush).result()
        with contextlib.suppress(OSError):
            self._try(lambda: _sync(self._fd))

    def close(self) -> None:
        """Leave the file to whoever looks after the dead; a second time it does nothing."""
        self._asking.shutdown()
        self._thread.shutdown()
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _flush(self) -> None:
        self._is_flushing = False
        lines = []
        while self._ends:
            lines.append(end_line(self._ends.popleft()))
        if lines:
            with contextlib.suppress(OSError):
                self._try(lambda: self._append(b"".join(lines)))

    def _try(self, write: Callable[[], None]) -> None:
        """Do it, and never again once it has failed. Raises OSError."""
        if self.fault:
            raise OSError(errno.EIO, self.fault)
        try:
            write()
        except OSError as error:
            self.fault = said(error)
            log.error("outbox.journal_broken file=%s reason=%s", self.path.name, self.fault)  # noqa: TRY400  # in full
            raise

    def _append(self, data: bytes) -> None:
        with self._lock:
            if self._size + len(data) + RESERVE_BYTES // 2 > self._reserved:
                self._reserve(self._size + len(data) + RESERVE_BYTES)
            left = memoryview(data)
            while left:
                written = os.pwrite(self._fd, left, self._size)
                self._size += written
                left = left[written:]

    def _reserve(self, size: int) -> None:
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(self._fd, self._reserved, size - self._reserved)
            except OSError as error:
                if error.errno not in _CANNOT_RESERVE:
                    raise
        self._reserved = size


_current: tuple[int, Journal] | None = None


def journal(installation: str = "") -> Journal | None:
    """Return this process's journal, None where no folder is named. Call it while no message is under way.

    Raises OSError where it cannot be written.
    """
    global _current  # noqa: PLW0603  # one for each process, kept over its tasks
    folder = env().journal_dir
    if folder is None:
        return None
    if _current is not None:
        pid, found = _current
        is_sound = not found.fault and not found.is_full and found.path.parent == folder and found.path.exists()
        if pid == os.getpid() and is_sound:
            return found
        _current = None
        if pid == os.getpid():
            with contextlib.suppress(OSError):
                found.close()
    made = Journal(folder, installation)
    _current = (os.getpid(), made)
    return made
