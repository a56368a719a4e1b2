from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.contacts.core.columns import Columns
from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.core.kinds import Typed
from campaigns.contacts.core.rows import Rejected, RowReader, note_words, original_of, split_name
from campaigns.contacts.core.table import Broken
from campaigns.contacts.core.typed import Style
from outreach.kit.csvfile import guarded, unguarded

HEADER = ("email", "first", "company", "country", "zone", "note")
MAPPING = {
    "email": "email", "first": "first_name", "company": "company", "country": "country", "zone": "time_zone",
    "note": "fields.note",
}  # fmt: skip


def reader() -> RowReader:
    return RowReader(Columns(HEADER, has_header=True), MAPPING)


def read(*cells: str) -> dict[str, str]:
    one = reader()
    values = one.read(2, list(cells))
    assert isinstance(values, list), values
    return dict(zip(one.columns, values, strict=True))


def refused(*cells: str) -> str:
    outcome = reader().read(2, list(cells))
    assert isinstance(outcome, Rejected)
    return outcome.cause


def test_a_row_becomes_the_values_of_a_contact() -> None:
    assert read(" Ada@Example.com ", " Ada ", "Analytical Ltd", "Germany", "europe/berlin", "met in Bern") == {
        "email": "Ada@Example.com",
        "email_key": "ada@example.com",
        "domain": "example.com",
        "first_name": "Ada",
        "company": "Analytical Ltd",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "fields": '{"note": "met in Bern"}',
    }


def test_a_zone_by_a_usual_name_is_kept_by_its_own() -> None:
    assert read("a@x.com", "", "", "", "Eastern Time", "")["time_zone"] == "America/New_York"


@pytest.mark.parametrize(
    ("word", "kind"),
    [("Ltd.", "companies"), ("L.L.P.", "companies"), ("corporate", "companies"), ("Sole Trader", "individuals"),
     ("partnership", "individuals"), ("INDIVIDUALS", "individuals"), ("maybe", ""), ("", "")],
)  # fmt: skip
def test_a_word_says_whether_somebody_is_a_company_to_the_law(word: str, kind: str) -> None:
    one = RowReader(Columns(("email", "form"), has_header=True), {"email": "email", "form": "subscriber_kind"})
    values = one.read(2, ["a@x.com", word])
    assert isinstance(values, list)
    assert values[one.columns.index("subscriber_kind")] == kind
    assert [note_words(note) for note in one.notes] == (
        ["Company or individual is not known in 1 row (line 2, “maybe”); left empty there."] if word == "maybe" else []
    )


def test_a_short_and_a_long_row_are_rejected_each_with_its_width() -> None:
    assert "The row has 3 cells, the first row has 6" in refused("a@x.com", "Ada", "Ltd")
    assert "The row has 9 cells, the first row has 6" in refused("a@x.com", "Ada", "", "", "", "", "7", "8", "9")


def test_empty_cells_behind_the_last_column_do_no_harm() -> None:
    assert read("a@x.com", "Ada", "", "", "", "", "", "  ")["first_name"] == "Ada"


def test_a_row_without_a_usable_address_is_rejected_with_the_cause() -> None:
    assert refused("", "Ada", "", "", "", "") == "There is no e-mail address."
    assert "at most 64" in refused("a" * 400 + "@example.com", "", "", "", "", "")


def test_a_broken_row_is_rejected_with_its_cause() -> None:
    assert reader().read(7, Broken("A quotation mark ...")) == Rejected("A quotation mark ...")


def test_a_bad_zone_and_country_keep_the_contact_and_are_told() -> None:
    one = reader()
    for line in range(2, 14):
        assert isinstance(one.read(line, [f"p{line}@x.com", "", "", "Atlantis", "Mars/Base", ""]), list)
    assert [note_words(note) for note in one.notes] == [
        "Country is not known in 12 rows (first: line 2, “Atlantis”); left empty there.",
        "Time zone is not known in 12 rows (first: line 2, “Mars/Base”); left empty there.",
    ]


def test_a_value_too_long_or_damaged_is_left_empty_and_told() -> None:
    one = reader()
    values = one.read(2, ["a@x.com", "x" * 121, "M\ufffdller", "", "", "n" * 10_001])
    assert isinstance(values, list)
    assert dict(zip(one.columns, values, strict=True))["first_name"] == ""
    assert {note.field for note in one.notes} == {"first_name", "company", "fields.note"}


def test_line_breaks_and_hidden_characters_do_not_reach_a_value() -> None:
    values = read("a@x.com", "Ada\r\nBcc: x@y.z", "A\u200bB\u00a0C\x00D", "", "", "one\ntwo\tthree")
    assert values["first_name"] == "Ada Bcc: x@y.z"
    assert values["company"] == "AB\u00a0C D"
    assert json.loads(values["fields"]) == {"note": "one two three"}


