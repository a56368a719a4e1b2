"""Write workbooks (.xlsx, ECMA-376) by hand, so that each test says what is in them, also what no program writes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HIDDEN = ' state="hidden"'
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Cell formats by their place: general, date, date and time, time, elapsed hours.
GENERAL, DATE, MOMENT, CLOCK, ELAPSED = range(5)
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="[h]:mm:ss"/></numFmts>'
    '<cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="21"/>'
    '<xf numFmtId="164"/></cellXfs></styleSheet>'
)


@dataclass(frozen=True)
class Raw:
    """A cell as XML: attributes behind its address, and what is inside."""

    attributes: str
    inside: str


def number(value: str, style: int = GENERAL) -> Raw:
    return Raw(f's="{style}"', f"<v>{value}</v>")


def formula(text: str, value: str) -> Raw:
    return Raw('t="str"', f"<f>{escape(text)}</f><v>{escape(value)}</v>")


@dataclass(frozen=True)
class Sheet:
    """A sheet: rows of texts and Raw cells from A1 on; None is no cell, an empty sequence no row."""

    name: str
    rows: Sequence[Sequence[str | Raw | None]]
    merged: Sequence[str] = ()
    is_hidden: bool = False
    top_left: tuple[int, int] = (1, 1)  # row and column of the first cell
    more: str = field(default="", kw_only=True)  # XML behind the cells


def workbook(*sheets: Sheet, parts: Iterable[tuple[str, str | bytes]] = ()) -> bytes:
    """Return the file; parts are added to it, or take the place of those that it has."""
    numbers = range(1, len(sheets) + 1)
    written: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        + "".join(
            f'<sheet name="{escape(sheet.name)}" sheetId="{at}"{_HIDDEN if sheet.is_hidden else ""} r:id="rId{at}"/>'
            for at, sheet in zip(numbers, sheets, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            [*(("worksheet", f"worksheets/sheet{at}.xml") for at in numbers), ("styles", "styles.xml")]
        ),
        "xl/styles.xml": _HEAD + _STYLES,
        **{f"xl/worksheets/sheet{at}.xml": _sheet_xml(sheet) for at, sheet in zip(numbers, sheets, strict=True)},
        **dict(parts),
    }
    return zipped(written.items())


def zipped(files: Iterable[tuple[str, str | bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


def column_name(at: int) -> str:
    """Return the letters of a column counted from 1: 1 -> A, 27 -> AA."""
    letters = ""
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def _sheet_xml(sheet: Sheet) -> str:
    row_at, column_at = sheet.top_left
    rows = "".join(
        f'<row r="{number}">{_cells(number, column_at, cells)}</row>'
        for number, cells in enumerate(sheet.rows, start=row_at)
        if cells
    )
    merged = "".join(f'<mergeCell ref="{area}"/>' for area in sheet.merged)
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>'
        f"{f'<mergeCells>{merged}</mergeCells>' if merged else ''}{sheet.more}</worksheet>"
    )


def _cells(row: int, column: int, cells: Sequence[str | Raw | None]) -> str:
    placed = enumerate(cells, start=column)
    return "".join(_cell(f"{column_name(at)}{row}", cell) for at, cell in placed if cell is not None)


def _cell(address: str, cell: str | Raw) -> str:
    if isinstance(cell, Raw):
        return f'<c r="{address}" {cell.attributes}>{cell.inside}</c>'
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
