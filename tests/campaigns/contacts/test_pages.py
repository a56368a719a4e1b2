from __future__ import annotations

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from python_calamine import CalamineWorkbook

from campaigns.contacts import services
from campaigns.contacts.models import Contact, ContactImport, ContactList, CustomField, Suppression
from campaigns.contacts.states import ImportState, SuppressionReason
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from tests.builders import make_contact, make_list, make_member, make_workspace

pytestmark = pytest.mark.django_db


def signed_in(member: Member, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(member.user)
    return client


def finished_import(workspace: Workspace, text: str) -> ContactImport:
    row = services.store_upload(workspace, "leads.csv", [text.encode()])
    services.confirm(row, row.mapping, services.list_named(workspace, "Leads"), hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    return row


def every_page(workspace: Workspace) -> list[tuple[str, list[object]]]:
    """One of everything, so that each page has something to show: (URL name, arguments) of all GET pages."""
    done = finished_import(workspace, "email,name,zone\nada@x.com,Ada L,Mars/Base\nbroken,x,\n")
    waiting = services.store_upload(workspace, "next.csv", [b"email\nbob@x.com\n"])
    services.start_dry_run(waiting, hint=False)
    queued = services.store_upload(workspace, "queued.csv", [b"email\ncy@x.com\n"])
    services.confirm(queued, queued.mapping, None, hint=False)
    services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT, evidence="please stop")
    services.suppress_rule(workspace, "evil.com", SuppressionReason.MANUAL)
    contact, leads = Contact.objects.get(workspace=workspace), ContactList.objects.get(workspace=workspace)
    plan = CustomField.objects.create(workspace=workspace, name="plan")
    optout = Suppression.objects.get(workspace=workspace, value="ada@x.com")
    return [
        ("list", []), ("create", []), ("detail", [contact.pk]), ("edit", [contact.pk]), ("delete", [contact.pk]),
        ("export", []), ("lists", []), ("list_detail", [leads.pk]), ("list_delete", [leads.pk]), ("import", []),
        ("import_history", []), ("import_map", [waiting.pk]),
        ("import_changes", [waiting.pk]), ("import_progress", [queued.pk]),
        ("import_result", [done.pk]), ("import_rejected", [done.pk]), ("import_undo", [done.pk]), ("suppressions", []),
        ("suppression_lift", [optout.pk]), ("fields", []),
        ("field_edit", [plan.pk]), ("field_delete", [plan.pk]),
    ]  # fmt: skip


READERS = {
    "list", "detail", "lists", "list_detail", "import_history", "import_progress", "import_result", "suppressions",
    "fields", "import_changes",
}  # fmt: skip


def test_an_owner_sees_every_page_a_viewer_those_that_change_nothing_and_a_stranger_none() -> None:
    workspace = make_workspace()
    owner, viewer = make_member(workspace), make_member(workspace, Role.VIEWER)
    stranger = make_member(make_workspace("other"))
    for name, args in every_page(workspace):
        url = owner.url(f"contacts:{name}", *args)
        assert signed_in(owner).get(url).status_code == 200, name
        assert signed_in(viewer).get(url).status_code == (200 if name in READERS else 403), name
        assert signed_in(stranger).get(url).status_code == 404, name
        assert Client().get(url).status_code == 302, name


def test_another_workspaces_rows_are_not_found_under_ones_own_address() -> None:
    theirs, ours = make_workspace("theirs"), make_member(make_workspace("ours"))
    client = signed_in(ours)
    for name, args in every_page(theirs):
        if args:
            assert client.get(ours.url(f"contacts:{name}", *args)).status_code == 404, name
            assert client.post(ours.url(f"contacts:{name}", *args)).status_code in {404, 405}, name


def test_a_viewer_changes_nothing() -> None:
    workspace = make_workspace()
    viewer = make_member(workspace, Role.VIEWER)
    contact, leads = make_contact(workspace), make_list(workspace)
    services.suppress(workspace, "x@y.zz", SuppressionReason.MANUAL)
    row = services.store_upload(workspace, "a.csv", [b"email\na@x.com\n"])
    client = signed_in(viewer)
    actions: list[tuple[str, list[object]]] = [
        ("create", []), ("edit", [contact.pk]), ("delete", [contact.pk]), ("selected", []), ("list_create", []),
        ("list_rename", [leads.pk]), ("list_delete", [leads.pk]), ("import", []), ("import_map", [row.pk]),
        ("import_reading", [row.pk]), ("import_cancel", [row.pk]), ("suppression_add", []), ("import_look", [row.pk]),
        ("import_start", [row.pk]), ("import_undo", [row.pk]),
        ("suppression_lift", [Suppression.objects.get().pk]),
    ]  # fmt: skip
    for name, args in actions:
        assert client.post(viewer.url(f"contacts:{name}", *args)).status_code == 403, name


def test_an_import_offers_a_list_of_the_name_of_its_file() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    client = signed_in(member)
    answer = client.post(
        member.url("contacts:import"), {"file": SimpleUploadedFile("Spring fair.csv", b"email\nada@x.com\n")}
    )
    assert 'value="Spring fair"' in client.get(answer["Location"]).text


def test_upload_columns_and_result_lead_through_an_import() -> None:
    workspace = make_workspace()
    member = make_member(workspace, Role.MEMBER)
    client = signed_in(member)
    file = SimpleUploadedFile("Läads.csv", "E-Mail;Vorname;Farbe\nada@x.com;Ada;blau\nnope;x;y\n".encode("cp1252"))
    answer = client.post(member.url("contacts:import"), {"file": file, "list_name": "Spring"})
    row = ContactImport.objects.get()
    assert answer["Location"] == member.url("contacts:import_map", row.pk) + "?list=Spring"
    page = client.get(answer["Location"]).text
    assert "Vorname" in page
    assert "Windows-1252" in page
    assert 'value="Spring"' in page
    form = {
        "column-0": "email", "column-1": "first_name", "column-2": "custom", "name-2": "colour", "list_name": "Spring",
    }  # fmt: skip
    answer = client.post(member.url("contacts:import_map", row.pk), form)
    assert answer["Location"] == member.url("contacts:import_progress", row.pk)
    assert "Waiting for a worker" in client.get(answer["Location"]).text
    services.run_import(row.pk)
    answer = client.get(member.url("contacts:import_progress", row.pk))
    assert answer["Location"] == member.url("contacts:import_result", row.pk)
    page = client.get(answer["Location"]).text
    assert "There is no @ in it." in page
    assert Contact.objects.get().fields == {"colour": "blau"}
    assert ContactList.objects.get().name == "Spring"
    rejected = client.get(member.url("contacts:import_rejected", row.pk)).getvalue().decode()
    assert rejected == '\ufeff"line","cause","original row"\r\n"3","There is no @ in it.","nope;x;y"\r\n'


def test_reading_and_policy_are_choices_of_the_page() -> None:
    workspace = make_workspace()
    make_contact(workspace, "ada@x.com", company="Old")
    member = make_member(workspace, Role.MEMBER)
    client = signed_in(member)
    row = services.store_upload(workspace, "a.csv", ["email;company\nada@x.com;Näw\n".encode("cp1252")])
    url = member.url("contacts:import_reading", row.pk)
    form = {"encoding": row.encoding, "delimiter": ";", "quote": "none", "header": "no"}
    client.post(url, form)
    row.refresh_from_db()
    assert (row.quote, row.has_header) == ("", False)
    client.post(url, form | {"encoding": "cp850", "header": "no"})
    row.refresh_from_db()
    assert (row.encoding, row.quote, row.has_header, row.columns) == ("cp850", '"', True, ["email", "company"])
    for wrong in ({"encoding": "utf-7"}, {"delimiter": "^"}, {"quote": "«"}):
        client.post(url, form | wrong)
    row.refresh_from_db()
    assert row.encoding == "cp850"
    confirm = {
        "column-0": "email", "column-1": "company", "list_name": "", "policy": "skip",
        "source": "  Our stand\x00 at\n the fair ", "legal_basis": "consent",
    }  # fmt: skip
    client.post(member.url("contacts:import_map", row.pk), confirm)
    services.run_import(row.pk)
    page = client.get(member.url("contacts:import_result", row.pk)).text
    assert "Skipped" in page
    assert "Leave as they are" in page
    assert "Our stand at the fair" in page
    assert "They agreed to be written to" in page
    assert Contact.objects.get().company == "Old"


def test_a_contact_shows_where_its_address_came_from_and_on_what_ground() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    row = services.store_upload(member.workspace, "a.csv", [b"email\nada@x.com\n"])
    client = signed_in(member)
    form = {"column-0": "email", "source": "x" * 400, "legal_basis": "because"}
    client.post(member.url("contacts:import_map", row.pk), form)
    services.run_import(row.pk)
    page = client.get(member.url("contacts:detail", Contact.objects.get().pk)).text
    assert "x" * 300 in page
    assert "x" * 301 not in page
    assert "Legal basis: not stated" in page


def test_the_day_and_the_page_of_a_ground_are_kept_with_the_import_or_refused_in_words() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    row = services.store_upload(member.workspace, "a.csv", [b"email\nada@x.com\n"])
    client, url = signed_in(member), member.url("contacts:import_map", row.pk)
    form = {"column-0": "email", "legal_basis": "published", "subscribers": "companies"}
    for wrong, words in [
        ({"basis_on": "yesterday"}, "Write the day of the ground as"),
        ({"basis_on": "2999-01-01"}, "The day of the ground lies ahead."),
        ({"basis_page": "javascript:alert(1)"}, "is an address of the web"),
        ({"basis_page": "https://[x"}, "is an address of the web"),
        ({"basis_page": f"https://fair.example/{'x' * 300}"}, "is an address of the web"),
    ]:
        answer = client.post(url, form | wrong)
        assert (answer.status_code, words in answer.text) == (422, True), wrong
    client.post(url, form | {"basis_on": "2026-01-31", "basis_page": " https://fair.example/exhibitors "})
    services.run_import(row.pk)
    page = client.get(member.url("contacts:import_result", row.pk)).text
    assert "They publish the address, for offers to their business, 31 January 2026" in page
    assert "https://fair.example/exhibitors" in page
    assert "People at companies" in page
    contact, stated = Contact.objects.get(), "https://fair.example/exhibitors"
    assert f"31 January 2026, {stated}" in client.get(member.url("contacts:detail", contact.pk)).text
    assert f"The page: {stated}" in client.get(member.url("contacts:origin", contact.pk)).text


def test_an_upload_without_a_file_says_so() -> None:
    member = make_member(make_workspace())
    answer = signed_in(member).post(member.url("contacts:import"))
    assert answer.status_code == 422
    assert "Choose a file, or paste rows below." in answer.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04" + bytes(30), "damaged"),
        (b"name\nAda\n", "No column holds e-mail addresses"),
    ],
)
def test_a_bad_file_is_answered_with_422_and_the_words_beside_the_field(content: bytes, words: str) -> None:
    member = make_member(make_workspace())
    answer = signed_in(member).post(member.url("contacts:import"), {"file": SimpleUploadedFile("x.csv", content)})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert not ContactImport.objects.exists()