def test_marks_that_turn_the_direction_of_writing_do_not_reach_a_value() -> None:
    values = read("a@x.com", "\u202eadA\u2066", "\u2067\u05e9\u05dc\u05d5\u05dd\u2069\u061c", "", "", "\u2068one")
    assert (values["first_name"], values["company"]) == ("adA", "\u05e9\u05dc\u05d5\u05dd")
    assert json.loads(values["fields"]) == {"note": "one"}


def test_the_guard_that_our_exports_put_before_formulas_is_taken_off_again() -> None:
    values = read("a@x.com", "'=1+1", "'+49 30", "", "", "'tis")
    assert (values["first_name"], values["company"]) == ("=1+1", "+49 30")
    assert json.loads(values["fields"]) == {"note": "'tis"}


@given(st.text("';=+-@\uff1d#a 1", max_size=6).map(str.strip))
def test_what_an_export_writes_is_read_back_as_it_was(value: str) -> None:
    assert unguarded(guarded(value)) == value
    assert read("a@x.com", "", guarded(value), "", "", "")["company"] == value


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ada Lovelace", ("Ada", "Lovelace")), ("Ada King Lovelace", ("Ada", "King Lovelace")),
        ("Lovelace, Ada", ("Ada", "Lovelace")), ("Ada", ("Ada", "")), ("", ("", "")),
    ],
)  # fmt: skip
def test_a_full_name_is_split_in_two(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


def test_a_full_name_column_fills_both_names() -> None:
    one = RowReader(Columns(("email", "name"), has_header=True), {"email": "email", "name": "full_name"})
    values = one.read(2, ["ada@x.com", "Lovelace, Ada"])
    assert isinstance(values, list)
    assert dict(zip(one.columns, values, strict=True))["first_name"] == "Ada"


def test_the_original_of_a_rejected_row_is_kept_short_and_storable() -> None:
    assert original_of("a,\0b\r\n") == "a,\ufffdb"
    assert original_of("x" * 5_000).endswith("… (5,000 characters)")


@given(st.lists(st.lists(st.text(max_size=30), max_size=9), max_size=30))
def test_every_row_is_values_without_control_characters_or_a_cause(rows: list[list[str]]) -> None:
    one = reader()
    for line, cells in enumerate(rows, start=2):
        outcome = one.read(line, list(cells))
        if isinstance(outcome, Rejected):
            assert outcome.cause
            continue
        assert len(outcome) == len(one.columns)
        assert all(value.isascii() or "\ufffd" not in value for value in outcome)
        assert not any(character < " " for value in outcome for character in value)
        json.loads(outcome[-1])


def test_a_typed_field_is_kept_in_one_form_and_what_does_not_fit_is_left_empty_and_told() -> None:
    kinds = {
        "size": Typed(FieldKind.NUMBER), "met": Typed(FieldKind.DATE, Style.DAY_FIRST), "vip": Typed(FieldKind.YES_NO),
    }  # fmt: skip
    mapping = {"email": "email", "size": "fields.size", "met": "fields.met", "vip": "fields.vip", "note": "fields.note"}
    one = RowReader(Columns(tuple(mapping), has_header=True), mapping, kinds)
    rows = [
        ["a@x.com", "1.234,50", "5/11/2026", "Ja", "1.234,50"],
        ["b@x.com", "1.234", "11/13/2026", "perhaps", ""],
        ["c@x.com", "", "", "", ""],
        ["d@x.com", "many", "#N/A", "", ""],
    ]
    outcomes = [one.read(line, cells) for line, cells in enumerate(rows, start=2)]
    assert [json.loads(values[-1]) for values in outcomes if isinstance(values, list)] == [
        {"size": "1234.5", "met": "2026-11-05", "vip": "yes", "note": "1.234,50"}, {}, {}, {},
    ]  # fmt: skip
    assert {note_words(note) for note in one.notes} == {
        "Field “size” could be two different numbers in 1 row (line 3, “1.234”); left empty there.",
        "Field “met” is not a date in the way of its column in 1 row (line 3, “11/13/2026”); left empty there.",
        "Field “vip” is neither yes nor no in 1 row (line 3, “perhaps”); left empty there.",
        "Field “size” is not a number in 1 row (line 5, “many”); left empty there.",
        "Field “met” holds the error of a formula in 1 row (line 5, “#N/A”); left empty there.",
    }


@pytest.mark.parametrize("name", ["DR. ADA KING LOVELACE", "KING LOVELACE, ADA (CEO)"])
def test_a_full_name_is_tidied_before_and_after_it_is_split(name: str) -> None:
    mapping = {"email": "email", "name": "full_name"}
    one = RowReader(Columns(("email", "name"), has_header=True), mapping, tidies_names=True)
    values = one.read(2, ["a@x.com", name])
    assert isinstance(values, list)
    assert values[3:5] == ["Ada", "King Lovelace"]
