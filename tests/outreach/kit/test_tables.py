"""Files that leave while they are made: every text comes back, nothing is a formula, memory is bounded."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from outreach.kit import xlsxfile
from outreach.kit.downloads import download
from outreach.kit.xlsxfile import xlsx_pieces


def read_back(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[list[list[Any]]]:
    """Return the sheets as another program reads them."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(xlsx_pieces(header, rows))))
    return [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]


@settings(max_examples=60)
@given(st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=2), max_size=5))
def test_texts_come_back_as_they_were(rows: list[list[str]]) -> None:
    def kept(text: str) -> str:
        bad = {*map(chr, range(32)), "\ufffe", "\uffff"} - set("\t\n\r")
        return "".join("\ufffd" if one in bad or 0xD800 <= ord(one) < 0xE000 else one for one in text)

    (sheet,) = read_back(["a", "b"], rows)
    assert sheet[0] == ["a", "b"]
    found = [[str(cell) for cell in row] + [""] * (2 - len(row)) for row in sheet[1:]]
    wanted = [[kept(cell) for cell in row] for row in rows]
    while wanted and wanted[-1] == ["", ""]:
        wanted.pop()  # rows without a value at the end are none
    assert found[: len(wanted)] == wanted


def test_numbers_are_numbers_and_what_looks_like_a_formula_is_a_text() -> None:
    nasty = ["=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "_x0041_", "<b>&"]
    (sheet,) = read_back(["n", "text"], [(number, text) for number, text in enumerate(nasty, 1)])
    assert [row[1] for row in sheet[1:]] == nasty
    assert [row[0] for row in sheet[1:]] == [float(n) for n in range(1, 9)]
    (sheet,) = read_back(["n"], [[Decimal("1.5")], [None], ["x" * 40_000]])
    assert [sheet[1][0], len(str(sheet[3][0]))] == [1.5, xlsxfile.CELL_LIMIT]
    with zipfile.ZipFile(io.BytesIO(b"".join(xlsx_pieces(["a"], [[one] for one in nasty])))) as archive:
        assert archive.testzip() is None
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("rows", [0, 4, 5, 10, 11])
def test_what_is_too_much_for_a_sheet_goes_on_in_the_next(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsxfile, "SHEET_ROWS", 6)
    sheets = read_back(["n"], [[n] for n in range(rows)])
    assert all(sheet[0] == ["n"] for sheet in sheets)
    assert [row[0] for sheet in sheets for row in sheet[1:]] == [float(n) for n in range(rows)]
    assert all(len(sheet) <= 6 for sheet in sheets)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_file_begins_to_leave_before_its_last_row_is_read(ending: str) -> None:
    read = 0

    def rows() -> Iterator[list[str]]:
        nonlocal read
        for number in range(60_000):
            read += 1
            yield [f"{number * 7_919 % 60_000} {number}", "text"]

    request = RequestFactory().get("/", {"format": ending})
    response = download(request, "people", ["a", "b"], rows())
    assert response["Content-Disposition"] == f'attachment; filename="people.{ending}"'
    next(iter(response))
    assert read < 30_000
