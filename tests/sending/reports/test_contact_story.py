"""What a contact's page tells of sending: campaigns, messages, answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.kit import clock
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.outbox.models import OutboundMessage
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_inbound,
    make_mailbox,
    make_member,
    make_message,
    make_step,
    make_workspace,
)

pytestmark = pytest.mark.django_db


def answered(member: Member, email: str = "ada@x.com") -> tuple[Contact, OutboundMessage, InboundMessage]:
    """Make a contact who was written to and answered."""
    campaign: Campaign = make_campaign(member.workspace, "Spring fair")
    contact = make_contact(member.workspace, email)
    mailbox = make_mailbox(member.workspace)
    message = make_message(make_enrollment(campaign, contact), make_step(campaign, subject="A question"), mailbox)
    inbound = make_inbound(mailbox, contact=contact, answers=message)
    whom: dict[str, Any] = {
        "contact_id": contact.pk,
        "campaign_id": campaign.pk,
        "message_id": message.pk,
        "mailbox_id": mailbox.pk,
    }
    record(
        [
            Entry(member.workspace.pk, EventKind.ATTEMPTED, clock.now(), **whom),
            Entry(member.workspace.pk, EventKind.SENT, clock.now(), **whom),
            Entry(member.workspace.pk, EventKind.REPLIED, clock.now(), data={"inbound": inbound.pk}, **whom),
        ]
    )
    return contact, message, inbound


def page_of(member: Member, contact: Contact, **headers: str) -> str:
    client = Client()
    client.force_login(member.user)
    answer = client.get(member.url("reports:contact_story", contact.pk), headers=headers)
    assert answer.status_code == 200
    return answer.text


def test_the_story_leads_to_the_campaign_the_message_and_the_answer() -> None:
    member = make_member(make_workspace())
    contact, message, inbound = answered(member)
    page = page_of(member, contact)
    assert "Spring fair" in page
    assert "A question" in page
    assert member.url("reports:message", message.pk) in page
    assert member.url("inbox:detail", inbound.pk) in page
    assert "Attempted" not in page  # the steps inside one delivery stand in the message's own story


def test_the_part_inside_the_contacts_page_is_the_part_of_the_page_of_its_own() -> None:
    member = make_member(make_workspace())
    contact, _, _ = answered(member)
    part = page_of(member, contact, hx_request="true").strip()
    assert part.startswith('<div id="story"')
    assert part in page_of(member, contact)


def test_a_contact_who_was_never_written_to_has_a_story_that_says_so() -> None:
    member = make_member(make_workspace())
    page = page_of(member, make_contact(member.workspace))
    assert "Nothing was sent to this contact" in page
    assert "In no campaign so far" in page


def test_the_contacts_page_asks_for_the_story() -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace)
    client = Client()
    client.force_login(member.user)
    assert (
        f'hx-get="{member.url("reports:contact_story", contact.pk)}"'
        in client.get(member.url("contacts:detail", contact.pk)).text
    )


def test_a_stranger_is_told_nothing() -> None:
    contact, _, _ = answered(make_member(make_workspace()))
    stranger = make_member(make_workspace("other"))
    client = Client()
    client.force_login(stranger.user)
    assert client.get(stranger.url("reports:contact_story", contact.pk)).status_code == 404
