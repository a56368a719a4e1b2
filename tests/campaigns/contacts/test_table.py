from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.contacts.core.dialect import Dialect, detect_dialect
from campaigns.contacts.core.table import ROW_LINES, Broken, Pieces, Table, open_text
from campaigns.contacts.errors import BadFile


def lines_of(text: str) -> list[str]:
    return list(io.StringIO(text, newline=""))


def detected(text: str) -> Dialect:
    return detect_dialect(lines_of(text), is_whole=True)


def rows_of(text: str, dialect: Dialect | None = None) -> list[tuple[int, list[str] | Broken]]:
    return list(Table(lines_of(text), dialect or detected(text)))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found(delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in [("email", "name", "city"), ("a@x.com", "Ada", "Paris")] * 5)
    assert detected(text).delimiter == delimiter


def test_commas_inside_values_do_not_hide_semicolons() -> None:
    text = "email;city;note\na@x.com;Paris, France;one, two\nb@x.com;Rome, Italy;three, four\n"
    assert detected(text).delimiter == ";"


def test_semicolons_inside_values_do_not_hide_commas() -> None:
    assert detected("email,tags\na@x.com,red;green\nb@x.com,blue;black\n").delimiter == ","


def test_excels_note_names_the_delimiter_and_is_no_row() -> None:
    dialect = detected("sep=;\nemail;name\na@x.com;Ada\n")
    assert (dialect.delimiter, dialect.skip_lines) == (";", 1)
    assert rows_of("sep=;\nemail;name\na@x.com;Ada\n") == [(2, ["email", "name"]), (3, ["a@x.com", "Ada"])]


def test_single_quotes_and_backslashes_are_found() -> None:
    assert detected("'email','name'\n'a@x.com','O''Brien, Pat'\n").quote == "'"
    assert detected('email,note\na@x.com,"say \\"hi\\", please"\nb@x.com,"a \\"b\\", c"\n').escape == "\\"


def test_an_apostrophe_at_the_start_of_names_is_no_quote() -> None:
    assert detected("email,name\na@x.com,'t Hooft\nb@x.com,'s Gravesande\nc@x.com,\"a, b\"\n").quote == '"'


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_unix_windows_and_mac_line_ends_give_the_same_rows(end: str) -> None:
    text = end.join(["email,name", "a@x.com,Ada", "b@x.com,Bob"]) + end
    assert rows_of(text) == [(1, ["email", "name"]), (2, ["a@x.com", "Ada"]), (3, ["b@x.com", "Bob"])]


def test_a_quoted_newline_belongs_to_its_cell_and_lines_are_still_counted() -> None:
    text = 'email,note\r\na@x.com,"one\r\ntwo"\r\nb@x.com,three\r\n'
    assert rows_of(text)[1:] == [(2, ["a@x.com", "one\r\ntwo"]), (4, ["b@x.com", "three"])]


def test_blank_rows_are_left_out_and_counted_as_lines() -> None:
    assert rows_of("email,name\n\n,\n ,\t\na@x.com,Ada\n") == [(1, ["email", "name"]), (5, ["a@x.com", "Ada"])]


def test_a_quote_that_is_never_closed_costs_one_line_and_swallows_nobody() -> None:
    text = 'email,note\na@x.com,"open\nb@x.com,fine\nc@x.com,"quoted"\nd@x.com,fine\n'
    rows = rows_of(text, Dialect())
    assert isinstance(rows[1][1], Broken)
    assert rows[2:] == [(3, ["b@x.com", "fine"]), (4, ["c@x.com", "quoted"]), (5, ["d@x.com", "fine"])]


def test_a_quote_left_open_to_the_end_of_a_long_file_costs_one_line() -> None:
    body = "".join(f"p{n}@x.com,fine\n" for n in range(ROW_LINES * 3))
    rows = rows_of('email,note\na@x.com,"open\n' + body, Dialect())
    assert isinstance(rows[1][1], Broken)
    assert len(rows) == 2 + ROW_LINES * 3
    assert rows[-1][0] == 2 + ROW_LINES * 3


def test_a_cell_of_ten_megabytes_is_one_broken_row() -> None:
    text = "email,note\na@x.com," + "x" * 10_000_000 + "\nb@x.com,fine\n"
    rows = rows_of(text, Dialect())
    assert isinstance(rows[1][1], Broken)
    assert "131,072" in rows[1][1].cause
    assert rows[2] == (3, ["b@x.com", "fine"])


def test_a_file_of_nothing_but_open_quotes_ends_with_a_named_problem() -> None:
    text = "email,note\n" + 'a@x.com,"open\n' * 3_000
    with pytest.raises(BadFile, match="do not pair up"):
        rows_of(text, Dialect())


def test_the_raw_text_of_a_row_is_at_hand() -> None:
    table = Table(lines_of('email,note\na@x.com,"one\ntwo"\n'), Dialect())
    assert [table.raw for _ in table] == ["email,note\n", 'a@x.com,"one\ntwo"\n']


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), max_size=20)


@settings(max_examples=200)
@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=5), min_size=1, max_size=20),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    piece=st.integers(1, 64),
)
def test_what_csv_writes_is_read_back_whatever_the_pieces(
    rows: list[list[str]], delimiter: str, end: str, piece: int
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    content = buffer.getvalue().encode()
    pieces = Pieces(content[start : start + piece] for start in range(0, len(content), piece))
    read = [cells for _, cells in Table(open_text(pieces, "utf-8"), Dialect(delimiter))]
    assert read == [row for row in rows if "".join(row).strip()]
    assert pieces.bytes_read == len(content)


@settings(max_examples=200)
@given(st.text(st.sampled_from('ab@.,;"\n\r\t '), max_size=200))
def test_no_line_is_lost_and_none_is_read_twice(text: str) -> None:
    lines = lines_of(text)
    table = Table(lines, Dialect())
    seen = []
    for line, _ in table:
        seen.append((line, table.raw))
    covered = {number for line, raw in seen for number in range(line, line + len(lines_of(raw)))}
    assert len(covered) == sum(len(lines_of(raw)) for _, raw in seen)
    for number, content in enumerate(lines, start=1):
        if number not in covered:
            assert not content.replace(",", "").replace('"', "").strip(), "only blank rows may be left out"
