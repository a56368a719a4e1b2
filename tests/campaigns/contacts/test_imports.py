from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.contacts import services
from campaigns.contacts.core.rows import Rejected, RowReader
from campaigns.contacts.core.table import Broken
from campaigns.contacts.errors import BadFile, BadMapping, IllegalMove
from campaigns.contacts.models import Contact, ContactImport, ContactList, ImportChunk, ListMember, RejectedRow
from campaigns.contacts.queries import preview
from campaigns.contacts.services import chunks, imports, reading, running
from campaigns.contacts.services.locks import running as held
from campaigns.contacts.services.locks import running_imports
from campaigns.contacts.services.staging import Stage, staged_imports
from campaigns.contacts.services.uploads import Wanted
from campaigns.contacts.states import ImportPolicy, ImportState, SuppressionReason
from outreach.accounts.models import Workspace
from outreach.kit import clock
from tests.builders import make_contact, make_list, make_workspace

pytestmark = pytest.mark.django_db


def upload(workspace: Workspace, text: str | bytes, *, encoding: str = "utf-8") -> ContactImport:
    content = text.encode(encoding) if isinstance(text, str) else text
    return services.store_upload(workspace, "leads.csv", [content[at : at + 7] for at in range(0, len(content), 7)])


def imported(
    workspace: Workspace,
    text: str | bytes,
    *,
    encoding: str = "utf-8",
    to: ContactList | None = None,
    policy: ImportPolicy = ImportPolicy.OVERWRITE,
) -> ContactImport:
    row = upload(workspace, text, encoding=encoding)
    row.policy = policy
    services.confirm(row, row.mapping, to, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    return row


def counts(row: ContactImport) -> tuple[int, int, int, int, int]:
    assert row.state == ImportState.DONE, row.problem
    return row.rows_read, row.rows_created, row.rows_updated, row.rows_unchanged, row.rows_rejected


def rejections(row: ContactImport) -> list[tuple[int, str]]:
    return list(row.rejected.order_by("line").values_list("line", "cause"))


def test_a_file_becomes_contacts_on_a_list() -> None:
    workspace = make_workspace()
    leads = make_list(workspace)
    row = imported(
        workspace,
        "E-Mail;Vorname;Firma;Land;Lieblingsfarbe\nAda@Example.com;Ada;Acme;Deutschland;blau\nbob@x.com;Bob;;;\n",
        to=leads,
    )
    assert counts(row) == (2, 2, 0, 0, 0)
    ada = Contact.objects.get(workspace=workspace, email_key="ada@example.com")
    assert (ada.email, ada.domain, ada.first_name, ada.company) == ("Ada@Example.com", "example.com", "Ada", "Acme")
    assert (ada.country, ada.fields, ada.origin_id) == ("DE", {"lieblingsfarbe": "blau"}, row.pk)
    assert leads.members.count() == 2


def test_importing_twice_changes_nothing() -> None:
    workspace = make_workspace()
    leads = make_list(workspace)
    text = "email,name,note\nada@x.com,Ada Lovelace,first\nbob@x.com,Bob Byte,second\n"
    imported(workspace, text, to=leads)
    before = list(Contact.objects.order_by("pk").values())
    assert counts(imported(workspace, text, to=leads)) == (2, 0, 0, 2, 0)
    assert list(Contact.objects.order_by("pk").values()) == before
    assert leads.members.count() == 2


def test_new_values_fill_and_replace_and_empty_cells_never_erase() -> None:
    workspace = make_workspace()
    make_contact(workspace, "ada@x.com", first_name="Ada", company="Old", fields={"a": "1", "b": "2"})
    row = imported(workspace, "email,first name,company,city,b,c\nADA@x.com,,New,Bern,3,4\n")
    assert counts(row) == (1, 0, 1, 0, 0)
    ada = Contact.objects.get()
    assert (ada.email, ada.first_name, ada.company, ada.city) == ("ada@x.com", "Ada", "New", "Bern")
    assert ada.fields == {"a": "1", "b": "3", "c": "4"}


KNOWN = "email,first name,company,city,b,c\nada@x.com,,New,Bern,3,4\nbob@x.com,Bob,,,,\n"


def test_filling_gaps_keeps_what_is_known() -> None:
    workspace = make_workspace()
    make_contact(workspace, "ada@x.com", first_name="Ada", company="Old", fields={"a": "1", "b": "2"})
    assert counts(imported(workspace, KNOWN, policy=ImportPolicy.FILL)) == (2, 1, 1, 0, 0)
    ada = Contact.objects.get(email="ada@x.com")
    assert (ada.first_name, ada.company, ada.city) == ("Ada", "Old", "Bern")
    assert ada.fields == {"a": "1", "b": "2", "c": "4"}
    before = list(Contact.objects.order_by("pk").values())
    assert counts(imported(workspace, KNOWN, policy=ImportPolicy.FILL)) == (2, 0, 0, 2, 0)
    assert list(Contact.objects.order_by("pk").values()) == before


def test_leaving_known_people_as_they_are_still_puts_them_on_the_list() -> None:
    workspace = make_workspace()
    leads = make_list(workspace)
    make_contact(workspace, "ada@x.com", company="Old")
    row = imported(workspace, KNOWN, policy=ImportPolicy.SKIP, to=leads)
    assert (*counts(row), row.rows_skipped) == (2, 1, 0, 0, 0, 1)
    ada = Contact.objects.get(email="ada@x.com")
    assert (ada.company, ada.city, ada.fields) == ("Old", "", {})
    assert leads.members.count() == 2


def test_choices_for_the_same_columns_are_remembered_whatever_their_order_and_only_here() -> None:
    workspace = make_workspace()
    first = upload(workspace, "email,note,colour\na@x.com,x,y\n")
    first.policy = ImportPolicy.FILL
    services.confirm(first, {"email": "email", "note": "company", "colour": ""}, None, hint=False)
    again = upload(workspace, "colour,note,email\ny,x,b@x.com\n")
    assert again.mapping == {"email": "email", "note": "company", "colour": ""}
    assert again.policy == ImportPolicy.FILL
    assert preview(again).remembered == first
    others = [
        upload(workspace, "email,note\na@x.com,x\n"),
        upload(workspace, "email,note,colour,size\na@x.com,x,y,z\n"),
        upload(make_workspace("other"), "email,note,colour\na@x.com,x,y\n"),
    ]
    for other in others:
        assert (other.mapping["note"], other.policy) == ("fields.note", ImportPolicy.OVERWRITE)
        assert preview(other).remembered is None


def test_quoting_and_header_can_be_corrected() -> None:
    row = upload(make_workspace(), "'email','name'\n'ada@x.com','Ada, B'\n")
    services.reread(row, Wanted("utf-8", ",", "", has_header=False))
    row.refresh_from_db()
    assert (row.quote, row.has_header, row.columns) == ("", False, ["Column 1", "Column 2"])
    assert preview(row).rows[0] == ("'email'", "'name'")
    services.reread(row, Wanted("utf-8", ",", "'", has_header=True))
    row.refresh_from_db()
    assert preview(row).rows == (("ada@x.com", "Ada, B"),)


def test_a_file_of_addresses_alone_leaves_known_contacts_as_they_are() -> None:
    workspace = make_workspace()
    make_contact(workspace, "ada@x.com", first_name="Ada")
    assert counts(imported(workspace, "email\nada@x.com\nnew@x.com\n")) == (2, 1, 0, 1, 0)


def test_another_workspaces_contacts_are_never_touched() -> None:
    ours, theirs = make_workspace("ours"), make_workspace("theirs")
    other = make_contact(theirs, "ada@x.com", first_name="Theirs")
    imported(ours, "email,first name\nada@x.com,Ours\n")
    other.refresh_from_db()
    assert other.first_name == "Theirs"


def test_ragged_rows_are_rejected_one_by_one_with_line_and_original() -> None:
    row = imported(
        make_workspace(),
        "email,first,last,city,note\n"
        "a@x.com,Ada,Lovelace,Paris,ok\n"
        "b@x.com,Bob,Byte\n"
        "c@x.com,Cy,C,Rome,a,b,c,d,e\n"
        "d@x.com,Dee,D,Bonn,ok\n",
    )
    assert counts(row) == (4, 2, 0, 0, 2)
    (first, second) = rejections(row)
    assert first[0] == 3
    assert "3 cells, the first row has 5" in first[1]
    assert second[0] == 4
    assert "9 cells, the first row has 5" in second[1]
    assert RejectedRow.objects.get(line=4).original == "c@x.com,Cy,C,Rome,a,b,c,d,e"


def test_a_quoted_newline_is_one_row_and_later_lines_keep_their_numbers() -> None:
    row = imported(make_workspace(), 'email,note\r\na@x.com,"one\r\ntwo"\r\nbroken,x\r\n')
    assert counts(row) == (2, 1, 0, 0, 1)
    assert rejections(row) == [(4, "There is no @ in it.")]
    assert Contact.objects.get().fields == {"note": "one two"}


def test_duplicates_inside_the_file_name_the_first_line() -> None:
    row = imported(make_workspace(), "email,first name\nada@x.com,First\nADA@X.COM,Second\n ada@x.com,Third\n")
    assert counts(row) == (3, 1, 0, 0, 2)
    assert rejections(row) == [(3, "Same address as line 2."), (4, "Same address as line 2.")]
    assert Contact.objects.get().first_name == "First"


def test_an_address_of_400_characters_is_rejected_with_its_cause() -> None:
    row = imported(make_workspace(), f"email\nada@x.com\n{'a' * 400}@x.com\n")
    assert rejections(row) == [(3, "The part before the @ has 400 characters; mail servers take at most 64.")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_encoding_line_end_and_delimiter_leads_to_the_same_contact(
    encoding: str, end: str, delimiter: str
) -> None:
    rows = (" E-Mail ", "Vorname", "Ort"), ("jürgen@example.de", "Jürgen", "Köln"), ("b@example.de", "Björn", "Weiß")
    text = end.join(delimiter.join(cells) for cells in rows) + end
    row = imported(make_workspace(), text, encoding=encoding)
    assert counts(row) == (2, 2, 0, 0, 0)
    found = Contact.objects.get(email_key="jürgen@example.de")
    assert (found.first_name, found.fields | {"city": found.city}) == ("Jürgen", {"city": "Köln"})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"\n\n  \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"email,name\n", "a header and no rows"),
        (b"name,phone\nAda,1\nBob,2\n", "No column holds e-mail addresses. The columns found are: name, phone"),
        (b"PK\x03\x04" + bytes(50), "damaged"),
        (bytes(range(256)) * 10, "binary file"),
    ],
)
def test_a_file_that_is_no_table_of_contacts_is_refused_and_nothing_is_kept(content: bytes, words: str) -> None:
    with pytest.raises(BadFile) as caught:
        upload(make_workspace(), content)
    assert words in str(caught.value)
    assert not ContactImport.objects.exists()
    assert not ImportChunk.objects.exists()


