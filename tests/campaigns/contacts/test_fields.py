"""Custom fields of a kind: in an import, in the form of a contact, and on their own pages."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.contacts import queries, services
from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.core.kinds import Typed
from campaigns.contacts.core.typed import Style
from campaigns.contacts.errors import BadContact, BadMapping
from campaigns.contacts.models import Contact, ContactImport, CustomField, FieldRemoval
from outreach.accounts.models import Workspace
from tests.builders import make_contact, make_member, make_workspace

pytestmark = pytest.mark.django_db

FILE = (
    "email;Größe;Treffen;VIP;Anmerkung\n"
    "ada@x.com;1.234,5;5/11/2026;ja;007\n"
    "bob@x.com;2,5;24/12/2026;nein;1.234,5\n"
    "cy@x.com;1.234;;;\n"
)


def upload(workspace: Workspace, text: str) -> ContactImport:
    return services.store_upload(workspace, "people.csv", [text.encode()])


def field(workspace: Workspace, name: str, kind: FieldKind = FieldKind.TEXT) -> CustomField:
    return CustomField.objects.create(workspace=workspace, name=name, kind=kind)


def test_an_import_guesses_kinds_by_column_and_keeps_values_in_one_form() -> None:
    workspace = make_workspace()
    row = upload(workspace, FILE)
    assert row.kinds == {"grosse": "number:comma", "treffen": "date:day", "vip": "yes_no", "anmerkung": "text"}
    shown = {column.name: column for column in queries.preview(row).columns}
    assert [(sample.text, sample.kept) for sample in shown["Größe"].samples] == [
        ("1.234,5", "1234.5"), ("2,5", "2.5"), ("1.234", "1234"),
    ]  # fmt: skip
    services.confirm(row, row.mapping, None, hint=False)
    services.run_import(row.pk)
    assert Contact.objects.get(email="ada@x.com").fields == {
        "grosse": "1234.5", "treffen": "2026-11-05", "vip": "yes", "anmerkung": "007",
    }  # fmt: skip
    assert Contact.objects.get(email="cy@x.com").fields == {"grosse": "1234"}
    assert list(CustomField.objects.order_by("name").values_list("name", "label", "kind")) == [
        ("anmerkung", "Anmerkung", "text"), ("grosse", "Größe", "number"), ("treffen", "Treffen", "date"),
        ("vip", "VIP", "yes_no"),
    ]  # fmt: skip


def test_a_known_field_keeps_its_kind_and_the_way_its_column_was_written() -> None:
    workspace = make_workspace()
    first = upload(workspace, FILE)
    services.confirm(first, first.mapping, None, hint=False)
    again = upload(workspace, "email;Größe;Treffen;VIP;Anmerkung\ndi@x.com;9.999;1/2/2026;nein;5\n")
    assert again.kinds == {"grosse": "number:comma", "treffen": "date:day", "vip": "yes_no", "anmerkung": "text"}
    other = upload(workspace, "email,vip\ndi@x.com,gold\n")
    assert other.kinds == {"vip": "yes_no"}
    assert queries.preview(other).columns[1].samples[0].problem == "is neither yes nor no"
    other.kinds = {"vip": "text"}
    with pytest.raises(BadMapping, match="The field “vip” is known here as “Yes or no”, not as “Text”"):
        services.confirm(other, other.mapping, None, hint=False)


def test_the_kind_of_a_column_is_a_choice_of_the_page() -> None:
    workspace = make_workspace()
    client, member = Client(), make_member(workspace)
    client.force_login(member.user)
    row = upload(workspace, 'email,size\nada@x.com,"1,234"\n')
    url = member.url("contacts:import_map", row.pk)
    page = client.get(url).text
    assert "left empty: could be two different numbers" in page
    assert '<option value="number" selected>Number, where it can be read in one way</option>' in page
    client.post(url, {"column-0": "email", "column-1": "custom", "name-1": "size", "kind-1": "number:comma"})
    services.run_import(row.pk)
    assert Contact.objects.get().fields == {"size": "1.234"}


def test_the_form_of_a_contact_asks_by_kind_and_refuses_what_does_not_fit() -> None:
    workspace = make_workspace()
    client, member = Client(), make_member(workspace)
    client.force_login(member.user)
    for name, kind in (("size", FieldKind.NUMBER), ("met", FieldKind.DATE), ("vip", FieldKind.YES_NO)):
        field(workspace, name, kind)
    ada = make_contact(workspace, fields={"size": "many", "met": "2026-11-05", "other": "x"})
    page = client.get(member.url("contacts:edit", ada.pk)).text
    assert 'name="custom_value" type="text" value="many"' in page  # none of its kind: shown as it is
    assert 'name="custom_value" type="date" value="2026-11-05"' in page
    assert '<select class="control" id="own_vip"' in page
    names = ["size", "met", "vip", "other"]
    form = {"email": "ada@example.com", "custom_name": names, "custom_value": ["many", "5.11.2026", "Ja", "x"]}
    seen = client.get(member.url("contacts:edit", ada.pk)).context["form"]["seen"].value()
    client.post(member.url("contacts:edit", ada.pk), form | {"seen": seen})
    ada.refresh_from_db()
    assert ada.fields == {"size": "many", "met": "2026-11-05", "vip": "yes", "other": "x"}
    refused = client.post(
        member.url("contacts:edit", ada.pk), form | {"custom_value": ["more", "5/11/2026", "perhaps", "x"]}
    )
    assert refused.status_code == 422
    assert "“size” is no number: “more”. Write it as 1234.5." in refused.text
    with pytest.raises(BadContact, match="“met” is no date: “5/11/2026”"):
        services.edit_contact(ada, {"email": "ada@example.com"}, {"met": "5/11/2026"})


def test_what_an_import_adds_while_the_form_is_open_stays() -> None:
    workspace = make_workspace()
    ada = make_contact(workspace, fields={"size": "10", "met": "Rome"})
    opened = Contact.objects.get(pk=ada.pk)
    Contact.objects.filter(pk=ada.pk).update(fields={"size": "10", "met": "Rome", "score": "7"})
    assert services.edit_contact(opened, {"email": ada.email}, {"size": "12", "met": ""})
    ada.refresh_from_db()
    assert ada.fields == {"size": "12", "score": "7"}
    assert ada.edits.get().changes == {"fields.size": ["10", "12"], "fields.met": ["Rome", ""]}


def test_fields_are_made_in_one_order_whoever_names_them() -> None:
    found = {"y": (FieldKind.TEXT, "y"), "x": (FieldKind.TEXT, "x")}
    services.define_fields(make_workspace().pk, found)
    assert list(CustomField.objects.order_by("pk").values_list("name", flat=True)) == ["x", "y"]


def test_a_field_is_named_gets_another_kind_after_a_question_and_goes_with_its_values() -> None:
    workspace, other = make_workspace(), make_workspace("other")
    client, member = Client(), make_member(workspace)
    client.force_login(member.user)
    size = field(workspace, "size")
    for at, value in enumerate(["1.234,5", "2,5", "many", "1.000"]):
        make_contact(workspace, f"{at}@x.com", fields={"size": value, "kept": "x"})
    stranger = make_contact(other, fields={"size": "2,5"})
    url = member.url("contacts:field_edit", size.pk)
    asked = client.post(url, {"label": " Size of  it ", "kind": "number"})
    assert asked.status_code == 422
    assert "1 value of 4 would be lost" in asked.text
    assert CustomField.objects.get(pk=size.pk).kind == FieldKind.TEXT
    client.post(url, {"label": "Size of it", "kind": "number:comma", "misfits": "1"})
    assert "Size of it" in client.get(member.url("contacts:fields")).text
    values = Contact.objects.filter(workspace=workspace).order_by("pk").values_list("fields", flat=True)
    assert list(values) == [
        {"size": "1234.5", "kept": "x"}, {"size": "2.5", "kept": "x"}, {"kept": "x"}, {"size": "1000", "kept": "x"},
    ]  # fmt: skip
    assert "<b>3 contacts</b>" in client.get(member.url("contacts:field_delete", size.pk)).text
    client.post(member.url("contacts:field_delete", size.pk))
    assert list(values.all()) == [{"kept": "x"}] * 4
    assert not CustomField.objects.filter(pk=size.pk).exists()
    stranger.refresh_from_db()
    assert stranger.fields == {"size": "2,5"}


def test_the_values_of_many_contacts_are_rewritten_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.contacts.services.fields._BATCH", 2)
    workspace = make_workspace()
    size = field(workspace, "size")
    for at in range(5):
        make_contact(workspace, f"{at}@x.com", fields={"size": f"{at},5"})
    fit = queries.fit_of(size, Typed(FieldKind.NUMBER))
    assert (fit.typed.style, fit.contacts, fit.misfits) == (Style.COMMA, 5, 0)
    assert services.change_kind(size, fit.typed) == 0
    assert sorted(Contact.objects.values_list("fields__size", flat=True)) == ["0.5", "1.5", "2.5", "3.5", "4.5"]
    monkeypatch.setattr("campaigns.contacts.services.removing._BATCH", 2)
    assert services.delete_field(size) == 5
    assert not FieldRemoval.objects.exists()


def test_a_field_of_many_goes_on_being_removed_by_a_worker_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.contacts.services.removing._BATCH", 1)
    workspace = make_workspace()
    client, member = Client(), make_member(workspace)
    client.force_login(member.user)
    size = field(workspace, "size")
    people = [make_contact(workspace, f"{at}@x.com", fields={"size": "5", "kept": "x"}) for at in range(6)]
    page = client.post(member.url("contacts:field_delete", size.pk), follow=True).text
    assert "The field size is gone, its values follow." in page
    assert "from 4 contacts so far" in page
    again = field(workspace, "size")  # made anew meanwhile: what is written from then on is meant to stay
    services.edit_contact(people[5], {"email": people[5].email}, {"size": "7"})
    services.run_removal(FieldRemoval.objects.get().pk)
    values = Contact.objects.order_by("pk").values_list("fields", flat=True)
    assert list(values) == [{"kept": "x"}] * 5 + [{"size": "7", "kept": "x"}]
    assert list(CustomField.objects.filter(workspace=workspace, name="size")) == [again]
    assert not FieldRemoval.objects.exists()


def test_a_field_that_an_import_brings_values_for_is_not_deleted() -> None:
    workspace = make_workspace()
    client, member = Client(), make_member(workspace)
    client.force_login(member.user)
    row = upload(workspace, "email;Note\nada@x.com;x\n")
    services.confirm(row, row.mapping, None, hint=False)
    note = CustomField.objects.get(name="note")
    page = client.post(member.url("contacts:field_delete", note.pk), follow=True).text
    assert "The import of people.csv brings values for it." in page
    services.run_import(row.pk)
    assert services.delete_field(note) == 1


def test_a_field_that_is_deleted_goes_before_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace()
    size = field(workspace, "size")
    make_contact(workspace, fields={"size": "5"})
    there: list[bool] = []

    def batch(_removal_id: int) -> int:
        there.append(CustomField.objects.exists())
        return 0

    monkeypatch.setattr("campaigns.contacts.services.removing._batch", batch)
    services.delete_field(size)
    assert there == [False]


def test_names_are_proposed_on_the_page_and_changed_only_by_its_switch() -> None:
    workspace = make_workspace()
    client, member = Client(), make_member(workspace)
    client.force_login(member.user)
    text = "email,first name,last name\nada@x.com,Dr. ADA,LOVELACE\nbob@x.com,Bob,McDonald\n"
    form = {"column-0": "email", "column-1": "first_name", "column-2": "last_name"}
    for switch, names in (({}, ("Dr. ADA", "LOVELACE")), ({"tidy_names": "yes"}, ("Ada", "Lovelace"))):
        row = upload(workspace, text)
        url = member.url("contacts:import_map", row.pk)
        page = client.get(url).text
        assert "<dt>Dr. ADA</dt><dd>Ada</dd>" in page
        assert "McDonald</dt>" not in page
        client.post(url, form | switch)
        services.run_import(row.pk)
        ada = Contact.objects.get(email="ada@x.com")
        assert (ada.first_name, ada.last_name) == names
    assert Contact.objects.get(email="bob@x.com").last_name == "McDonald"


def test_another_kind_is_taken_once_however_often_it_is_asked_for() -> None:
    workspace = make_workspace()
    size = field(workspace, "size")
    people = [make_contact(workspace, f"p{n}@x.test", fields={"size": text}) for n, text in enumerate(("1,234", "2,5"))]
    for _ in range(2):
        assert services.change_kind(size, Typed(FieldKind.NUMBER, Style.COMMA)) == 0
        assert [Contact.objects.get(pk=person.pk).fields["size"] for person in people] == ["1.234", "2.5"]


def test_a_form_with_more_fields_than_most_have_keeps_them_all() -> None:
    workspace = make_workspace()
    client, member = Client(), make_member(workspace)
    client.force_login(member.user)
    person = make_contact(workspace, "ada@example.com", fields={"zzz": "keep me"})
    names = [*(f"f{n}" for n in range(201)), "zzz"]
    form = {"email": person.email, "custom_name": names, "custom_value": [""] * 201 + ["keep me"]}
    assert client.post(member.url("contacts:edit", person.pk), form).status_code == 302
    person.refresh_from_db()
    assert person.fields == {"zzz": "keep me"}
