"""Why not, where rotation makes somebody wait: now, on a past day, in the waterfall; and what would change it."""

from __future__ import annotations

import pytest

from sending.mailboxes.models import Mailbox, MailboxClock
from sending.pacing import HoldCode
from sending.pacing.history import Cause
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation
from sending.planner.explain.past import past_day
from sending.planner.explain.present import Present, present_of
from sending.planner.explain.remedies import prospect_of
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.services import set_senders
from sending.reports.core import SENT
from sending.reports.waterfall import waterfall_of
from tests.builders import make_contact, make_running_campaign
from tests.sending.planner.stage import HOUR, database_time, make_people, make_sender, make_spending, make_team, pick

pytestmark = pytest.mark.django_db

LEFT = "Waits for a Google mailbox of the campaign; the others leave its people to it."


def make_full_google() -> tuple[Mailbox, Mailbox]:
    """Make a campaign by provider to one person at Google and one elsewhere; the mailbox at Google is full."""
    member = make_team()
    own = make_sender(member, "own@acme.example")
    at_google = make_sender(member, "me@gmail.com", smtp_host="smtp.gmail.com", daily_limit=2)
    make_spending(at_google, 2)
    people = (make_contact(member.workspace, "g@gmail.com"), make_contact(member.workspace, "o@example.com"))
    campaign = make_running_campaign(member, people, (own, at_google))
    set_senders(member, campaign, [own.pk, at_google.pk], rotation=Rotation.PROVIDER)
    return own, at_google


def row_of(receiver: Receiver) -> Enrollment:
    rows = Enrollment.objects.select_related("contact", "campaign__workspace", "mailbox", "workspace")
    return rows.get(receiver=receiver)


def reasons_of(present: Present) -> list[tuple[str, str]]:
    return [(one.code, one.words) for one in present.reasons]


def test_somebody_at_google_is_told_that_the_others_leave_them_to_its_mailbox() -> None:
    _, at_google = make_full_google()
    present = present_of(row_of(Receiver.GOOGLE), now=database_time())
    assert reasons_of(present) == [
        (HoldCode.ROTATION, LEFT),
        (HoldCode.DAILY_LIMIT, "2 of 2 messages of the last 24 hours are sent."),
    ]
    assert present.mailbox is not None
    assert present.mailbox.id == at_google.pk
    elsewhere = present_of(row_of(Receiver.OTHER), now=database_time())
    assert elsewhere.binding.code == Cause.IN_LINE


def test_with_the_only_matching_mailbox_stopped_nothing_holds_them() -> None:
    _, at_google = make_full_google()
    Mailbox.objects.filter(pk=at_google.pk).update(state="paused")
    assert present_of(row_of(Receiver.GOOGLE), now=database_time()).binding.code == Cause.IN_LINE


def test_a_remedy_is_to_let_them_go_to_any_mailbox() -> None:
    make_full_google()
    row, now = row_of(Receiver.GOOGLE), database_time()
    prospect = prospect_of(row, present_of(row, now=now), now=now)
    words = "If new contacts went to whichever mailbox of the campaign is free"
    (remedy,) = [one for one in prospect.remedies if one.words == words]
    assert prospect.at is not None
    assert remedy.at < prospect.at
    assert remedy.place is not None
    assert remedy.place.url_name == "planner:senders"


def test_the_waterfall_adds_up_and_names_what_held_those_who_wait_for_their_provider() -> None:
    own, at_google = make_full_google()
    (picked,) = pick(own, at_google)
    assert picked.contact.email == "o@example.com"
    now = database_time() + HOUR
    row = row_of(Receiver.GOOGLE)
    waterfall = waterfall_of(row.campaign, now.date(), now=now)
    assert sum(one.count for one in waterfall.rows) == waterfall.due
    assert waterfall.causes[row.pk] == HoldCode.DAILY_LIMIT, "not in line: only the full mailbox could have begun them"
    assert SENT in {one.cause for one in waterfall.rows}
    day = past_day(row, now.date(), now=now)
    assert day.reason is not None
    assert day.reason.code == HoldCode.DAILY_LIMIT


def test_by_weights_somebody_is_told_whose_turn_it_is() -> None:
    member = make_team()
    light, heavy = make_sender(member, "light@acme.example"), make_sender(member, "heavy@acme.example")
    campaign = make_running_campaign(member, make_people(member, 1), (light, heavy))
    weights = {light.pk: 1, heavy.pk: 3}
    set_senders(member, campaign, [light.pk, heavy.pk], rotation=Rotation.WEIGHTED, weights=weights)
    now = database_time()
    MailboxClock.objects.filter(mailbox=heavy).update(free_at=now + HOUR)
    present = present_of(row_of(Receiver.OTHER), now=now)
    words = "By the weights of the campaign heavy@acme.example (weight 3) goes first."
    assert (HoldCode.ROTATION, words) in reasons_of(present)
    CampaignMailbox.objects.filter(mailbox=heavy).update(is_keen=False)
    assert present_of(row_of(Receiver.OTHER), now=now).binding.code == Cause.IN_LINE
