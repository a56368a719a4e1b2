from __future__ import annotations

import pytest
from django.db.models import CharField

from campaigns.contacts.core.columns import Columns, checked_mapping, columns_of, guess_mapping
from campaigns.contacts.core.countries import parse_country
from campaigns.contacts.core.fields import TEXT_LIMITS, custom_name, is_custom_name
from campaigns.contacts.core.headings import field_for
from campaigns.contacts.core.table import Broken
from campaigns.contacts.errors import BadFile, BadMapping
from campaigns.contacts.models import Contact


def guessed(*rows: list[str]) -> dict[str, str]:
    columns = columns_of(rows)
    return guess_mapping(columns, rows[1:] if columns.has_header else rows)


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("  E-Mail  ", "email"), ("EMAIL_ADDRESS", "email"), ("Adresse e-mail", "email"), ("メール", "email"),
        ("Correo electrónico", "email"), ("Vorname", "first_name"), ("Prénom", "first_name"),
        ("First Name*", "first_name"), ("Nachname", "last_name"), ("Nom", "last_name"), ("фамилия", "last_name"),
        ("Firma", "company"), ("Société", "company"), ("Job-Title", "title"), ("Telefon", "phone"),
        ("Company website", "website"), ("Città", "city"), ("País", "country"), ("Zeitzone", "time_zone"),
        ("Full Name", "full_name"), ("Favourite colour", ""), ("", ""),
    ],
)  # fmt: skip
def test_usual_headings_are_known_in_many_languages(heading: str, field: str) -> None:
    assert field_for(heading) == field


def test_the_column_that_holds_addresses_is_found_without_a_telling_heading() -> None:
    assert (
        guessed(["Kontaktweg", "Wer"], ["ada@example.com", "Ada"], ["bob@example.com", "Bob"])["Kontaktweg"] == "email"
    )


def test_an_empty_email_column_loses_to_the_one_with_addresses() -> None:
    mapping = guessed(["email", "work"], ["", "ada@example.com"], ["", "bob@example.com"])
    assert mapping == {"email": "", "work": "email"}


def test_a_second_address_column_becomes_a_custom_field() -> None:
    mapping = guessed(["Email", "Private email"], ["a@x.com", "b@x.com"])
    assert mapping == {"Email": "email", "Private email": "fields.private_email"}


def test_a_file_without_header_gets_numbered_columns_and_loses_nobody() -> None:
    columns = columns_of([["Ada", "ada@example.com"], ["Bob", "bob@example.com"]])
    assert columns == Columns(("Column 1", "Column 2"), has_header=False)


def test_padded_repeated_and_empty_headings_become_unique_names() -> None:
    columns = columns_of([["  Email ", "Name", "name", "", "Name", "\u00a0"], ["a@x.com", "", "", "", "", ""]])
    assert columns.names == ("Email", "Name", "name (2)", "Column 4", "Name (3)", "Column 6")


def test_a_name_beside_a_first_name_is_the_family_name() -> None:
    mapping = guessed(["Vorname", "Name", "E-Mail"], ["Ada", "Lovelace", "ada@example.com"])
    assert mapping == {"Vorname": "first_name", "Name": "last_name", "E-Mail": "email"}


def test_a_full_name_beside_first_and_last_name_is_kept_as_a_field() -> None:
    mapping = guessed(["First name", "Last name", "Name", "email"], ["Ada", "L", "Ada L", "a@x.com"])
    assert mapping["Name"].startswith("fields.")


def test_columns_without_a_single_value_are_ignored() -> None:
    assert guessed(["email", "notes"], ["a@x.com", ""], ["b@x.com", "  "])["notes"] == ""


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "empty"),
        ([["email", "name"]], "a header and no rows"),
        ([Broken("A quotation mark is opened here and never closed.")], "first row cannot be read"),
        ([["x"] * 501, ["y"] * 501], "501 columns"),
    ],
)
def test_a_file_without_a_table_is_refused(rows: list[list[str] | Broken], words: str) -> None:
    with pytest.raises(BadFile, match=words):
        columns_of(rows)


COLUMNS = Columns(("email", "name", "note"), has_header=True)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"name": "first_name"}, "No column is mapped to the e-mail"),
        ({"email": "email", "name": "email"}, "both go to E-mail"),
        ({"email": "email", "name": "fields.x", "note": "fields.x"}, "both go to"),
        ({"email": "email", "other": "first_name"}, "no column called other"),
        ({"email": "email", "name": "fields.First Name"}, "cannot be the name"),
        ({"email": "email", "name": "fields.sender"}, "cannot be the name"),
        ({"email": "email", "name": "password"}, "cannot be the name"),
        ({"email": "email", "name": "full_name", "note": "first_name"}, "not both"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_with_its_cause(mapping: dict[str, str], words: str) -> None:
    with pytest.raises(BadMapping, match=words):
        checked_mapping(COLUMNS, mapping)


def test_columns_left_out_of_a_mapping_are_ignored() -> None:
    assert checked_mapping(COLUMNS, {"email": "email"}) == {"email": "email", "name": "", "note": ""}


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Büro Größe", "buro_grosse"), ("  Favourite-Colour! ", "favourite_colour"), ("2nd line", "n_2nd_line"),
        ("备注", "column_3"), ("sender", "sender_"), ("Email", "email_"), ("x" * 90, "x" * 40),
    ],
)  # fmt: skip
def test_custom_names_can_be_written_in_a_template(heading: str, name: str) -> None:
    assert custom_name(heading, 3) == name
    assert is_custom_name(name)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"), ("de", "DE"), ("Deutschland", "DE"), (" germany ", "DE"), ("DEU", "DE"), ("U.S.A.", "US"),
        ("United States", "US"), ("UK", "GB"), ("Great Britain", "GB"), ("Côte d'Ivoire", "CI"), ("España", "ES"),
        ("Mars", None), ("", None), ("D", None),
    ],
)  # fmt: skip
def test_countries_are_read_when_it_is_plain_which_is_meant(text: str, code: str | None) -> None:
    assert parse_country(text) == code


def test_the_sizes_of_the_core_are_those_of_the_table() -> None:
    for field, limit in TEXT_LIMITS.items():
        column = Contact._meta.get_field(field)
        assert isinstance(column, CharField)
        assert column.max_length == limit
