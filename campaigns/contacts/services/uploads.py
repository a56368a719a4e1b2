"""Take a file in: stream it into the database, find out how it is written, refuse what is no table."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath

from django.db import connection, transaction

from campaigns.contacts.core.columns import Columns, columns_of, guess_mapping
from campaigns.contacts.core.dialect import Dialect, detect_dialect
from campaigns.contacts.core.encoding import LABELS, EncodingProbe
from campaigns.contacts.core.fields import EMAIL
from campaigns.contacts.core.table import Broken, Table
from campaigns.contacts.errors import BadFile
from campaigns.contacts.models import ContactImport, ImportChunk
from outreach.accounts.models import User, Workspace

SIZE_LIMIT_BYTES = 200 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_HEAD_BYTES = 256 * 1024  # of the first chunk: what the guesses are made from
_HEAD_ROWS = 200
READING_FIELDS = (
    "encoding",
    "delimiter",
    "quote",
    "escape",
    "skip_lines",
    "has_header",
    "columns",
    "mapping",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the beginning of a file reads."""

    encoding: str
    dialect: Dialect
    columns: Columns
    rows: list[list[str]]  # below the header, those that can be read
    mapping: dict[str, str]


@transaction.atomic
def store_upload(
    workspace: Workspace, filename: str, pieces: Iterable[bytes], *, by: User | None = None
) -> ContactImport:
    """Store the file and return its import in state UPLOADED, with guessed dialect, columns and mapping.

    pieces may have any size. Raises BadFile, and then nothing is kept.
    """
    name = PurePath(filename.replace("\\", "/")).name.replace("\0", "")[-255:] or "contacts.csv"
    row = ContactImport.objects.create(workspace=workspace, created_by=by, filename=name, size_bytes=0)
    probe = EncodingProbe()
    row.size_bytes = _store(row.pk, pieces, probe)
    if row.size_bytes == 0:
        raise BadFile("The file is empty.")
    note_reading(row, read_head(row, encoding=probe.found()))
    row.save(update_fields=["size_bytes", *READING_FIELDS])
    return row


def read_head(row: ContactImport, *, encoding: str, delimiter: str = "") -> Reading:
    """Read the beginning of a stored file; a given delimiter is not guessed. Raises BadFile."""
    content = bytes(ImportChunk.objects.values_list("content", flat=True).get(contact_import=row, number=0))
    head = content[:_HEAD_BYTES]
    is_whole = len(head) == row.size_bytes
    try:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(head, final=is_whole)
    except UnicodeError as error:
        raise BadFile(f"The file is not written in {LABELS.get(encoding, encoding)}.") from error
    lines = list(io.StringIO(text, newline=""))
    if not is_whole and len(lines) > 1:
        lines.pop()  # cut off in the middle
    dialect = detect_dialect(lines, is_whole=is_whole, delimiters=delimiter)
    rows = [cells for _, cells in islice(Table(lines, dialect), _HEAD_ROWS)]
    columns = columns_of(rows)
    values = [cells for cells in rows[int(columns.has_header) :] if not isinstance(cells, Broken)]
    return Reading(encoding, dialect, columns, values, guess_mapping(columns, values))


def note_reading(row: ContactImport, reading: Reading) -> None:
    """Put the reading into the row's READING_FIELDS. Raises BadFile when no column holds addresses."""
    if EMAIL not in reading.mapping.values():
        found = ", ".join(reading.columns.names[:12])
        raise BadFile(f"No column holds e-mail addresses. The columns found are: {found}. Add one called “email”.")
    row.encoding = reading.encoding
    row.delimiter = reading.dialect.delimiter
    row.quote = reading.dialect.quote
    row.escape = reading.dialect.escape
    row.skip_lines = reading.dialect.skip_lines
    row.has_header = reading.columns.has_header
    row.columns = list(reading.columns.names)
    row.mapping = reading.mapping


def _store(import_id: int, pieces: Iterable[bytes], probe: EncodingProbe) -> int:
    """Write the file in chunks and show each to the probe; returns its size. Raises BadFile."""
    size = 0
    # Binary COPY: as a parameter the bytes would travel as hexadecimal text.
    statement = "COPY contacts_import_chunk (contact_import_id, number, content) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int8", "int4", "bytea"])
        for number, chunk in enumerate(_regrouped(pieces)):
            size += len(chunk)
            if size > SIZE_LIMIT_BYTES:
                raise BadFile(
                    f"The file is larger than {SIZE_LIMIT_BYTES // 2**20} MB. "
                    "Split it, or keep only the columns you need."
                )
            probe.feed(chunk)
            copy.write_row((import_id, number, chunk))
    return size


def _regrouped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in chunks of one size."""
    rest = bytearray()
    for piece in pieces:
        rest += piece
        while len(rest) >= _CHUNK_BYTES:
            yield bytes(rest[:_CHUNK_BYTES])
            del rest[:_CHUNK_BYTES]
    if rest:
        yield bytes(rest)
