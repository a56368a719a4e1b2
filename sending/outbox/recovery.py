"""Read the journals of couriers that are gone, and settle what only they know of."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import logging
import os
import shutil
import stat
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.db import DatabaseError

from outreach.kit.files import sync_folder
from sending.guard.services import found_older, note_read, unread
from sending.outbox.journal import read
from sending.outbox.scribe import SUFFIX
from sending.outbox.settling import UNKNOWN, Case, compare, settle
from sending.outbox.verdicts import Change

log = logging.getLogger(__name__)

KEPT = "kept"
# A backup that is older than this is put back without the journals' help.
KEEP_S = 30 * 86_400
_BATCH = 500
_UNREADABLE = (OSError, EOFError, zlib.error)


def ask_journals(folder: Path) -> int:
    """Do what the journals of the dead tell, and all of them where the guard has found the database to be another one.

    Returns how many messages were changed.
    """
    changed = recover(folder)
    if changed[Change.DOUBT] or changed[Change.MAKE]:
        found_older(folder)  # the guard's file is not ahead of a database that lost the last seconds alone
    finding = unread(folder)
    if finding is not None:
        changed += recall(folder)
        note_read(
            finding,
            doubts=changed[Change.DOUBT] + changed[Change.MAKE],
            settled=changed[Change.RECORD] + changed[Change.PROVE],
            unknown=changed[UNKNOWN],
        )
    return changed.total()


def recover(folder: Path) -> Counter[str]:
    """Settle what the journals of dead processes tell, and put them aside. Returns counts by what was changed.

    Safe to run anywhere, any number of times at once: a file is read by whoever gets its lock. A file that cannot be
    read, or whose content cannot be settled now, stays for the next time and keeps nobody from the others.
    """
    changed: Counter[str] = Counter()
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with _opened(path) as file:
            if file is None or not _is_dead(file, path):
                continue
            try:
                changed += settle(_cases(path, file, only_left=True))
                _put_aside(path, file)
            except (DatabaseError, *_UNREADABLE):
                log.exception("outbox.journal_stays file=%s", path.name)
    _forget(folder / KEPT)
    return changed


def recall(folder: Path) -> Counter[str]:
    """Settle what all journals tell, also those of the living and those put aside: the database is an older one.

    Whatever asked for its mark may have left then, unless it is known to have stayed.
    """
    cases: list[Case] = []
    for path in sorted([*folder.glob(f"*{SUFFIX}"), *(folder / KEPT).glob(f"*{SUFFIX}.gz")]):
        with _opened(path) as file:
            if file is None:
                continue
            try:
                cases += _cases(path, file, only_left=False)
            except _UNREADABLE:
                log.exception("outbox.journal_unreadable file=%s", path.name)
    return settle(cases, is_older=True)


def _cases(path: Path, file: BinaryIO, *, only_left: bool) -> list[Case]:
    """Return what a file tells that the database does not know."""
    packed = path.suffix == ".gz"
    with gzip.open(file) if packed else contextlib.nullcontext(file) as plain:
        found = read(plain)
    may_have = {dot.attempt for dot in found.dots} - found.stayed
    dots = [dot for dot in found.dots if dot.attempt in (found.left if only_left else may_have | found.left)]
    told = [(dot, found.ends.get(dot.attempt)) for dot in dots]
    cases = [case for start in range(0, len(told), _BATCH) for case in compare(told[start : start + _BATCH])]
    if found.damaged or cases:
        level = logging.WARNING if found.damaged else logging.INFO
        log.log(
            level, "outbox.journal file=%s dots=%s news=%s damaged=%s", path.name, len(dots), len(cases), found.damaged
        )
    return cases


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO | None]:
    """Open a plain file; None for anything else, and for what is gone or not ours to read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        log.warning("outbox.journal_unreadable file=%s reason=%s", path.name, error.strerror)
        yield None
        return
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        yield None
        return
    with open(fd, "rb") as file:  # noqa: PTH123  # the very file that was looked at
        yield file


def _is_dead(file: BinaryIO, path: Path) -> bool:
    """Take the lock of a file whose writer is gone; False also when somebody else has put it aside meanwhile."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def _put_aside(path: Path, file: BinaryIO) -> None:
    """Keep a journal that is settled, packed, for the case that an older copy of the database is put back."""
    kept = path.parent / KEPT
    kept.mkdir(mode=0o700, exist_ok=True)
    packed = kept / f"{path.name}.gz"
    unready = packed.with_suffix(".new")
    file.seek(0)
    with unready.open("wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw) as out:
            shutil.copyfileobj(file, out)
        raw.flush()
        os.fsync(raw.fileno())
    unready.rename(packed)
    sync_folder(kept)
    path.unlink()


def _forget(kept: Path) -> None:
    for path in kept.glob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - KEEP_S:
                path.unlink()
