"""By provider: people meet a mailbox at their own provider where there is one; all others go anywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.contacts.states import LegalBasis
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.presets import receiver_at
from sending.mailboxes.states import MailboxState, SignInKind
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation
from sending.planner.lawful.stating import state_ground
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.services import launch, set_senders
from sending.planner.states import EnrollmentState
from tests.builders import make_audience, make_contact, make_list, make_running_campaign
from tests.sending.planner.pages import make_draft
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    database_time,
    lease,
    make_sender,
    make_spending,
    make_team,
    make_waiting,
    pick,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("host", "address", "sign_in", "provider"),
    [
        ("smtp.gmail.com", "me@acme.example", SignInKind.PASSWORD, Receiver.GOOGLE),
        ("smtp.office365.com", "me@acme.example", SignInKind.PASSWORD, Receiver.MICROSOFT),
        ("smtp.mail.yahoo.com", "me@yahoo.com", SignInKind.PASSWORD, Receiver.YAHOO),
        ("smtp.acme.example", "me@acme.example", SignInKind.PASSWORD, Receiver.OTHER),
        ("relay.acme.example", "me@acme.example", SignInKind.GOOGLE, Receiver.GOOGLE),
        ("relay.acme.example", "me@acme.example", SignInKind.MICROSOFT, Receiver.MICROSOFT),
    ],
)
def test_a_mailbox_is_at_the_provider_of_its_server_or_its_sign_in(
    host: str, address: str, sign_in: SignInKind, provider: Receiver
) -> None:
    assert receiver_at(host, address, sign_in) is provider


def test_a_launch_notes_who_receives_the_mail_of_each_person() -> None:
    member = make_team()
    campaign = make_draft(member, people=1)
    emails = ("a@gmail.com", "b@hotmail.co.uk", "c@aol.com")
    people = tuple(make_contact(member.workspace, email, first_name="Ada") for email in emails)
    make_audience(campaign, make_list(member.workspace, "Others", people))
    state_ground(member, campaign, LegalBasis.CONTRACT, "Customers.")
    launch(member, campaign)
    found = dict(Enrollment.objects.values_list("contact__email", "receiver"))
    assert found == {
        "p0@example.com": "other", "a@gmail.com": "google", "b@hotmail.co.uk": "microsoft", "c@aol.com": "yahoo",
    }  # fmt: skip


def make_matched(member: Member, *, people: int = 4, **google: object) -> tuple[Campaign, Mailbox, Mailbox]:
    """Make a campaign to as many people at Google as elsewhere, from a mailbox at Google and one of its own domain."""
    own = make_sender(member, "own@acme.example")
    at_google = make_sender(member, "me@gmail.com", smtp_host="smtp.gmail.com", **google)
    some = [f"g{n}@gmail.com" for n in range(people)] + [f"o{n}@example.com" for n in range(people)]
    contacts = tuple(make_contact(member.workspace, email) for email in some)
    campaign = make_running_campaign(member, contacts, (own, at_google))
    set_senders(member, campaign, [own.pk, at_google.pk], rotation=Rotation.PROVIDER)
    return campaign, own, at_google


def pairs_of(*mailboxes: Mailbox) -> set[tuple[str, str]]:
    """Return the domains of sender and recipient of each pick."""
    return {(one.sender.address.partition("@")[2], one.contact.email.partition("@")[2]) for one in pick(*mailboxes)}


def test_people_at_google_are_begun_from_google_and_all_others_from_any() -> None:
    _, own, at_google = make_matched(make_team())
    assert pairs_of(own, at_google) == {
        ("gmail.com", "gmail.com"), ("gmail.com", "example.com"), ("acme.example", "example.com"),
    }  # fmt: skip
    assert not Enrollment.objects.filter(state=EnrollmentState.ACTIVE).exists()


def test_while_the_matching_mailbox_is_full_its_people_wait_and_others_go_on() -> None:
    member = make_team()
    _, own, at_google = make_matched(member, daily_limit=2)
    make_spending(at_google, 2)
    assert pairs_of(own, at_google) == {("acme.example", "example.com")}
    assert pairs_of(own, at_google) == set()
    left = Enrollment.objects.filter(state=EnrollmentState.ACTIVE)
    assert {row.receiver for row in left} == {Receiver.GOOGLE}
    assert {row.hold_code for row in left} == {""}, "nobody who waits is written"


@pytest.mark.parametrize("state", [MailboxState.PAUSED, MailboxState.BLOCKED, MailboxState.NEEDS_SIGN_IN])
def test_where_no_matching_mailbox_is_usable_any_other_takes_its_people(state: MailboxState) -> None:
    _, own, at_google = make_matched(make_team())
    Mailbox.objects.filter(pk=at_google.pk).update(state=state)
    assert pairs_of(own) == {("acme.example", "gmail.com"), ("acme.example", "example.com")}


def test_a_follow_up_stays_with_its_mailbox_whatever_the_provider() -> None:
    member = make_team()
    campaign, own, at_google = make_matched(member, people=1)
    old = make_contact(member.workspace, "old@gmail.com")
    row = make_waiting(campaign, old, own, due_at=database_time() - HOUR)
    Enrollment.objects.filter(pk=row.pk).update(next_position=1)  # the campaign has one step
    assert ("acme.example", "gmail.com") in pairs_of(own, at_google)


def test_a_mailbox_whose_people_are_all_begun_is_not_looked_at_again_at_once() -> None:
    member = make_team()
    _, own, _ = make_matched(member)
    owner = lease([own])
    MailboxClock.objects.update(look_at=database_time() + DAY)  # as a tick leaves it
    while claim(owner, [own.pk]):
        pass
    assert Enrollment.objects.filter(state=EnrollmentState.ACTIVE, receiver=Receiver.GOOGLE).count() == 4
    assert CampaignMailbox.objects.get(mailbox=own).receivers == ["microsoft", "yahoo", "other"]
    leases.give_back(owner, [own.pk])
    assert MailboxClock.objects.get(mailbox=own).look_at >= database_time() + timedelta(minutes=9), "not in a circle"


def test_back_to_even_everybody_goes_to_any_mailbox_again() -> None:
    member = make_team()
    campaign, own, at_google = make_matched(member)
    make_spending(at_google, 1_000)
    assert pairs_of(own) == {("acme.example", "example.com")}
    set_senders(member, campaign, [own.pk, at_google.pk], rotation=Rotation.EVEN)
    assert CampaignMailbox.objects.get(mailbox=own).receivers is None
    assert pairs_of(own) == {("acme.example", "gmail.com")}


def test_what_a_claim_writes_behind_a_change_of_rotation_delays_no_look() -> None:
    member = make_team()
    campaign, own, at_google = make_matched(member)
    set_senders(member, campaign, [own.pk, at_google.pk], rotation=Rotation.EVEN)
    CampaignMailbox.objects.filter(mailbox=own).update(receivers=["yahoo"])
    owner, now = lease([own]), database_time()
    MailboxClock.objects.update(look_at=now + DAY)
    leases.give_back(owner, [own.pk])
    assert MailboxClock.objects.get(mailbox=own).look_at == now, "eight people are due"


def test_many_at_one_provider_do_not_hide_those_behind_them() -> None:
    member = make_team()
    own, at_google = (
        make_sender(member, "own@acme.example"),
        make_sender(member, "me@gmail.com", smtp_host="smtp.gmail.com"),
    )
    emails = [*(f"g{n}@gmail.com" for n in range(30)), "last@example.com"]
    people = tuple(make_contact(member.workspace, email) for email in emails)
    campaign = make_running_campaign(member, people, (own, at_google))
    set_senders(member, campaign, [own.pk, at_google.pk], rotation=Rotation.PROVIDER)
    assert [one.contact.email for one in pick(own)] == ["last@example.com"]