def test_a_mapping_without_an_address_is_answered_with_422_and_keeps_what_was_chosen() -> None:
    workspace = make_workspace()
    member = make_member(workspace)
    row = services.store_upload(workspace, "a.csv", [b"email,name\na@x.com,Ada\n"])
    answer = signed_in(member).post(
        member.url("contacts:import_map", row.pk), {"column-0": "", "column-1": "company", "list_name": "Kept"}
    )
    assert answer.status_code == 422
    assert "No column is mapped to the e-mail address" in answer.text
    assert re.search(r'value="company" selected', answer.text)
    assert 'value="Kept"' in answer.text
    row.refresh_from_db()
    assert row.state == ImportState.UPLOADED
    assert not ContactList.objects.exists()


def test_the_progress_region_alone_is_the_region_of_the_page_and_ends_with_a_redirect() -> None:
    workspace = make_workspace()
    member = make_member(workspace)
    row = services.store_upload(workspace, "a.csv", [b"email\na@x.com\n"])
    services.confirm(row, row.mapping, None, hint=False)
    url = member.url("contacts:import_progress", row.pk)
    page, region = signed_in(member).get(url), signed_in(member, hx_request="true").get(url)
    assert "<html" not in region.text
    assert "".join(region.text.split()) in "".join(page.text.split())
    services.run_import(row.pk)
    ended = signed_in(member, hx_request="true").get(url)
    assert ended["HX-Redirect"] == member.url("contacts:import_result", row.pk)


