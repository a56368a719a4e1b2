"""Weighings of a legitimate interest: versions that are never changed, told to whoever asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.test import Client

from campaigns.contacts import queries
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import ContactImport, ContactList, ListInterest
from campaigns.contacts.services import Weighing, weigh_interest
from campaigns.contacts.states import LegalBasis
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from tests.builders import make_contact, make_import, make_list, make_member, make_workspace
from tests.programs import program_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    cache.clear()
    return make_member(make_workspace())


@pytest.fixture
def leads(member: Member) -> ContactList:
    ada = make_contact(member.workspace, origin=make_import(member.workspace, legal_basis=LegalBasis.INTEREST))
    return make_list(member.workspace, "Leads", (ada,))


def weighing(days: int = 100) -> Weighing:
    due = clock.now().date() + timedelta(days=days)
    return Weighing("We sell racks.", "Names and addresses of work only.", "They expect offers.", due)


def test_each_decision_is_a_version_that_nothing_changes(member: Member, leads: ContactList) -> None:
    first = weigh_interest(member, leads, weighing())
    assert weigh_interest(member, leads, weighing()) == first, "said again"
    second = weigh_interest(member, leads, replace(weighing(), balancing="They asked\0 for \n offers."), seen=1)
    assert (second.version, second.balancing, second.decided_by) == (2, "They asked for offers.", member.user.email)
    assert [one.version for one in queries.interests_of(leads)] == [2, 1]
    with pytest.raises(BadContact, match="another version meanwhile"):
        weigh_interest(member, leads, weighing(), seen=1)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        ListInterest.objects.update(purpose="other")
    assert queries.lists_weighed(member.workspace.pk) == [leads.pk]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"purpose": " \n"}, "purpose"),
        ({"balancing": "x" * 2_001}, "balancing"),
        ({"review_on": clock.now().date()}, "review_on"),
        ({"review_on": clock.now().date() + timedelta(days=800)}, "review_on"),
    ],
)
def test_what_is_not_weighed_is_refused(
    member: Member, leads: ContactList, change: dict[str, object], field: str
) -> None:
    with pytest.raises(BadContact) as refused:
        weigh_interest(member, leads, replace(weighing(), **change))  # type: ignore[arg-type]
    assert refused.value.field == field
    assert not ListInterest.objects.exists()


def test_a_version_whose_day_is_past_counts_no_more(member: Member, leads: ContactList) -> None:
    row = weigh_interest(member, leads, weighing())
    late = {"decided_by": "x", "decided_at": clock.now(), "review_on": clock.now().date() - timedelta(days=1)}
    texts = {"purpose": "p", "necessity": "n", "balancing": "b"}
    ListInterest.objects.create(contact_list=leads, version=row.version + 1, **texts, **late)
    assert queries.lists_weighed(member.workspace.pk) == []


def test_the_page_keeps_a_version_and_viewers_only_read(member: Member, leads: ContactList) -> None:
    client, url = Client(), member.url("contacts:list_interest", leads.pk)
    client.force_login(member.user)
    assert "Nothing is weighed yet" in client.get(url).text
    asked = {"purpose": "We sell racks.", "necessity": "Names only.", "balancing": "They expect it.", "seen": "0"}
    assert client.post(url, {**asked, "review_on": "2001-01-01"}).status_code == 422
    day = (clock.now().date() + timedelta(days=30)).isoformat()
    assert client.post(url, {**asked, "review_on": day}).status_code == 302
    assert "Version 1" in client.get(url).text
    assert "Version 1, decided by" in client.get(member.url("contacts:list_detail", leads.pk)).text
    viewer = make_member(member.workspace, Role.VIEWER)
    client.force_login(viewer.user)
    assert "Keep this version" not in client.get(url).text
    assert client.post(url, {**asked, "review_on": day}).status_code == 403


def test_programs_add_versions_and_read_them(member: Member, leads: ContactList) -> None:
    program, path = program_of(member), f"/lists/{leads.pk}/interests"
    due = (clock.now().date() + timedelta(days=30)).isoformat()
    asked = {"purpose": "We sell racks.", "necessity": "Names only.", "balancing": "They expect it.", "review_on": due}
    made = program.ask("POST", path, asked)
    assert (made.status_code, made.json()["version"], made.json()["decided_by"]) == (201, 1, member.user.email)
    assert [row["review_on"] for row in program.ask("GET", path).json()] == [due]
    refused = program.ask("POST", path, {**asked, "review_on": "2001-01-01"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "review_on")


def test_whoever_asks_how_you_got_their_address_gets_what_was_weighed(member: Member, leads: ContactList) -> None:
    weigh_interest(member, leads, weighing())
    (ada,) = queries.contacts_for(member, leads.members.values_list("contact", flat=True))
    letter = queries.origin_letter(member, ada)
    assert "What our interest is: We sell racks. Why it takes your data: Names and addresses of work only." in letter
    assert "Weighed on" in letter
    names = [one.name for one in queries.data_of(member, ada).sections if one.rows]
    assert "Legitimate interests weighed for the lists" in names
    ContactImport.objects.update(legal_basis=LegalBasis.CONSENT)
    ada.refresh_from_db()
    assert "What our interest is" not in queries.origin_letter(member, ada)