def test_a_file_over_the_limit_is_refused_while_it_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "SIZE_LIMIT_BYTES", 3 * 2**20)
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"ada@example.com\n" * 8_192

    with pytest.raises(BadFile, match="larger than 3 MB"):
        services.store_upload(make_workspace(), "big.csv", endless())
    assert taken < 50


def test_bad_zones_and_countries_keep_the_contact_and_are_told_in_the_result() -> None:
    row = imported(make_workspace(), "email,country,time zone\na@x.com,Atlantis,Mars/Base\nb@x.com,DE,Europe/Berlin\n")
    assert counts(row) == (2, 2, 0, 0, 0)
    assert any("Time zone is not known in 1 row (line 2, “Mars/Base”)" in note for note in row.notes)
    assert any("Country" in note for note in row.notes)


def test_suppressed_addresses_are_counted_and_still_imported() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT)
    services.suppress_rule(workspace, "example.org", SuppressionReason.MANUAL)
    services.suppress_rule(workspace, "info@*", SuppressionReason.MANUAL)
    text = "email\nADA@x.com\nb@mail.example.org\nc@notexample.org\nd@x.com\ninfo@y.com\n"
    row = imported(workspace, text)
    assert counts(row) == (5, 5, 0, 0, 0)
    assert row.rows_suppressed == 3


