"""Take a file in: stream it into the database, find out how it is written, refuse what is no table."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from django.db import transaction

from campaigns.contacts.core import sheets
from campaigns.contacts.core.columns import Columns, columns_of, guess_mapping
from campaigns.contacts.core.dialect import Dialect, dialect_and_share
from campaigns.contacts.core.encoding import LABELS, EncodingProbe
from campaigns.contacts.core.fields import EMAIL
from campaigns.contacts.core.kinds import Typed, guess_kinds, typed_from
from campaigns.contacts.core.sheets import Sheet
from campaigns.contacts.core.table import Broken, Table
from campaigns.contacts.core.titles import below_titles
from campaigns.contacts.errors import BadFile
from campaigns.contacts.models import ContactImport, ImportChunk
from campaigns.contacts.queries.fields import known_kinds
from campaigns.contacts.services.chunks import store_text, store_unpacked
from campaigns.contacts.services.receiving import Upload, file_name, received
from campaigns.contacts.states import ImportPolicy, ImportState
from outreach.accounts.models import User, Workspace

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
    "kinds",
    "policy",
    "sheet",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a person wants a file to be read; what she leaves out is found out."""

    encoding: str
    delimiter: str = ""
    quote: str | None = None
    has_header: bool | None = None
    skip_lines: int | None = None  # before the table begins


@dataclass(frozen=True, slots=True)
class Reading:
    """How the beginning of a file reads."""

    encoding: str
    dialect: Dialect
    columns: Columns
    rows: list[list[str]]  # below the header, those that can be read
    mapping: dict[str, str]
    titles: tuple[str, ...]  # what stands above the table and is left out
    first_row: int  # where the first one begins, counted from 1: a line of the text, a row of the sheet


def store_upload(
    workspace: Workspace, filename: str, pieces: Iterable[bytes], *, by: User | None = None
) -> ContactImport:
    """Take the file in, however it is packed, and store it. Raises BadFile, and then nothing is kept."""
    with received(filename, pieces) as upload:
        return store_received(workspace, upload, by=by)


@transaction.atomic
def store_received(workspace: Workspace, upload: Upload, *, by: User | None = None) -> ContactImport:
    """Store the file and return its import in state UPLOADED, with guessed dialect, columns and mapping.

    Raises BadFile, and then nothing is kept.
    """
    row = ContactImport.objects.create(workspace=workspace, created_by=by, filename=upload.name, size_bytes=0)
    probe = EncodingProbe()
    if upload.records is None:
        stored = store_text(row.pk, upload.pieces, probe)
    else:
        stored = store_unpacked(row.pk, upload.records, probe)
    row.size_bytes = upload.packed_bytes if stored.sheets else stored.size_bytes
    if stored.size_bytes == 0:
        raise BadFile("The file is empty.")
    if stored.member:
        row.archive, row.filename = upload.name, file_name(stored.member)
    if stored.sheets:
        _choose_sheet(row, stored.sheets)
    else:
        row.sheets = []
        note_reading(row, read_head(row, Wanted(probe.found())))
    row.save(update_fields=["size_bytes", "filename", "archive", "sheets", *READING_FIELDS])
    return row


def read_head(row: ContactImport, wanted: Wanted) -> Reading:
    """Read the beginning of the text or of the chosen sheet, which is written in one way only. Raises BadFile."""
    encoding = wanted.encoding
    sheet = row.chosen_sheet
    number, size_bytes = (sheet.first_chunk, sheet.size_bytes) if sheet else (0, row.size_bytes)
    content = bytes(ImportChunk.objects.values_list("content", flat=True).get(contact_import=row, number=number))
    head = content[:_HEAD_BYTES]
    is_whole = len(head) == size_bytes
    try:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(head, final=is_whole)
    except UnicodeError as error:
        raise BadFile(f"The file is not written in {LABELS.get(encoding, encoding)}.") from error
    lines = list(io.StringIO(text, newline=""))
    if not is_whole and len(lines) > 1:
        lines.pop()  # cut off in the middle
    dialect = _dialect(lines, wanted, is_whole=is_whole, is_sheet=sheet is not None)
    numbered = list(islice(Table(lines, dialect), _HEAD_ROWS))
    rows = [cells for _, cells in numbered]
    columns = columns_of(rows, is_whole=is_whole, has_header=wanted.has_header)
    values = [cells for cells in rows[int(columns.has_header) :] if not isinstance(cells, Broken)]
    titles = tuple(line.strip() for line in lines[: dialect.skip_lines] if line.strip())
    return Reading(encoding, dialect, columns, values, guess_mapping(columns, values), titles, numbered[0][0])


def _dialect(lines: list[str], wanted: Wanted, *, is_whole: bool, is_sheet: bool) -> Dialect:
    """Find how the table is written and where it begins, as far as the person does not say it."""

    def detect(below: list[str]) -> tuple[Dialect, float]:
        return dialect_and_share(below, is_whole=is_whole, delimiters=wanted.delimiter, quote=wanted.quote)

    if wanted.skip_lines is None:
        return below_titles(lines, sheets.detect if is_sheet else detect)
    skipped = min(wanted.skip_lines, len(lines) - 1)
    dialect = sheets.DIALECT if is_sheet else detect(lines[skipped:])[0]
    return replace(dialect, skip_lines=skipped + dialect.skip_lines)


def note_reading(row: ContactImport, reading: Reading) -> None:
    """Put the reading into the row's READING_FIELDS, with the choices made for these columns before.

    Raises BadFile when no column holds addresses.
    """
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
    before = last_with_these_columns(row)
    row.mapping = before.mapping if before else reading.mapping
    row.policy = before.policy if before else ImportPolicy.OVERWRITE
    kinds = guessed_kinds(row, reading.rows)
    row.kinds = {name: _as_before(typed, before, name).code for name, typed in kinds.items()}


def guessed_kinds(row: ContactImport, rows: Sequence[list[str]]) -> dict[str, Typed]:
    """Return what the custom fields of the row's mapping seem to hold, judged by these rows below the header."""
    columns = Columns(tuple(row.columns), row.has_header)
    return guess_kinds(columns, row.mapping, rows, known_kinds(row.workspace_id), is_sheet=bool(row.sheets))


def last_with_these_columns(row: ContactImport) -> ContactImport | None:
    """Return the newest confirmed import of the workspace whose header has the same names, in whatever order."""
    if not row.has_header:
        return None
    return (
        ContactImport.objects.filter(
            workspace=row.workspace_id,
            state__in=[ImportState.QUEUED, ImportState.RUNNING, ImportState.DONE],
            has_header=True,
            columns__contains=row.columns,
            columns__contained_by=row.columns,
        )
        .order_by("-pk")
        .first()
    )


def _as_before(typed: Typed, before: ContactImport | None, name: str) -> Typed:
    """Return how the column was written in the import before, where its values do not say it this time."""
    code = before.kinds.get(name, "") if before and not typed.style else ""
    known = typed_from(code)
    return known if known and known.kind == typed.kind else typed


def _choose_sheet(row: ContactImport, found: Sequence[Sheet]) -> None:
    """Read the first sheet that makes sense as contacts. Raises BadFile, that of the first sheet, when none does."""
    row.sheets = [sheet.as_json() for sheet in found]
    problem: BadFile | None = None
    for at in range(len(found)):
        row.sheet = at
        try:
            note_reading(row, read_head(row, Wanted(sheets.ENCODING)))
        except BadFile as error:
            problem = problem or BadFile(f"Sheet “{found[at].name}”: {error}")
        else:
            return
    assert problem is not None
    raise problem
