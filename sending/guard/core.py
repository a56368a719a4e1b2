"""What a guard file and a database tell about each other: pure rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

# Whoever adopts goes so far ahead that no other guard file of the installation is ahead of the database.
AHEAD = 1000
# A stack that has raised the head so lately is alive: another one joins it instead of taking its place.
ALIVE = timedelta(seconds=60)


class Kind(StrEnum):
    """Why a stack sends nothing."""

    BEHIND = "behind"  # the database is older than the file: a backup was put back
    NO_ROW = "no_row"  # the file belongs to an installation, and the database to none
    FOREIGN = "foreign"  # file and database belong to different installations
    MOVED = "moved"  # the file was copied here: another stack may send from the original
    NO_FILE = "no_file"  # the database belongs to an installation that this stack has no file of
    DAMAGED = "damaged"  # the file cannot be read, or its folder not be written
    JOURNAL = "journal"  # the couriers' journal cannot be written


@dataclass(frozen=True, slots=True)
class Note:
    """A guard file: whose it is, how far the installation had come, and in which folder it was written."""

    installation: UUID
    head: int
    place: str


@dataclass(frozen=True, slots=True)
class Row:
    """The database's side of it."""

    installation: UUID
    head: int


class Damaged:
    """A guard file that cannot be read."""


def judge(  # one for each answer
    note: Note | Damaged | None, row: Row | None, *, place: str
) -> Kind | None:
    """Return why nothing may be sent; None when all is well, or nothing was ever sent.

    place: of the folder that the note was read from. A head of 0 is that of an installation that has sent nothing.
    """
    if isinstance(note, Damaged):
        return Kind.DAMAGED
    if note is not None and note.head == 0 and (row is None or row.installation != note.installation):
        note = None  # of a first tick that did not come to its end
    if note is None:
        return Kind.NO_FILE if row is not None and row.head else None
    if row is None:
        return Kind.NO_ROW
    if note.installation != row.installation:
        return Kind.FOREIGN
    if row.head < note.head:
        return Kind.BEHIND
    return Kind.MOVED if note.place != place else None