def test_the_preview_shows_columns_guesses_and_how_the_file_is_written() -> None:
    row = upload(make_workspace(), "E-Mail;Vorname;Note\nada@x.com;Ada;Köln\n", encoding="cp1252")
    shown = preview(row)
    assert [(column.name, column.target, column.samples[0].text) for column in shown.columns] == [
        ("E-Mail", "email", "ada@x.com"), ("Vorname", "first_name", "Ada"), ("Note", "fields.note", "Köln"),
    ]  # fmt: skip
    assert (shown.encoding, shown.delimiter, shown.has_header) == ("Windows-1252 (Western Europe)", "semicolon", True)


def test_encoding_and_delimiter_can_be_corrected_before_confirming() -> None:
    row = upload(make_workspace(), "email;ad\na@x.com;I\u015f\u0131l\n", encoding="cp1254")
    services.reread(row, Wanted("cp1254", ";"))
    row.refresh_from_db()
    assert preview(row).rows[0] == ("a@x.com", "I\u015f\u0131l")
    with pytest.raises(BadFile):
        services.reread(row, Wanted("utf-16", ";"))


def test_a_bad_mapping_leaves_the_import_waiting() -> None:
    row = upload(make_workspace(), "email,name\na@x.com,Ada\n")
    with pytest.raises(BadMapping):
        services.confirm(row, {"name": "first_name"}, None)
    row.refresh_from_db()
    assert row.state == ImportState.UPLOADED


