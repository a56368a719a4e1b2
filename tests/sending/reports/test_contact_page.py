"""The page of a contact: everything of every room in one order, a page at a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.contacts import services
from campaigns.contacts.core.moments import Place, read_place
from campaigns.contacts.models import Contact, ContactEdit, ContactNote, ImportChange
from campaigns.contacts.queries import timeline_of
from campaigns.contacts.queries.history import TIMELINE_SIZE
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.pacing import HoldCode
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_import,
    make_inbound,
    make_list,
    make_mailbox,
    make_member,
    make_message,
    make_step,
    make_workspace,
)

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


def client_of(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def page_of(member: Member, contact: Contact, query: str = "", **headers: str) -> str:
    answer = client_of(member).get(member.url("contacts:detail", contact.pk) + query, headers=headers)
    assert answer.status_code == 200
    return answer.text


def make_busy(member: Member, email: str = "ada@x.com") -> Contact:
    """Make a contact with one thing of every kind that a timeline can tell."""
    workspace = member.workspace
    origin = make_import(workspace, "fair.csv", source="Met at the spring fair", created_by=member.user)
    contact = make_contact(workspace, email, origin=origin, country="DE")
    make_list(workspace, f"Leads {contact.pk}", (contact,))
    services.add_tags(workspace, [contact.pk], ["hot"])
    services.add_note(member, contact, "Likes tea")
    ContactEdit.objects.create(contact=contact, changes={"fields.plan": ["", "gold"]}, made_by=member.user)
    later = make_import(workspace, "crm.csv", finished_at=DAY)
    ImportChange.objects.create(
        contact_import=later, contact=contact, updated_before=DAY, changes={"company": [None, "Acme"]}
    )
    campaign, mailbox = make_campaign(workspace, "Spring"), make_mailbox(workspace, f"me{contact.pk}@acme.example")
    held = {"hold_code": HoldCode.ABSENT, "hold_detail": "Away until Monday", "held_since": DAY}
    row = make_enrollment(campaign, contact, due_at=clock.now() + timedelta(days=3), **held)
    message = make_message(row, make_step(campaign, subject="A question"), mailbox)
    inbound = make_inbound(mailbox, subject="Re: A question", contact=contact, answers=message)
    whom: dict[str, Any] = {"contact_id": contact.pk, "campaign_id": campaign.pk, "mailbox_id": mailbox.pk}
    told = {**whom, "message_id": message.pk}
    held_data = {"code": "absent", "words": "Away until Monday"}
    record(
        [
            Entry(workspace.pk, EventKind.ATTEMPTED, DAY, **told),
            Entry(workspace.pk, EventKind.SENT, DAY, **told),
            Entry(workspace.pk, EventKind.REPLIED, DAY, data={"inbound": inbound.pk}, **told),
            Entry(workspace.pk, EventKind.HELD, DAY, data=held_data, **whom),
        ]
    )
    services.suppress(workspace, email, SuppressionReason.OPTED_OUT, evidence="please stop")
    return contact


def test_the_page_tells_everything_of_every_room_in_one_order() -> None:
    member = make_member(make_workspace())
    contact = make_busy(member)
    moments, older = timeline_of(member, contact)
    assert older is None
    assert [one.place.at for one in moments] == sorted((one.place.at for one in moments), reverse=True)
    told = {(one.title, one.words) for one in moments}
    assert told == {
        ("Imported from fair.csv", "Met at the spring fair"),
        (f"Put on the list Leads {contact.pk}", ""),
        ("Tagged hot", ""),
        ("Note", "Likes tea"),
        ("Changed by the import of crm.csv", "Company: empty → “Acme”"),
        ("Edited by hand", "plan: empty → “gold”"),
        ("Entered the campaign Spring", ""),
        ("Sent in Spring", "A question"),
        ("Reply", "Re: A question"),  # once: the event of the same mail is left out
        ("Held in Spring", "Away until Monday"),
        ("ada@x.com suppressed: opted out", "please stop"),
    }
    Campaign.objects.update(state="running", launched_at=DAY)
    page = page_of(member, contact)
    for one in moments:
        assert one.title in page
        assert one.url in page
    assert "Next: step 1 of Spring" in page
    assert "Europe/Berlin" in page
    assert "from the country DE" in page
    assert "Held: Away until Monday" in page
    assert "Never written to: opted out" in page
    Campaign.objects.update(state="paused")
    page = page_of(member, contact)
    assert "Next: step" not in page
    assert "The campaign is paused: nothing of it goes out" in page


def test_pages_of_the_timeline_join_without_a_gap_whatever_shares_an_instant() -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace)
    for number in range(TIMELINE_SIZE + 5):
        note = services.add_note(member, contact, f"Note {number}")
        ContactNote.objects.filter(pk=note.pk).update(created_at=DAY + timedelta(hours=number // 4))
    edits = [ContactEdit(contact=contact, changes={}, made_by=member.user) for _ in range(TIMELINE_SIZE)]
    ContactEdit.objects.bulk_create(edits)
    ContactEdit.objects.filter(contact=contact).update(made_at=DAY + timedelta(hours=2))
    seen, after = [], ""
    while True:
        moments, older = timeline_of(member, contact, after=after)
        seen += [one.place for one in moments]
        if older is None:
            break
        after = older.written()
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == 1 + TIMELINE_SIZE + 5 + TIMELINE_SIZE


def test_a_place_survives_the_address_and_nonsense_is_the_first_page() -> None:
    place = Place(DAY, "note", 7)
    assert read_place(place.written()) == place
    for text in ("", "x", "W10", "!" * 600, "WyIyMDI2IiwxLDJd", "WyIyMDI2LTAxLTA1VDA5OjAwOjAwIiwgIm4iLCAxXQ"):
        assert read_place(text) is None


def test_the_number_of_queries_is_the_same_for_one_thing_and_for_many() -> None:
    member = make_member(make_workspace())
    contact = make_busy(member)
    client = client_of(member)
    url = member.url("contacts:detail", contact.pk)
    client.get(url)
    with CaptureQueriesContext(connection) as once:
        client.get(url)
    mailbox = make_mailbox(member.workspace, "more@acme.example")
    for number in range(5):
        campaign = make_campaign(member.workspace, f"Campaign {number}")
        row = make_enrollment(campaign, contact)
        message = make_message(row, make_step(campaign), mailbox)
        make_inbound(mailbox, contact=contact, answers=message)
        record([Entry(member.workspace.pk, EventKind.SENT, DAY, contact_id=contact.pk, message_id=message.pk)])
        make_list(member.workspace, f"List {number}", (contact,))
        services.add_note(member, contact, f"Note {number}")
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(once)
    assert len(once) < 45


def test_the_timeline_alone_is_the_one_inside_the_page_also_further_down() -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace)
    for number in range(TIMELINE_SIZE + 5):
        services.add_note(member, contact, f"Note {number}")
    (older,) = set(re.findall(r"\?after=[\w-]+", page_of(member, contact)))
    for query in ("", older):
        part = page_of(member, contact, query, hx_request="true").strip()
        assert part.startswith('<div id="timeline"')
        assert part in page_of(member, contact, query)
    assert "Added by hand" in page_of(member, contact, older)


def test_notes_are_changed_by_who_wrote_them_and_leave_a_trace_when_they_go() -> None:
    workspace = make_workspace()
    author, admin = make_member(workspace, Role.MEMBER), make_member(workspace, Role.ADMIN)
    other = make_member(workspace, Role.MEMBER, email="other@acme.example")
    contact = make_contact(workspace)
    url = author.url("contacts:note_add", contact.pk)
    assert client_of(author).post(url, {"text": " Likes\r\ntea "}).status_code == 302
    refused = client_of(author).post(url, {"text": " "})
    assert refused.status_code == 422
    assert "There is nothing in the note" in refused.text
    note = ContactNote.objects.get()
    assert (note.text, note.created_by) == ("Likes\ntea", author.user)
    change, removal = author.url("contacts:note_edit", note.pk), author.url("contacts:note_removal", note.pk)
    assert client_of(other).post(change, {"text": "Likes gin"}).status_code == 403
    assert client_of(other).post(removal).status_code == 403
    assert client_of(author).post(change, {"text": "Likes milk"}).status_code == 302
    assert "Note, edited by Member of Acme" in page_of(other, contact)
    assert client_of(admin).post(removal).status_code == 302
    note.refresh_from_db()
    assert (note.text, note.deleted_by) == ("", admin.user)
    page = page_of(author, contact)
    assert "Note, deleted by Admin of Acme" in page
    assert "Likes" not in page
    assert client_of(author).get(change).status_code == 404


def test_a_contact_in_no_campaign_says_so() -> None:
    member = make_member(make_workspace())
    page = page_of(member, make_contact(member.workspace))
    assert "In no campaign so far" in page
    assert "Not known: the clock of each campaign decides" in page
