"""The stored form of an upload: numbered chunks in the database, written by one COPY as the bytes come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection
from psycopg import Copy

from campaigns.contacts.core.encoding import EncodingProbe
from campaigns.contacts.core.sheets import Sheet
from campaigns.contacts.core.unpack import Record
from campaigns.contacts.errors import BadFile

SIZE_LIMIT_BYTES = 200 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


def refuse_large(size_bytes: int) -> None:
    """Raise BadFile for a text over the limit."""
    if size_bytes > SIZE_LIMIT_BYTES:
        raise BadFile(
            f"The file is larger than {SIZE_LIMIT_BYTES // 2**20} MB. Split it, or keep only the columns you need."
        )


@dataclass(slots=True)
class Stored:
    """What lies in the chunks: a text, or sheets one behind the other."""

    size_bytes: int = 0
    member: str = ""  # the name of the file inside an archive
    sheets: list[Sheet] = field(default_factory=list)


def store_text(import_id: int, pieces: Iterable[bytes], probe: EncodingProbe) -> Stored:
    """Write a text and show each chunk to the probe. Raises BadFile."""
    with _chunks(import_id, probe) as chunks:
        for piece in pieces:
            chunks.add(piece)
        chunks.cut()
    return Stored(chunks.size_bytes)


def store_unpacked(import_id: int, records: Iterable[tuple[Record, bytes]], probe: EncodingProbe) -> Stored:
    """Write what an archive held: the sheets of a workbook, or a text, shown to the probe. Raises BadFile."""
    stored, name, begin = Stored(), "", (0, 0)
    with _chunks(import_id, probe) as chunks:
        for record, content in records:
            if record == Record.MEMBER:
                stored.member = content.decode()
            elif record == Record.DATA:
                chunks.add(content)
            elif record == Record.SHEET:
                name, begin = content.decode(), (chunks.number, chunks.size_bytes)
                chunks.probe = None  # we know in which encoding sheets are written
            elif record == Record.ROWS:
                chunks.cut()
                first, before = begin
                stored.sheets.append(
                    Sheet(name, int(content), first, chunks.number - first, chunks.size_bytes - before)
                )
        chunks.cut()
    stored.size_bytes = chunks.size_bytes
    return stored


class _Chunks:
    """Regroups pieces to chunks of one size and writes them."""

    def __init__(self, import_id: int, copy: Copy, probe: EncodingProbe) -> None:
        self.number = 0  # of the next chunk
        self.size_bytes = 0  # written so far
        self.probe: EncodingProbe | None = probe
        self._import_id = import_id
        self._copy = copy
        self._rest = bytearray()

    def add(self, piece: bytes) -> None:
        self._rest += piece
        while len(self._rest) >= _CHUNK_BYTES:
            self._write(bytes(self._rest[:_CHUNK_BYTES]))
            del self._rest[:_CHUNK_BYTES]

    def cut(self) -> None:
        """End the chunk here: what comes next begins a new one."""
        if self._rest:
            self._write(bytes(self._rest))
            self._rest.clear()

    def _write(self, chunk: bytes) -> None:
        self.size_bytes += len(chunk)
        refuse_large(self.size_bytes)
        if self.probe is not None:
            self.probe.feed(chunk)
        self._copy.write_row((self._import_id, self.number, chunk))
        self.number += 1


@contextmanager
def _chunks(import_id: int, probe: EncodingProbe) -> Iterator[_Chunks]:
    # Binary COPY: as a parameter the bytes would travel as hexadecimal text.
    statement = "COPY contacts_import_chunk (contact_import_id, number, content) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int8", "int4", "bytea"])
        yield _Chunks(import_id, copy, probe)