def test_an_import_is_confirmed_once_and_run_once() -> None:
    row = imported(make_workspace(), "email\na@x.com\nbroken\n")
    with pytest.raises(IllegalMove):
        services.confirm(row, row.mapping, None)
    Contact.objects.all().delete()
    services.run_import(row.pk)
    assert not Contact.objects.exists()
    assert row.rejected.count() == 1


def test_the_stored_file_is_gone_once_the_import_is_done() -> None:
    row = imported(make_workspace(), "email\na@x.com\nbroken\n")
    assert not row.chunks.exists()
    assert row.rejected.count() == 1


def test_a_cancelled_import_leaves_nothing_but_its_place_in_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    row = upload(make_workspace(), "email\n" + "".join(f"p{n}@x.com\n" for n in range(50)) + "broken\n")
    services.confirm(row, row.mapping, None, hint=False)
    monkeypatch.setattr(reading, "_BATCH_ROWS", 10)
    begin = running._begin

    def begin_and_be_cancelled(import_id: int) -> ContactImport | None:
        begun = begin(import_id)
        services.cancel_import(row)
        return begun

    monkeypatch.setattr(running, "_begin", begin_and_be_cancelled)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.CANCELLED
    assert not Contact.objects.exists()
    assert not RejectedRow.objects.exists()
    assert not row.chunks.exists()
    with pytest.raises(IllegalMove):
        services.cancel_import(row)


def test_a_list_deleted_in_between_does_not_stop_the_import() -> None:
    workspace = make_workspace()
    leads = make_list(workspace)
    row = upload(workspace, "email\na@x.com\n")
    services.confirm(row, row.mapping, leads, hint=False)
    leads.delete()
    services.run_import(row.pk)
    row.refresh_from_db()
    assert counts(row) == (1, 1, 0, 0, 0)
    assert not ListMember.objects.exists()


def test_an_import_whose_quotes_never_pair_up_fails_with_words_and_no_contact() -> None:
    good = "".join(f'p{n}@x.com,"fine"\n' for n in range(300))
    row = imported(
        make_workspace(), f"email,note\n{good}{''.join(f'q{n}@x.com,{chr(34)}open{chr(10)}' for n in range(2_500))}"
    )
    assert row.state == ImportState.FAILED
    assert "do not pair up" in row.problem
    assert not Contact.objects.exists()
    assert not RejectedRow.objects.exists()


def test_a_worker_that_died_is_replaced_and_the_third_death_is_told() -> None:
    row = upload(make_workspace(), "email\na@x.com\n")
    services.confirm(row, row.mapping, None, hint=False)
    for attempt in range(1, imports.ATTEMPTS + 1):
        assert running._begin(row.pk) is not None  # and then the worker dies
        services.sweep_imports()
        row.refresh_from_db()
        assert row.state == (ImportState.QUEUED if attempt < imports.ATTEMPTS else ImportState.FAILED)
    assert "ended 3 times" in row.problem


