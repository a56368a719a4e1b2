"""Turn a workbook or a ZIP archive into plain text, as a program of its own: `python -m ...unpack FILE`.

Runs in a process that may use little memory and little time, knows no secrets and has no database: a hostile
file can end this process and nothing else. Writes records to standard output, each a letter, the length of
what follows in four bytes, and that (see Record).
"""

from __future__ import annotations

import csv
import io
import os
import resource
import signal
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from campaigns.contacts.core.archive import check_parts, is_workbook, only_table, opened, pieces_of
from campaigns.contacts.core.cells import Merges, text_of
from campaigns.contacts.errors import BadFile

# Of addresses: 1,000,000 rows x 8 columns take 520 to 850 MB, by how many of their texts are the same.
MEMORY_LIMIT_BYTES = 1_280 * 1024 * 1024
CPU_LIMIT_S = 90
WALL_LIMIT_S = 180
SHEETS_LIMIT = 50
COLUMNS_SHOWN = 501  # one more than can be imported, so that the reader says so
_ROWS_AT_ONCE = 2_000
PACKED = b"PK\x03\x04"  # how every ZIP archive that holds something begins


class Record(StrEnum):
    """What a record says."""

    MEMBER = "M"  # the name of the file inside the archive
    SHEET = "S"  # a sheet begins: its name
    DATA = "D"  # bytes of the sheet, or of the text file
    ROWS = "R"  # the sheet has ended: how many of its rows have something in them, in decimal
    PROBLEM = "P"  # why there is nothing more, in words for the person
    END = "E"  # everything was said


def main() -> None:
    """Unpack the file named by the only argument."""
    _limit_self()
    path = sys.argv[1]
    try:
        _unpack(path, may_nest=True)
    except BadFile as error:
        _say(Record.PROBLEM, str(error))
    except MemoryError:
        os._exit(1)  # nothing more can be said in words: the parent has them
    else:
        _say(Record.END)


def _limit_self() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(WALL_LIMIT_S)  # also when the parent is gone and nobody waits


def _unpack(path: str, *, may_nest: bool) -> None:
    with opened(path, Path(path).stat().st_size) as archive:
        if is_workbook(archive):
            check_parts(archive)
            _tell_workbook(path)
            return
        if not may_nest:
            raise BadFile("The ZIP archive holds another archive. Unpack it and import the table inside.")
        table = only_table(archive)
        _say(Record.MEMBER, table.filename)
        _tell_member(archive, table)


def _tell_member(archive: zipfile.ZipFile, table: zipfile.ZipInfo) -> None:
    pieces = pieces_of(archive, table)
    first = next(pieces, b"")
    if not first.startswith(PACKED):
        _say(Record.DATA, first)
        for piece in pieces:
            _say(Record.DATA, piece)
        return
    with tempfile.TemporaryFile() as inner:  # without a name: nothing is left when a limit ends this process
        inner.write(first)
        for piece in pieces:
            inner.write(piece)
        inner.flush()
        _unpack(f"/dev/fd/{inner.fileno()}", may_nest=False)


def _tell_workbook(path: str) -> None:
    """Say each visible sheet that has rows."""
    told = 0
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            for at, meta in enumerate(workbook.sheets_metadata):
                if meta.typ != SheetTypeEnum.WorkSheet or meta.visible != SheetVisibleEnum.Visible:
                    continue
                try:
                    told += _tell_sheet(workbook.get_sheet_by_index(at))
                except CalamineError as error:
                    raise BadFile(
                        f"The sheet “{meta.name}” cannot be read: {error}. Save the workbook again."
                    ) from error
                if told == SHEETS_LIMIT:
                    break
    except CalamineError as error:
        raise BadFile(f"The workbook cannot be read: {error}. Open it, save it again, and import that file.") from error
    if not told:
        raise BadFile("No visible sheet of the workbook has a value in it.")


def _tell_sheet(sheet: CalamineSheet) -> bool:
    """Say the sheet as CSV, one line for each of its rows, so that line and row numbers are the same."""
    if sheet.start is None:
        return False
    _say(Record.SHEET, sheet.name)
    merges = Merges(sheet.merged_cell_ranges or [], sheet.start[1])
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    filled = 0
    for number, row in enumerate(sheet.iter_rows()):
        cells = [text_of(value) for value in row[:COLUMNS_SHOWN]]
        merges.fill(number, cells)
        if any(cells):
            filled += 1
            writer.writerow(cells)
        else:
            buffer.write("\n")
        if number % _ROWS_AT_ONCE == 0:
            _say(Record.DATA, _taken(buffer))
    _say(Record.DATA, _taken(buffer))
    _say(Record.ROWS, str(filled))
    return True


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", "replace")


def _say(record: Record, payload: str | bytes = b"") -> None:
    content = payload.encode("utf-8", "replace") if isinstance(payload, str) else payload
    write_record(sys.stdout.buffer, record, content)
    sys.stdout.buffer.flush()


def write_record(stream: IO[bytes], record: Record, content: bytes) -> None:
    stream.write(record.value.encode() + len(content).to_bytes(4, "big"))
    stream.write(content)


def read_records(stream: IO[bytes]) -> Iterator[tuple[Record, bytes]]:
    """Yield what the program says, to its END or PROBLEM. Raises EOFError when it ended before its last word."""
    while True:
        head = stream.read(5)
        if len(head) < 5:
            raise EOFError
        record, length = Record(chr(head[0])), int.from_bytes(head[1:], "big")
        content = stream.read(length)
        if len(content) < length:
            raise EOFError
        yield record, content
        if record in {Record.END, Record.PROBLEM}:
            return


if __name__ == "__main__":
    main()
