"""Whoever is deleted and added again, or had the address before, does not get a campaign's messages once more."""

from __future__ import annotations

import pytest

from campaigns.contacts.models import Contact, ContactList, ListMember
from campaigns.contacts.services import delete_contacts, edit_contact
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox
from sending.planner.models import Enrollment, WrittenPrint
from sending.planner.services import grow_audiences
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import make_contact, make_running_campaign
from tests.sending.planner.pages import signed_in, text_of
from tests.sending.planner.stage import emails, make_sender, make_team, pick

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def mailbox(member: Member) -> Mailbox:
    return make_sender(member)


@pytest.fixture
def campaign(member: Member, mailbox: Mailbox) -> Campaign:
    people = make_contact(member.workspace, "ada@example.com"), make_contact(member.workspace, "bob@example.com")
    return make_running_campaign(member, people, (mailbox,), grows=True)


def add(member: Member, email: str) -> Contact:
    contact = make_contact(member.workspace, email)
    ListMember.objects.create(contact_list=ContactList.objects.get(), contact=contact)
    return contact


def test_who_is_deleted_and_added_again_is_skipped_with_the_reason(
    member: Member, mailbox: Mailbox, campaign: Campaign
) -> None:
    assert len(pick(mailbox)) == 2
    delete_contacts(member.workspace, [Contact.objects.get(email="ada@example.com").pk])
    again, eve = add(member, "Ada@Example.com"), add(member, "eve@example.com")
    assert grow_audiences() == 1
    row = Enrollment.objects.get(campaign=campaign, contact=again)
    assert (row.state, row.stop_reason, row.due_at) == (EnrollmentState.SKIPPED, StopReason.WRITTEN_BEFORE, None)
    assert Event.objects.get(kind=EventKind.SKIPPED, enrollment_id=row.pk).data["words"] == row.stop_detail
    assert emails(pick(mailbox)) == [eve.email]
    page = text_of(signed_in(member).get(member.url("planner:people", campaign.pk)))
    assert "Was written to before" in page
    assert (grow_audiences(), Enrollment.objects.filter(contact=again).count()) == (0, 1)


def test_who_was_not_written_to_is_enrolled_as_anybody(member: Member, mailbox: Mailbox, campaign: Campaign) -> None:
    delete_contacts(member.workspace, [Contact.objects.get(email="ada@example.com").pk])
    assert not WrittenPrint.objects.exists()
    add(member, "ada@example.com")
    assert grow_audiences() == 1
    assert sorted(emails(pick(mailbox))) == ["ada@example.com", "bob@example.com"]
    assert Enrollment.objects.filter(campaign=campaign, state=EnrollmentState.SENDING).count() == 2


def test_another_contact_gets_the_address_that_somebody_had_before(
    member: Member, mailbox: Mailbox, campaign: Campaign
) -> None:
    pick(mailbox)
    ada = Contact.objects.get(email="ada@example.com")
    edit_contact(ada, {"email": "ada@elsewhere.com"}, {}, by=member.user)
    again = add(member, "ada@example.com")
    assert grow_audiences() == 0
    assert Enrollment.objects.get(contact=again).stop_reason == StopReason.WRITTEN_BEFORE
    assert Enrollment.objects.get(contact=ada).state == EnrollmentState.SENDING


def test_a_print_is_of_one_campaign_and_tells_nobody_the_address(
    member: Member, mailbox: Mailbox, campaign: Campaign
) -> None:
    pick(mailbox)
    ada = Contact.objects.get(email="ada@example.com")
    other = make_running_campaign(member, (ada,), (mailbox,), name="Other")
    pick(mailbox)
    delete_contacts(member.workspace, [ada.pk])
    first, second = WrittenPrint.objects.order_by("campaign").values_list("campaign", "print")
    assert (first[0], second[0]) == (campaign.pk, other.pk)
    assert first[1] != second[1]
    assert "ada" not in first[1] + second[1]