@pytest.mark.parametrize("is_stage_lost", [False, True])
def test_reading_goes_on_behind_the_last_batch_with_counts_notes_and_addresses(
    monkeypatch: pytest.MonkeyPatch, *, is_stage_lost: bool
) -> None:
    text = (
        'email,zone,note\na@x.com,Mars,"one\ntwo"\nnope,,\n\nb@x.com,Mars,"open\n'
        "c@x.com,UTC,\na@x.com,,again\nd@x.com,Mars,\nD@X.com,,\ne@x.com,UTC,\n"
    )
    whole = imported(make_workspace("whole"), text)
    monkeypatch.setattr(reading, "_BATCH_ROWS", 2)
    row = upload(make_workspace(), text)
    services.confirm(row, row.mapping, None, hint=False)
    read, lines = RowReader.read, []

    def read_or_die(reader: RowReader, line: int, cells: list[str] | Broken) -> list[str] | Rejected:
        lines.append(line)
        if lines.count(8) == 1 and line == 8:
            raise MemoryError
        return read(reader, line, cells)

    monkeypatch.setattr(RowReader, "read", read_or_die)
    with pytest.raises(MemoryError):
        services.run_import(row.pk)
    if is_stage_lost:
        Stage(row.pk, ()).drop()  # PostgreSQL fell: it empties such tables
    services.sweep_imports()
    services.run_import(row.pk)
    row.refresh_from_db()
    before = [2, 4, 6, 7, 8]
    assert lines == before + ([2, 4, 6, 7, 8, 9, 10, 11] if is_stage_lost else [8, 9, 10, 11])
    assert (counts(row), row.notes) == (counts(whole), whole.notes)
    assert list(row.rejected.order_by("line").values_list("line", "cause", "original")) == list(
        whole.rejected.order_by("line").values_list("line", "cause", "original")
    )
    assert staged_imports() == []


def test_a_running_import_is_left_alone_by_the_sweep() -> None:
    row = upload(make_workspace(), "email\na@x.com\n")
    services.confirm(row, row.mapping, None, hint=False)
    with held(row.pk) as is_ours:
        assert is_ours
        assert running_imports() == {row.pk}
        running._begin(row.pk)
        services.sweep_imports()
    row.refresh_from_db()
    assert row.state == ImportState.RUNNING
    assert running_imports() == frozenset()


def test_an_upload_that_nobody_confirms_is_forgotten_after_a_week() -> None:
    row = upload(make_workspace(), "email\na@x.com\n")
    ContactImport.objects.filter(pk=row.pk).update(created_at=clock.now() - timedelta(days=8))
    services.sweep_imports()
    row.refresh_from_db()
    assert row.state == ImportState.CANCELLED
    assert not row.chunks.exists()


CELL = st.text(st.sampled_from("ab1@.,;\"'\n\r\t \u00e9\u200b\\=+-"), max_size=12)
ADDRESS = st.sampled_from(["ada@x.com", "Ada@X.com", "bob@x.com", "c@d.example", "nope", "", "a@b@c.d", "é@x.com"])
ROWS = st.lists(st.tuples(ADDRESS, CELL, CELL, CELL).map(list) | st.lists(CELL, max_size=6), max_size=25)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS,
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    policies=st.tuples(st.sampled_from(ImportPolicy), st.sampled_from(ImportPolicy)),
)
def test_the_counts_of_any_file_add_up_and_a_second_run_changes_nothing(
    rows: list[list[str]], quoting: int, policies: tuple[ImportPolicy, ImportPolicy]
) -> None:
    workspace = Workspace.objects.create(slug=f"w{Workspace.objects.count()}-{ContactImport.objects.count()}", name="W")
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([["email", "first name", "note", "zone"], ["zoe@x.com", "Zoe", "n", "UTC"], *rows])
    first = imported(workspace, buffer.getvalue(), policy=policies[0])
    read, created, updated, unchanged, rejected = counts(first)
    assert read == created + updated + unchanged + rejected
    assert created == Contact.objects.filter(workspace=workspace).count()
    assert rejected == first.rejected.count()
    before = list(Contact.objects.filter(workspace=workspace).order_by("pk").values())
    second = imported(workspace, buffer.getvalue(), policy=policies[1])
    skipped = created if policies[1] == ImportPolicy.SKIP else 0
    assert (*counts(second), second.rows_skipped) == (read, 0, 0, created - skipped, rejected, skipped)
    assert list(Contact.objects.filter(workspace=workspace).order_by("pk").values()) == before
