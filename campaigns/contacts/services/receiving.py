"""Take a file in before anything is stored: what is packed is unpacked here, which may take minutes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath
from typing import IO

from campaigns.contacts.core.unpack import PACKED, Record, read_records
from campaigns.contacts.errors import BadFile
from campaigns.contacts.services import unpacking

PACKED_LIMIT_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that can be stored at the speed of the database; read once."""

    name: str
    pieces: Iterable[bytes] = ()  # of a text
    records: Iterable[tuple[Record, bytes]] | None = None  # of what was packed
    packed_bytes: int = 0


@contextmanager
def received(filename: str, pieces: Iterable[bytes]) -> Iterator[Upload]:
    """Yield the file, unpacked where it is a workbook (.xlsx), or a ZIP archive of one of them or of a text.

    pieces may have any size. No transaction should be open. Raises BadFile.
    """
    name = file_name(filename)
    head, pieces = _peeked(pieces)
    if not head.startswith(PACKED):
        yield Upload(name, pieces)
        return
    with tempfile.TemporaryFile() as told:
        with tempfile.TemporaryFile() as file:
            packed_bytes = _spool(pieces, file)
            unpacking.unpack(file, told)
        told.seek(0)
        yield Upload(name, records=read_records(told), packed_bytes=packed_bytes)


def file_name(path: str) -> str:
    """Return the last part of a path of any system, as it is kept and shown."""
    return PurePath(path.replace("\\", "/")).name.replace("\0", "")[-255:] or "contacts.csv"


def _peeked(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, as many as tell a packed file, and all pieces."""
    rest, head = iter(pieces), b""
    while len(head) < len(PACKED) and (piece := next(rest, None)) is not None:
        head += piece
    return head, chain([head], rest)


def _spool(pieces: Iterable[bytes], file: IO[bytes]) -> int:
    """Write the pieces to the file and return its size. Raises BadFile over the limit."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > PACKED_LIMIT_BYTES:
            raise BadFile(
                f"The packed file is larger than {PACKED_LIMIT_BYTES // 2**20} MB. Save the sheet as CSV, or split it."
            )
        file.write(piece)
    file.flush()
    return size
