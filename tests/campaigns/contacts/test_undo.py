"""An import is taken back whole, except what was changed since; and why is said before and after."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.contacts import queries, services
from campaigns.contacts.core.undo import before_of_next, taken_back
from campaigns.contacts.errors import IllegalMove
from campaigns.contacts.models import (
    Contact,
    ContactImport,
    ContactList,
    ContactTag,
    ImportChange,
    ImportTrace,
    ListMember,
    Suppression,
)
from campaigns.contacts.services import undoing
from campaigns.contacts.states import BulkAction, ImportPolicy, ImportState
from campaigns.contacts.views import undo as undo_views
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.celery import app
from outreach.kit import clock
from tests.builders import make_campaign, make_contact, make_enrollment, make_list, make_member, make_workspace

pytestmark = pytest.mark.django_db


def imported(
    workspace: Workspace,
    text: str,
    *,
    to: ContactList | None = None,
    tags: tuple[str, ...] = (),
    policy: ImportPolicy = ImportPolicy.OVERWRITE,
) -> ContactImport:
    row = services.store_upload(workspace, "leads.csv", [text.encode()])
    row.policy, row.tags = policy, list(tags)
    services.confirm(row, row.mapping, to, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE, row.problem
    return row


def undone(member: Member, row: ContactImport) -> ContactImport:
    services.undo_import(row, by=member.user, hint=False)
    row.refresh_from_db()
    return row


def everything(workspace: Workspace) -> dict[str, list[Any]]:
    """Return each value of each contact, and each place on a list and of a tag."""
    contacts = Contact.objects.filter(workspace=workspace).order_by("email_key")
    return {
        "contacts": list(contacts.values()),
        "places": list(ListMember.objects.filter(contact__workspace=workspace).order_by("pk").values()),
        "tags": list(ContactTag.objects.filter(contact__workspace=workspace).order_by("pk").values()),
    }


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace())


def test_what_nothing_else_touched_is_as_before_and_who_did_it_is_kept(member: Member) -> None:
    leads = make_list(member.workspace)
    known = make_contact(
        member.workspace, "ada@x.com", first_name="Ada", title="CTO", fields={"note": "old", "shoe": "38"}
    )
    make_contact(member.workspace, "same@x.com", first_name="Same")
    services.add_tags(member.workspace, [known.pk], ["vip"])
    before = everything(member.workspace)
    row = imported(
        member.workspace,
        "email,first name,title,note,hat\nada@x.com,Ada,CEO,new,L\nsame@x.com,Same,,,\nbob@x.com,Bob,,,\n",
        to=leads,
        tags=("fair", "vip"),
    )
    assert (row.rows_created, row.rows_updated, row.rows_unchanged) == (1, 1, 1)
    assert ListMember.objects.count() == 3
    assert ContactTag.objects.count() == 6
    preview = queries.undo_preview(row)
    assert (preview.removed, preview.kept, preview.changed, preview.changed_since) == (1, (), 1, 0)
    assert (preview.places, preview.tags) == (2, 3)
    assert set(preview.restored[0].values) == {
        ("title", "CEO", "CTO"), ("fields.note", "new", "old"), ("fields.hat", "L", ""),
    }  # fmt: skip

    undone(member, row)
    assert everything(member.workspace) == before
    assert (row.state, row.undone_by) == (ImportState.UNDONE, member.user)
    assert row.undone_at is not None
    assert (row.undo["removed"], row.undo["restored"], row.undo["places"], row.undo["tags"]) == (1, 1, 2, 3)
    assert not ImportChange.objects.exists()
    assert not ImportTrace.objects.exists()
    with pytest.raises(IllegalMove):
        services.undo_import(row, by=member.user)


def test_who_came_to_something_since_stays_each_with_the_cause(member: Member) -> None:
    workspace = member.workspace
    leads, other = make_list(workspace), make_list(workspace, "Other")
    names = ["edited", "enrolled", "noted", "listed", "tagged", "reimported", "confirmed", "left"]
    lines = "".join(f"{name}@x.com,First\n" for name in names)
    row = imported(workspace, f"email,first name\n{lines}", to=leads, tags=("fair",))
    who = {name: Contact.objects.get(email_key=f"{name}@x.com") for name in names}
    services.edit_contact(who["edited"], {"email": "edited@x.com", "first_name": "Else"}, {})
    make_enrollment(make_campaign(workspace), who["enrolled"])
    services.add_note(member, who["noted"], "Called her.")
    services.add_to_list(other, [who["listed"].pk])
    services.add_tags(workspace, [who["tagged"].pk], ["vip"])
    later = imported(workspace, "email,first name\nreimported@x.com,New\nconfirmed@x.com,First\n")
    kept = {one.cause: [email for _, email in one.samples] for one in queries.undo_preview(row).kept}
    assert kept == {
        "contacts.contactedit": ["edited@x.com"],
        "contacts.contactnote": ["noted@x.com"],
        "planner.enrollment": ["enrolled@x.com"],
        "changed_again": ["reimported@x.com"],
        "in_later_file": ["confirmed@x.com"],
        "listed": ["listed@x.com"],
        "tagged": ["tagged@x.com"],
    }
    undone(member, row)
    assert row.undo["kept"] == dict.fromkeys(kept, 1)
    assert row.undo["removed"] == 1
    assert sorted(Contact.objects.values_list("email_key", flat=True)) == sorted(f"{n}@x.com" for n in names[:-1])
    # who stays, stays whole: with the list and the tag of the import, and with their origin
    assert leads.members.count() == ContactTag.objects.filter(tag__name="fair").count() == len(names) - 1
    assert set(Contact.objects.values_list("origin", flat=True)) == {row.pk}
    assert {one.words for one in queries.kept_by_cause(row.undo["kept"])} >= {"they were taken into a campaign"}

    undone(member, later)
    who["reimported"].refresh_from_db()
    assert who["reimported"].first_name == "First"


def test_values_that_were_changed_since_stay_and_the_next_undo_finds_what_was_before_both(member: Member) -> None:
    ada = make_contact(member.workspace, "ada@x.com", first_name="A", title="T1", city="C1")
    before = everything(member.workspace)
    first = imported(member.workspace, "email,first name,title\nada@x.com,B,T2\n")
    second = imported(member.workspace, "email,title,city\nada@x.com,T3,C2\n")
    undone(member, first)
    ada.refresh_from_db()
    assert (ada.first_name, ada.title, ada.city) == ("A", "T3", "C2")
    assert first.undo["kept_values"] == 1
    undone(member, second)
    ada.refresh_from_db()
    assert (ada.first_name, ada.title, ada.city) == ("A", "T1", "C1")
    assert [{**one, "updated_at": None} for one in everything(member.workspace)["contacts"]] == [
        {**one, "updated_at": None} for one in before["contacts"]
    ]


def test_a_large_undo_goes_in_batches_and_a_lost_hint_is_swept(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoing, "_SMALL", 10)
    monkeypatch.setattr(undoing, "_AT_ONCE", 7)
    hinted: list[tuple[str, int]] = []
    monkeypatch.setattr(app, "send_task", lambda name, args, **_: hinted.append((name, args[0])))
    lines = "".join(f"p{n}@x.com,F{n}\n" for n in range(40))
    for n in range(20):
        make_contact(member.workspace, f"p{n * 2}@x.com")
    before = everything(member.workspace)
    row = imported(member.workspace, f"email,first name\n{lines}", to=make_list(member.workspace), tags=("a",))
    services.undo_import(row, by=member.user)
    row.refresh_from_db()
    assert row.state == ImportState.UNDOING
    services.sweep_imports()
    assert hinted == [("contacts.undo_import", row.pk)] * 2
    services.run_undo(row.pk)
    row.refresh_from_db()
    assert (row.undo["removed"], row.undo["restored"], row.undo["places"], row.undo["tags"]) == (20, 20, 20, 20)
    assert everything(member.workspace) == before


def test_after_a_month_the_record_is_gone_and_the_import_stays(member: Member) -> None:
    make_contact(member.workspace, "ada@x.com", first_name="Old")
    row = imported(member.workspace, "email,first name\nada@x.com,New\n")
    assert queries.can_be_undone(row)
    ContactImport.objects.filter(pk=row.pk).update(merged_at=clock.now() - timedelta(days=31))
    row.refresh_from_db()
    services.sweep_imports()
    assert not ImportChange.objects.exists()
    assert not ImportTrace.objects.exists()
    with pytest.raises(IllegalMove):
        services.undo_import(row, by=member.user)


def test_the_record_of_a_person_goes_with_the_person(member: Member) -> None:
    ada = make_contact(member.workspace, "ada@x.com", first_name="Old")
    row = imported(member.workspace, "email,first name\nada@x.com,New\n")
    services.delete_contacts(member.workspace, [ada.pk])
    assert not ImportChange.objects.exists()
    assert undone(member, row).undo["restored"] == 0


def test_the_pages_tell_what_will_go_and_stay_and_then_what_did(
    member: Member, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(member.user)
    ada = make_contact(member.workspace, "ada@x.com", title="CTO")
    row = imported(member.workspace, "email,title\nada@x.com,CEO\nbob@x.com,A\ncyd@x.com,B\n", tags=("fair",))
    services.add_note(member, Contact.objects.get(email="cyd@x.com"), "Called her.")
    result, undo = member.url("contacts:import_result", row.pk), member.url("contacts:import_undo", row.pk)
    assert undo in client.get(result).content.decode()
    asked = client.get(undo).content.decode()
    for words in (
        "1 contact that came in",
        "somebody wrote a note about them",
        "cyd@x.com",
        "CEO",
        "CTO",
        "1 tag that it gave",
    ):
        assert words in asked
    monkeypatch.setattr(undo_views, "_AT_ONCE", 2)
    at_once = client.get(undo).content.decode()
    assert "1 contact that came in" not in at_once
    assert 'hx-get="?counted=1"' in at_once
    behind = client.get(f"{undo}?counted=1", headers={"HX-Request": "true"}).content.decode()
    assert "1 contact that came in" in behind
    assert "<html" not in behind
    monkeypatch.setattr(undoing, "_SMALL", 0)
    assert client.post(undo).url == undo  # type: ignore[attr-defined]  # it redirects
    assert "0 of 2 contacts removed" in strip_tags(client.get(undo).content.decode())
    assert "is being undone" in client.get(result).content.decode()
    services.run_undo(row.pk)
    assert client.get(undo, headers={"HX-Request": "true"}).headers["HX-Redirect"] == result
    told = client.get(result).content.decode()
    assert f"undone by {member.user}" in told
    assert "1 contact removed, 1 got their values back" in told
    assert "1: somebody wrote a note about them" in told
    assert "Undo this import" not in told
    ada.refresh_from_db()
    assert ada.title == "CTO"
    assert "cannot be undone" in client.post(undo, follow=True).content.decode()


def test_an_old_value_returns_where_the_new_one_still_stands() -> None:
    current = {"title": "CEO", "city": "Rome", "fields": {"note": "new", "hat": "M", "own": "1"}}
    changes = {
        "title": ("CTO", "CEO"), "city": ("Oslo", "Bern"), "fields.note": ("old", "new"), "fields.hat": (None, "L"),
        "fields.own": (None, "1"),
    }  # fmt: skip
    columns, stays = taken_back(current, changes)
    assert columns == {"title": "CTO", "fields": {"note": "old", "hat": "M"}}
    assert stays == ("city", "fields.hat")
    later = {"city": ("Bern", "Rome"), "title": ("CEO", "CFO")}
    assert before_of_next(later, ("city", "fields.own"), changes) == {
        "city": ["Oslo", "Rome"], "title": ["CEO", "CFO"], "fields.own": [None, "1"],
    }  # fmt: skip


ADDRESS = st.sampled_from(["ada@x.com", "Ada@X.com", "bob@x.com", "cyd@x.com", "dan@y.org"])
WORD = st.sampled_from(["", "one", "two", " two ", "O'Neil", '"q"', "=1+1", "tab\there", "ü"])
TABLE = st.lists(st.tuples(ADDRESS, WORD, WORD, WORD), max_size=6)


def csv_of(rows: list[tuple[str, str, str, str]]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("email", "first name", "city", "note"), ("zoe@x.com", "Zoe", "Rome", "n"), *rows])
    return buffer.getvalue()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=st.tuples(TABLE, TABLE, TABLE), policy=st.sampled_from(ImportPolicy))
def test_any_import_on_top_of_others_is_undone_byte_for_byte(
    member: Member, tables: tuple[Any, Any, Any], policy: ImportPolicy
) -> None:
    """Two imports one behind the other, undone the other way round: after each the contacts are as they were before."""
    workspace = Workspace.objects.create(slug=f"w{Workspace.objects.count()}", name="W")
    member = Member(user=member.user, workspace=workspace, role=member.role)
    leads = make_list(workspace)
    imported(workspace, csv_of(tables[0]), to=leads)
    states, rows = [], []
    for table in tables[1:]:
        states.append(everything(workspace))
        rows.append(imported(workspace, csv_of(table), to=leads, tags=("t",), policy=policy))
    for state, row in zip(reversed(states), reversed(rows), strict=True):
        undone(member, row)
        assert everything(workspace) == state


def test_which_import_came_later_is_told_by_their_ends_and_not_by_when_they_began(
    member: Member,
) -> None:
    ada = make_contact(member.workspace, "ada@x.com", title="CTO")
    first = imported(member.workspace, "email,title\nada@x.com,CEO\n")
    second = imported(member.workspace, "email,title\nada@x.com,CFO\n")
    assert first.merged_at is not None
    ContactImport.objects.filter(pk=second.pk).update(merged_at=first.merged_at - timedelta(seconds=1))
    undone(member, first)
    undone(member, ContactImport.objects.get(pk=second.pk))
    ada.refresh_from_db()
    assert ada.title == "CTO"


def test_what_a_later_file_says_too_stays_until_that_one_is_undone(member: Member) -> None:
    workspace = member.workspace
    ada = make_contact(workspace, "ada@x.com", title="CTO", city="Oslo", fields={"note": "old"})
    before = [{**one, "updated_at": None} for one in everything(workspace)["contacts"]]
    barred = make_list(workspace, "Do not write")
    first = imported(workspace, "email,title,note,city\nada@x.com,CEO,new,Rome\n", to=barred, tags=("no", "fair"))
    same = imported(workspace, "email,title,note\nada@x.com,CEO,new\n", to=barred, tags=("no",))
    imported(workspace, "email,title,note\nada@x.com,CEO,new\n", policy=ImportPolicy.SKIP)
    imported(workspace, "email,title,note\nada@x.com,CEO,new\n", policy=ImportPolicy.FILL)
    assert same.rows_unchanged == 1
    undone(member, first)
    ada.refresh_from_db()
    assert (ada.title, ada.fields, ada.city) == ("CEO", {"note": "new"}, "Oslo")
    assert list(ada.tag_places.values_list("tag__name", flat=True)) == ["no"]
    assert barred.members.count() == 1
    assert (first.undo["places"], first.undo["tags"], first.undo["kept_values"]) == (0, 1, 1)
    undone(member, same)
    assert [{**one, "updated_at": None} for one in everything(workspace)["contacts"]] == before
    assert (barred.members.count(), ada.tag_places.count()) == (0, 0)


def test_a_value_passes_through_all_later_files_in_their_order(member: Member) -> None:
    ada = make_contact(member.workspace, "ada@x.com", title="CTO")
    titles = ("CEO", "CEO", "CFO", "CFO")
    rows = [imported(member.workspace, f"email,title\nada@x.com,{title}\n") for title in titles]
    found = []
    for at in (0, 2, 3, 1):
        undone(member, rows[at])
        ada.refresh_from_db()
        found.append(ada.title)
    assert found == ["CFO", "CFO", "CEO", "CTO"]


def test_who_is_about_to_be_suppressed_with_many_is_kept_and_then_suppressed(member: Member) -> None:
    row = imported(member.workspace, "email\nada@x.com\nbob@x.com\n")
    act = services.plan_bulk(member, BulkAction.SUPPRESS, Contact.objects.filter(email="ada@x.com"))
    services.plan_bulk(member, BulkAction.TAG, Contact.objects.all(), tags=["never confirmed"])
    services.confirm_bulk(act, hint=False)
    assert undone(member, row).undo["kept"] == {"in_act": 1}
    services.run_bulk(act.pk)
    assert list(Suppression.objects.values_list("value", flat=True)) == ["ada@x.com"]


def test_only_what_really_returns_is_promised(member: Member) -> None:
    workspace = member.workspace
    names = ["back", "edited", "again"]
    who = {name: make_contact(workspace, f"{name}@x.com", title="CTO", fields={"note": "old"}) for name in names}
    leads = make_list(workspace)
    lines = "".join(f"{name}@x.com,CEO,new\n" for name in names)
    row = imported(workspace, f"email,title,note\n{lines}", to=leads, tags=("fair",))
    services.edit_contact(who["edited"], {"email": "edited@x.com", "title": "CFO"}, {"note": "own"})
    services.remove_from_list(leads, [who["edited"].pk])
    services.remove_tags(workspace, [who["edited"].pk], ["fair"])
    imported(workspace, "email,title,note\nagain@x.com,CEO,new\n", to=leads, tags=("fair",))
    imported(workspace, "email,note\nback@x.com,new\n")
    preview = queries.undo_preview(row)
    assert (preview.changed, preview.changed_since, preview.places, preview.tags) == (1, 2, 1, 1)
    assert [one.values for one in preview.restored] == [(("title", "CEO", "CTO"),)]
    undone(member, row)
    assert (row.undo["restored"], row.undo["places"], row.undo["tags"]) == (1, 1, 1)


@pytest.mark.parametrize("text", ["email,title\nada@x.com,CEO\n", "email\nada@x.com\n"])
def test_who_only_wrote_to_us_is_that_again_once_no_import_states_them(member: Member, text: str) -> None:
    ada = services.create_contact(member.workspace, {"email": "ada@x.com"}, {}, is_correspondent=True)
    before = everything(member.workspace)
    imported(member.workspace, text, policy=ImportPolicy.SKIP)
    undone(member, imported(member.workspace, text))
    assert everything(member.workspace) == before
    first, second = imported(member.workspace, text), imported(member.workspace, text)
    told = []
    for row in (first, second):
        ada.refresh_from_db()
        told.append(ada.is_correspondent)
        undone(member, row)
    assert told == [False, False]
    ada.refresh_from_db()
    assert (ada.is_correspondent, ada.title) == (True, "")
