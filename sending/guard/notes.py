"""The guard file: beside the journals, outside of the database and its backup."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from outreach.env import env
from outreach.kit.files import write_durably
from sending.guard.core import Damaged, Note

FILE = "guard.json"
# Its inode tells this folder from a copy of it; the guard file itself gets a new one each time it is written.
_ANCHOR = "guard.anchor"
_LOCK = "guard.lock"
_MACHINE_ID = Path("/etc/machine-id")
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Key:
    """What a process shows to the database with each statement that lets something be sent.

    installation None: it has no guard file, so that only a database without an installation lets it send.
    """

    installation: UUID | None
    head: int


_cached: tuple[tuple[int, int, int], Key] | None = None


def key() -> Key:
    """Return this process's key; it is read again whenever the file has changed."""
    global _cached  # noqa: PLW0603  # one for each process; a statement must not cost a file
    folder = env().journal_dir
    if folder is None:
        return Key(None, 0)
    try:
        found = (folder / FILE).stat()
    except OSError:
        return Key(None, 0)
    stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
    if _cached is None or _cached[0] != stamp:
        note = read_note(folder)
        is_ours = isinstance(note, Note) and note.place == place_of(folder)
        _cached = (stamp, Key(note.installation, note.head) if isinstance(note, Note) and is_ours else Key(_NOBODY, 0))
    return _cached[1]


def read_note(folder: Path) -> Note | Damaged | None:
    """Return the guard file of a folder, None when there is none."""
    try:
        raw = (folder / FILE).read_bytes()[:10_000]
    except FileNotFoundError:
        return None
    except OSError:
        return Damaged()
    try:
        found = json.loads(raw)
        return Note(UUID(found["installation"]), int(found["head"]), str(found["place"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Damaged()


def write_note(folder: Path, note: Note) -> None:
    """Put the guard file in place, durably. Raises OSError."""
    words = {"installation": note.installation.hex, "head": note.head, "place": note.place}
    write_durably(folder / FILE, json.dumps(words) + "\n")


def place_of(folder: Path) -> str:
    """Return what a copy of the folder does not have: the number of a file in it, and the machine. Raises OSError.

    A copy of a whole disk has both.
    """
    anchor = folder / _ANCHOR
    with contextlib.suppress(FileExistsError):
        os.close(os.open(anchor, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        machine = _MACHINE_ID.read_text().strip()
    except OSError:  # a container has none
        machine = ""
    return f"{machine}:{anchor.stat().st_ino}"


def name_of(folder: Path | None) -> str:
    """Return what people know the folder by."""
    return f"{socket.gethostname()}:{folder or '(OUTREACH_JOURNAL_DIR is not set)'}"[:300]


@contextlib.contextmanager
def sole_watch(folder: Path) -> Iterator[None]:
    """Hold the folder's lock while the block lasts: of two ticks one writes the file after the other."""
    fd = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
