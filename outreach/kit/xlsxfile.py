"""Write rows as an Excel workbook (ECMA-376, transitional) that leaves piece by piece while it is made.

The usual libraries write to a file that can be sought in and give nothing away before the last row; this one needs no
disk and the memory of a few rows. Every text is an inline string, which no program computes: a formula stays a text.
The sizes of the parts stand behind them (APPNOTE 4.4.4, bit 3), as in any ZIP file that is streamed.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from zipfile import ZIP_DEFLATED, ZipFile

SHEET_ROWS = 1_048_576  # of one sheet, the header among them
CELL_LIMIT = 32_767  # characters
_SHEET_SIZE = 1_500_000_000  # characters of a part: ZIP without its 64-bit form ends at 2 GiB, and Excel warns of that
_PIECE = 128 * 1024  # bytes given away at once
_ROWS_AT_ONCE = 200

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Whatever is named nowhere else is a sheet, so that the list of types can stand in front of them all.
_CONTENT_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/></Types>'
)
_RELATIONS = f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{{}}</Relationships>'
_RELATION = f'<Relationship Id="rId{{number}}" Type="{_OFFICE}/{{kind}}" Target="{{target}}"/>'
_WORKBOOK = f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{{}}</sheets></workbook>'
_HEAD = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    "</sheetView></sheetViews><sheetData>"
)
_TAIL = "</sheetData></worksheet>"
# What XML cannot carry; a carriage return would come back as a line feed.
_ESCAPES = {
    **{code: "\ufffd" for code in (*range(32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)) if chr(code) not in "\t\n\r"},
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("\r"): "_x000D_",
}
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class _Pipe:
    """Where the archive is written: it holds what was not given away yet, and cannot be sought in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self.size += len(piece)
        return len(piece)

    def flush(self) -> None:
        """There is nothing behind it."""

    def taken(self) -> bytes:
        whole = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return whole


def xlsx_pieces(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield a workbook in pieces: a sheet with the header on top, and another one where the rows are too many for it.

    Numbers are numbers, everything else is a text; nothing is a formula.
    """
    pipe, left, sheets = _Pipe(), iter(rows), 0
    with ZipFile(pipe, "w", ZIP_DEFLATED, compresslevel=1) as archive:  # type: ignore[call-overload]  # it only writes
        archive.writestr("[Content_Types].xml", _CONTENT_TYPES)
        archive.writestr("_rels/.rels", _relations(("officeDocument", "xl/workbook.xml")))
        has_more = True
        while has_more:
            sheets += 1
            has_more = yield from _sheet(archive, pipe, f"xl/worksheets/sheet{sheets}.xml", header, left)
        names = "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="rId{n}"/>' for n in range(1, sheets + 1))
        archive.writestr("xl/workbook.xml", _WORKBOOK.format(names))
        targets = (("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, sheets + 1))
        archive.writestr("xl/_rels/workbook.xml.rels", _relations(*targets))
    yield pipe.taken()


def _sheet(
    archive: ZipFile, pipe: _Pipe, name: str, header: Sequence[str], rows: Iterator[Sequence[object]]
) -> Generator[bytes, None, bool]:
    """Write a sheet and yield what is ready; returns whether rows are left for another one."""
    written, room = 0, SHEET_ROWS - 1
    with archive.open(name, "w") as part:
        part.write((_HEAD + _row(header)).encode())
        while room and written < _SHEET_SIZE:
            some = [_row(row) for row in islice(rows, min(room, _ROWS_AT_ONCE))]
            text = "".join(some)
            part.write(text.encode())
            written += len(text)
            room -= len(some)
            if pipe.size > _PIECE:
                yield pipe.taken()
            if len(some) < _ROWS_AT_ONCE and room:
                break
        part.write(_TAIL.encode())
    return not room or written >= _SHEET_SIZE


def _row(cells: Iterable[object]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(value: object) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"<c><v>{value}</v></c>"
    text = str(value)[:CELL_LIMIT]
    if "_x" in text:
        text = _LOOKS_ESCAPED.sub("_x005F_", text)
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text.translate(_ESCAPES)}</t></is></c>'


def _relations(*targets: tuple[str, str]) -> str:
    return _RELATIONS.format(
        "".join(_RELATION.format(number=n, kind=kind, target=target) for n, (kind, target) in enumerate(targets, 1))
    )