def test_a_waiting_import_can_be_cancelled_from_its_page() -> None:
    workspace = make_workspace()
    member = make_member(workspace)
    row = services.store_upload(workspace, "a.csv", [b"email\na@x.com\n"])
    answer = signed_in(member).post(member.url("contacts:import_cancel", row.pk), follow=True)
    assert "no contact was changed" in answer.text
    row.refresh_from_db()
    assert row.state == ImportState.CANCELLED


@pytest.mark.parametrize("name", ["list", "lists", "import_history", "suppressions"])
def test_a_list_page_asks_as_often_for_20_rows_as_for_1(
    name: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    workspace = make_workspace()
    member = make_member(workspace)
    client = signed_in(member)

    def add(number: int) -> None:
        make_contact(workspace, f"p{number}@x.com")
        make_list(workspace, f"List {number}")
        services.store_upload(workspace, f"{number}.csv", [b"email\na@x.com\n"], by=member.user)
        services.suppress(workspace, f"p{number}@x.com", SuppressionReason.MANUAL, by=member.user)

    add(0)
    url = member.url(f"contacts:{name}")
    with CaptureQueriesContext(connection) as for_one:
        assert client.get(url).status_code == 200
    for number in range(1, 20):
        add(number)
    with django_assert_num_queries(len(for_one)):
        assert client.get(url).status_code == 200


def test_ticked_contacts_are_put_on_a_list_taken_off_and_deleted_after_a_question() -> None:
    workspace = make_workspace()
    member = make_member(workspace)
    client = signed_in(member)
    ada, bob = make_contact(workspace, "ada@x.com"), make_contact(workspace, "bob@x.com")
    stranger = make_contact(make_workspace("other"), "eve@x.com")
    ticked = {"contact": [ada.pk, stranger.pk], "list_name": "Leads", "query": "country=DE"}
    url = member.url("contacts:selected")
    answer = client.post(url, ticked | {"action": "add"})
    assert answer["Location"] == member.url("contacts:list") + "?country=DE"
    leads = ContactList.objects.get()
    assert [place.contact_id for place in leads.members.all()] == [ada.pk]
    client.post(url, ticked | {"action": "remove"})
    assert not leads.members.exists()
    question = client.post(url, ticked | {"action": "delete"})
    assert "Delete 1 contact?" in question.text
    assert Contact.objects.count() == 3
    client.post(url, ticked | {"action": "delete_confirmed"})
    assert set(Contact.objects.all()) == {bob, stranger}


def test_a_contact_is_added_and_edited_with_its_own_fields() -> None:
    member = make_member(make_workspace())
    client = signed_in(member)
    form = {"email": "Ada@x.com", "country": "Germany", "custom_name": ["plan", ""], "custom_value": ["gold", "x"]}
    client.post(member.url("contacts:create"), form)
    ada = Contact.objects.get()
    assert (ada.email, ada.country, ada.fields) == ("Ada@x.com", "DE", {"plan": "gold"})
    url = member.url("contacts:edit", ada.pk)
    answer = client.post(url, form | {"time_zone": "Europe/Berln"})
    assert answer.status_code == 422
    assert "Did you mean Europe/Berlin?" in answer.text
    seen = client.get(url).context["form"]["seen"].value()
    client.post(url, {"email": "ada@x.com", "custom_name": "plan", "custom_value": "", "seen": seen})
    ada.refresh_from_db()
    assert (ada.country, ada.fields) == ("", {})


def test_a_page_that_went_stale_replaces_nothing_before_both_are_seen() -> None:
    member = make_member(make_workspace())
    client, ada = signed_in(member), make_contact(member.workspace, fields={"plan": "gold"})
    url = member.url("contacts:edit", ada.pk)
    opened = {"email": ada.email, "city": "Rome", "custom_name": ["plan"], "custom_value": ["gold"]}
    drawn = {"seen": client.get(url).context["form"]["seen"].value()}
    services.edit_contact(ada, {"email": ada.email, "city": "Oslo"}, {"plan": "silver", "pet": "cat"})
    for seen in (drawn, {"seen": ""}, {}):
        refused = client.post(url, opened | seen)
        assert refused.status_code == 422
        assert "Somebody else changed this contact after you opened it." in refused.text
        assert "<td>City</td><td>Oslo</td><td>Rome</td>" in refused.text
        assert "<td>The field “plan”</td><td>silver</td><td>gold</td>" in refused.text
    ada.refresh_from_db()
    assert (ada.city, ada.fields) == ("Oslo", {"plan": "silver", "pet": "cat"})
    again = {"seen": refused.context["form"]["seen"].value()}
    assert client.post(url, opened | again).status_code == 302
    ada.refresh_from_db()
    assert (ada.city, ada.fields) == ("Rome", {"plan": "gold", "pet": "cat"}), "what it did not show stays"
    assert client.post(url, opened | drawn).status_code == 302, "it would change nothing"


def test_a_suppression_is_added_by_hand_and_an_opt_out_lifted_by_typing_it() -> None:
    workspace = make_workspace()
    admin = make_member(workspace, Role.ADMIN)
    client = signed_in(admin)
    url = admin.url("contacts:suppression_add")
    assert client.post(url, {"value": "nope nope", "note": ""}).status_code == 422
    client.post(url, {"value": "@Evil.com", "note": "a customer"})
    client.post(url, {"value": "Ada@x.com"})
    assert set(Suppression.objects.values_list("scope", "value", "evidence")) == {
        ("domain", "evil.com", "a customer"),
        ("address", "ada@x.com", ""),
    }
    services.suppress(workspace, "bob@x.com", SuppressionReason.OPTED_OUT, evidence="stop")
    row = Suppression.objects.get(value="bob@x.com")
    lift = admin.url("contacts:suppression_lift", row.pk)
    assert client.post(lift, {"typed": "bob", "why": "x"}).status_code == 422
    assert client.post(lift, {"typed": "bob@x.com"}).status_code == 422, "nobody says why"
    assert client.post(lift, {"typed": "bob@x.com", "why": "He asked"}).status_code == 302
    assert not Suppression.objects.filter(pk=row.pk).exists()


def test_the_page_says_what_forbids_an_address_and_takes_a_file() -> None:
    member = make_member(make_workspace())
    client = signed_in(member)
    file = SimpleUploadedFile("old.csv", b"email\n*@*.gov\nno one\n")
    answer = client.post(member.url("contacts:suppression_file"), {"file": file})
    assert "1 suppression added" in answer.text
    assert "no one" in answer.text
    page = client.get(member.url("contacts:suppressions") + "?q=ada@tax.gov").text
    assert "ada@tax.gov is never written to" in page
    assert "*@*.gov: imported" in page
    assert "No suppression names ada@x.com" in client.get(member.url("contacts:suppressions") + "?q=ada@x.com").text
    for content, words in ((b"", "nobody is named"), (b"%PDF-1.7", "PDF")):
        refused = client.post(member.url("contacts:suppression_file"), {"file": SimpleUploadedFile("x.csv", content)})
        assert refused.status_code == 422
        assert words in refused.text


def test_the_export_holds_the_filtered_contacts_and_their_own_fields() -> None:
    workspace = make_workspace()
    member = make_member(workspace)
    make_contact(workspace, "ada@x.com", first_name="=1+1", country="DE", fields={"plan": "gold"})
    make_contact(workspace, "bob@x.com", country="FR", fields={"size": "9"})
    answer = signed_in(member).get(member.url("contacts:export") + "?country=DE")
    lines = answer.getvalue().decode().splitlines()
    assert lines[0].endswith('"created_at","plan"')
    assert lines[1].startswith('"ada@x.com","\'=1+1"')
    assert len(lines) == 2


def test_the_ticked_and_all_that_match_are_exported_as_a_workbook_is() -> None:
    member = make_member(make_workspace())
    client = signed_in(member)
    ada, *_ = (make_contact(member.workspace, f"{name}@x.com", company="=Acme") for name in ("ada", "bob", "cy"))
    book = client.get(member.url("contacts:export"), {"format": "xlsx", "where": "not email is cy@x.com"})
    assert book["Content-Disposition"] == 'attachment; filename="contacts-acme.xlsx"'
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.getvalue())).get_sheet_by_index(0).to_python()
    assert [(row[0], row[3]) for row in sheet] == [
        ("email", "company"), ("bob@x.com", "=Acme"), ("ada@x.com", "=Acme"),
    ]  # fmt: skip
    url = member.url("contacts:selected")
    ticked = client.post(url, {"action": "export", "contact": [ada.pk]}).getvalue().decode()
    assert [line.split(",")[0] for line in ticked.splitlines()[1:]] == ['"ada@x.com"']
    every = client.post(url, {"action": "export", "everyone": "1", "scope": "q=bob"}).getvalue().decode()
    assert [line.split(",")[0] for line in every.splitlines()[1:]] == ['"bob@x.com"']
