from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import date, datetime, time, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from campaigns.contacts import services
from campaigns.contacts.core.cells import Cell, Merges, text_of
from campaigns.contacts.core.unpack import Record, read_records
from campaigns.contacts.errors import BadFile
from campaigns.contacts.models import Contact, ContactImport
from campaigns.contacts.queries import preview
from campaigns.contacts.services import receiving
from campaigns.contacts.services.uploads import Wanted
from outreach.accounts.roles import Role
from tests.builders import make_member, make_workspace
from tests.campaigns.contacts.workbooks import CLOCK, ELAPSED, MOMENT, Sheet, number, workbook, zipped

PEOPLE = Sheet("People", [("email", "first name"), ("ada@x.com", "Ada"), ("nope", "Bob")])
MORE = Sheet("More", [(), ("Mail", "city"), ("cy@x.com", "Rome"), (), ("di@x.com", "Bonn")])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (-3.0, "-3"), (1.5, "1.5"), (0.1 + 0.2, "0.3"), (4915112345678.0, "4915112345678"),
        (1e21, "1000000000000000000000"), (1.5e-9, "0.0000000015"), (1e15 + 0.5, "1000000000000000"), (0.0, "0"),
        (float("inf"), ""), (float("nan"), ""), (7, "7"), (True, "TRUE"), (False, "FALSE"),
        (date(2026, 1, 31), "2026-01-31"), (datetime.combine(date(2026, 1, 31), time(14, 5)), "2026-01-31 14:05"),
        (datetime.combine(date(2026, 1, 31), time(14, 5, 9)), "2026-01-31 14:05:09"), (time(8, 30), "08:30"),
        (timedelta(hours=26, minutes=5), "26:05:00"), (timedelta(seconds=-90), "-0:01:30"),
        ("007", "007"), ("+49 151", "+49 151"), ("one\r\ntwo", "one  two"),
    ],
)  # fmt: skip
def test_a_cell_is_the_text_that_a_person_expects(value: Cell, text: str) -> None:
    assert text_of(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_a_number_keeps_its_15_digits_and_has_no_exponent(value: float) -> None:
    text = text_of(value)
    assert "e" not in text.lower()
    assert float(text) == pytest.approx(value, rel=1e-14)


def test_a_merged_range_fills_downwards_and_leaves_blank_rows_blank() -> None:
    merges = Merges([((0, 3), (2, 4)), ((5, 2), (5, 9)), ((0, 0), (9, 0))], first_column=2)
    rows = [["a", "b", ""], ["x", "", ""], ["", "", ""], ["y", "", ""]]
    for at, cells in enumerate(rows):
        merges.fill(at, cells)
    assert rows == [["a", "b", ""], ["x", "b", ""], ["", "", ""], ["y", "", ""]]


@pytest.mark.django_db
def test_another_sheet_can_be_chosen_and_its_rows_keep_their_numbers() -> None:
    row = services.store_upload(make_workspace(), "fair.xlsx", [workbook(PEOPLE, Sheet("Cover", [("x",)]), MORE)])
    assert [(sheet["name"], sheet["rows"]) for sheet in row.sheets] == [("People", 3), ("Cover", 1), ("More", 3)]
    assert preview(row).sheet == "People"
    services.reread(row, Wanted(row.encoding), sheet=2)
    row.refresh_from_db()
    assert (preview(row).sheet, preview(row).first_row) == ("More", 2)
    assert row.mapping == {"Mail": "email", "city": "city"}
    with pytest.raises(BadFile, match="a header and no rows"):
        services.reread(row, Wanted(row.encoding), sheet=1)
    row.refresh_from_db()
    services.confirm(row, row.mapping, None, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert (row.rows_read, row.rows_created, row.bytes_read) == (2, 2, row.table_bytes)
    assert set(Contact.objects.values_list("email", "city")) == {("cy@x.com", "Rome"), ("di@x.com", "Bonn")}


@pytest.mark.django_db
def test_rejections_and_notes_name_rows_of_the_sheet() -> None:
    rows = [(), ("email", "time zone"), ("a@x.com", "Mars"), ("nope", ""), ("A@x.com", "")]
    row = services.store_upload(make_workspace(), "a.xlsx", [workbook(Sheet("S", rows))])
    services.confirm(row, row.mapping, None, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert list(row.rejected.order_by("line").values_list("line", "cause")) == [
        (4, "There is no @ in it."), (5, "Same address as row 3."),
    ]  # fmt: skip
    assert row.notes == ["Time zone is not known in 1 row (row 3, “Mars”); left empty there."]


@pytest.mark.django_db
def test_clocks_and_durations_of_a_sheet_are_told_as_it_shows_them() -> None:
    cells = (number("45000.25", MOMENT), number("0.25", CLOCK), number("1.25", ELAPSED))
    row = services.store_upload(
        make_workspace(), "a.xlsx", [workbook(Sheet("S", [("email", "a", "b", "c"), ("a@x.com", *cells)]))]
    )
    assert preview(row).rows[0] == ("a@x.com", "2023-03-15 06:00", "06:00", "30:00:00")


@pytest.mark.django_db
def test_an_archive_is_told_beside_the_file_in_it() -> None:
    row = services.store_upload(make_workspace(), "fair.zip", [zipped([("deep/leads.xlsx", workbook(PEOPLE))])])
    assert (row.filename, row.archive) == ("leads.xlsx", "fair.zip")


@pytest.mark.django_db
def test_a_packed_file_over_the_limit_is_refused_before_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "PACKED_LIMIT_BYTES", 100)
    with pytest.raises(BadFile, match="The packed file is larger than"):
        services.store_upload(make_workspace(), "a.xlsx", [workbook(PEOPLE)])


@pytest.mark.django_db
def test_a_long_sheet_spans_chunks_and_the_next_one_begins_its_own() -> None:
    rows = [("email", "note"), *((f"p{at}@x.com", "n" * 600) for at in range(3_000))]
    row = services.store_upload(make_workspace(), "a.xlsx", [workbook(Sheet("Long", rows), MORE)])
    long, more = row.sheets
    assert (long["first_chunk"], long["chunks"], more["first_chunk"], more["chunks"]) == (0, 2, 2, 1)
    services.confirm(row, row.mapping, None, hint=False)
    services.run_import(row.pk)
    assert Contact.objects.count() == 3_000


def test_the_unpacking_program_has_no_database_no_secrets_and_a_limit_of_memory() -> None:
    script = (
        "import os, resource, runpy, sys; sys.argv = ['unpack', '/dev/null'];"
        "runpy.run_module('campaigns.contacts.core.unpack', run_name='__main__');"
        "sys.stdout.flush(); print(resource.getrlimit(resource.RLIMIT_AS)[0] // 2**20, 'django' in sys.modules)"
    )
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment, check=True, timeout=60)
    stream = io.BytesIO(ended.stdout)
    assert [record for record, _ in read_records(stream)] == [Record.PROBLEM]
    assert stream.read().split() == [b"1280", b"False"]


def test_a_program_that_ends_in_the_middle_of_a_record_is_noticed() -> None:
    with pytest.raises(EOFError):
        list(read_records(io.BytesIO(b"D\0\0\0\x05abc")))


@pytest.mark.django_db
def test_the_page_offers_the_sheets_and_reads_the_chosen_one() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    client = Client()
    client.force_login(member.user)
    file = SimpleUploadedFile("fair.xlsx", workbook(PEOPLE, MORE))
    page = client.post(member.url("contacts:import"), {"file": file}, follow=True).text
    assert "Rows of the sheet “People”, row 1 on." in page
    row = ContactImport.objects.get()
    page = client.post(member.url("contacts:import_reading", row.pk), {"sheet": "1"}, follow=True).text
    assert "Rows of the sheet “More”, row 2 on." in page
    for nonsense in ("7", "-1", "x", "99999999999999999999", "²", "9" * 5_000):
        page = client.post(member.url("contacts:import_reading", row.pk), {"sheet": nonsense}, follow=True).text
        assert "Rows of the sheet" in page
    of_a_text = {"encoding": "utf-8", "sheet": "99"}
    page = client.post(member.url("contacts:import_reading", row.pk), of_a_text, follow=True).text
    assert "Rows of the sheet" in page


@pytest.mark.django_db(transaction=True)
def test_one_workbook_is_read_at_a_time_and_the_next_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.unpacking, "_LOCK_WAIT_MS", 50)
    workspace, other = make_workspace(), connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", services.unpacking._LOCK)
        with pytest.raises(BadFile, match="Another workbook is being read"):
            services.store_upload(workspace, "a.xlsx", [workbook(PEOPLE)])
    finally:
        other.close()
    assert services.store_upload(workspace, "a.xlsx", [workbook(PEOPLE)]).sheets
