"""Lines above the table: found, shown, corrected, and never taken for people nor people for them."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.contacts import services
from campaigns.contacts.models import Contact, ContactImport
from campaigns.contacts.queries import preview
from tests.builders import make_member, make_workspace
from tests.campaigns.contacts.workbooks import Sheet, workbook

pytestmark = pytest.mark.django_db

TABLE = "email;name;city\nada@x.com;Ada;Bern\nbob@x.com;Bob;Rome\ncy@x.com;Cy;\n"


def upload(text: str) -> ContactImport:
    return services.store_upload(make_workspace(), "people.csv", [text.encode()])


@pytest.mark.parametrize(
    ("above", "skipped"),
    [
        ("", 0),
        ("Report of contacts\n", 1),
        ("Report of contacts, made 5.11.2026; by Ada\n", 1),
        ("Report of contacts\n\nAll regions, 2026\n", 3),
        ("Report of contacts;;\n;;\n", 2),
        ("sep=;\nReport of contacts;;\n", 2),
        ('"Report of\ncontacts";;\n', 2),
    ],
)
def test_titles_above_a_table_are_left_out_and_shown(above: str, skipped: int) -> None:
    row = upload(above + TABLE)
    assert (row.skip_lines, row.delimiter, row.columns) == (skipped, ";", ["email", "name", "city"])
    shown = preview(row)
    assert (shown.rows[0], shown.first_row) == (("ada@x.com", "Ada", "Bern"), skipped + 1)
    assert any("Report" in title for title in shown.titles) == ("Report" in above)
    services.confirm(row, row.mapping, None, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert (row.rows_read, row.rows_created) == (3, 3)


@pytest.mark.parametrize(
    "text",
    [
        "email\nada@x.com\nbob@x.com\n",
        "ada@x.com\nbob@x.com\n",
        "email;name;city;;\nada@x.com;Ada;Bern\nbob@x.com;Bob;Rome\n",  # the header is wider
        "email;;\nada@x.com;Ada;Bern\nbob@x.com;Bob;Rome\n",  # a header with gaps
        "ada@x.com;;\nbob@x.com;Bob;Rome\ncy@x.com;Cy;Rome\n",  # a person with gaps
        "email;name;city\n;;\nada@x.com;;\nbob@x.com;;\n",
    ],
)
def test_what_belongs_to_the_table_is_no_title(text: str) -> None:
    assert upload(text).skip_lines == 0


def test_where_the_table_begins_can_be_corrected() -> None:
    row = upload("Addresses;;\n" + TABLE)
    client, member = Client(), make_member(row.workspace)
    client.force_login(member.user)
    url, page = member.url("contacts:import_reading", row.pk), member.url("contacts:import_map", row.pk)
    assert "1 line above the table is left out" in client.get(page).text
    form = {"encoding": "utf-8", "delimiter": ";", "quote": '"'}
    client.post(url, form | {"skip": "2", "header": "no"})
    row.refresh_from_db()
    assert (row.skip_lines, row.has_header) == (2, False)
    client.post(url, form | {"skip": "2", "header": "yes"})
    row.refresh_from_db()
    assert (row.skip_lines, row.columns[0]) == (2, "ada@x.com")
    client.post(url, form | {"skip": ""})
    row.refresh_from_db()
    assert (row.skip_lines, row.columns) == (1, ["email", "name", "city"])


def test_titles_of_a_sheet_are_left_out_by_its_rows() -> None:
    table = [line.split(";") for line in TABLE.splitlines()]
    content = workbook(Sheet("People", [["Report of contacts"], [], *table]))
    row = services.store_upload(make_workspace(), "people.xlsx", [content])
    assert (row.columns, preview(row).titles) == (["email", "name", "city"], ("Report of contacts,,",))
    services.confirm(row, row.mapping, None, hint=False)
    services.run_import(row.pk)
    assert Contact.objects.count() == 3
