"""Who is picked, who is held and why, and who never gets a message."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from campaigns.sequences.models import Campaign, SendWindow, Step, Variant
from campaigns.sequences.states import CampaignState
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.states import MailboxState
from sending.pacing import HoldCode
from sending.planner.claim import picking
from sending.planner.explain.reasons import with_reasons
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import make_contact, make_enrollment, make_running_campaign, make_suppression
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    database_time,
    emails,
    make_empty_campaign,
    make_people,
    make_sender,
    make_spending,
    make_team,
    make_waiting,
    pick,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def only(campaign: Campaign) -> Enrollment:
    return Enrollment.objects.get(campaign=campaign)


def test_a_new_contact_is_picked_with_wording_sender_and_end_of_window() -> None:
    member = make_team()
    person = make_contact(member.workspace, "ada@example.com", first_name="Ada")
    mailbox = make_sender(member, signature="Me, Acme")
    campaign = make_running_campaign(member, (person,), (mailbox,))
    Variant.objects.update(body_text="Good day, {{ first_name }}.", subject="For {{ first_name }}")
    (one,) = pick(mailbox)
    assert (one.contact, one.sender.id, one.step.position, one.is_new_lead) == (person, mailbox.pk, 1, True)
    assert one.wording.subject == "For Ada"
    assert one.wording.text == "Good day, Ada.\n\n-- \nMe, Acme\n\n1 Main Street, Springfield\n"
    now = database_time()
    assert now < one.not_after <= now + DAY
    row = only(campaign)
    assert (row.state, row.mailbox_id, row.due_at) == (EnrollmentState.SENDING, mailbox.pk, None)
    assert row.begun_at == now
    assert pick(mailbox) == [], "whoever is in the outbox's hands is not due"


def test_nobody_is_picked_before_the_instant_at_which_they_are_due() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, make_people(member, 2), (mailbox,), steps=2)
    now = database_time()
    Enrollment.objects.filter(contact__email="p0@example.com").update(due_at=now + MINUTE)
    late = make_contact(member.workspace, "late@example.com")
    make_waiting(campaign, late, mailbox, due_at=now + MINUTE)
    assert emails(pick(mailbox)) == ["p1@example.com"]


def test_follow_ups_go_before_new_contacts_and_the_longest_due_first() -> None:
    member = make_team()
    mailbox = make_sender(member, gap_min_s=360, gap_max_s=720)
    people = make_people(member, 3)
    campaign = make_running_campaign(member, people[:1], (mailbox,), steps=2)
    now = database_time()
    make_waiting(campaign, people[1], mailbox, due_at=now - MINUTE)
    make_waiting(campaign, people[2], mailbox, due_at=now - HOUR)
    assert [emails(pick(mailbox)) for _ in range(3)] == [["p2@example.com"], ["p1@example.com"], ["p0@example.com"]]


def test_a_new_contact_who_was_put_off_keeps_their_turn_before_those_whom_no_claim_had_reached() -> None:
    member = make_team()
    mailbox = make_sender(member, gap_min_s=360, gap_max_s=720)
    campaign = make_running_campaign(member, make_people(member, 5), (mailbox,))
    now = database_time()
    held = Enrollment.objects.filter(campaign=campaign, contact__email__in=["p0@example.com", "p2@example.com"])
    held.update(due_at=now - MINUTE, hold_code=HoldCode.WINDOW, held_since=now - HOUR)
    Enrollment.objects.filter(campaign=campaign, contact__email="p1@example.com").update(due_at=now + MINUTE)
    Enrollment.objects.filter(campaign=campaign, due_at__gt=now - MINUTE, due_at__lte=now).update(due_at=now - HOUR)
    assert [emails(pick(mailbox)) for _ in range(3)] == [["p0@example.com"], ["p2@example.com"], ["p3@example.com"]]


def test_of_many_instants_the_latest_are_looked_at_too_since_who_was_put_off_is_due_there() -> None:
    member = make_team()
    mailbox = make_sender(member, gap_min_s=360, gap_max_s=720)
    campaign = make_running_campaign(member, make_people(member, 130), (mailbox,))
    now = database_time()
    rows = list(Enrollment.objects.filter(campaign=campaign).order_by("pk"))
    for number, row in enumerate(rows):
        row.due_at = now - HOUR + number * timedelta(seconds=1)
    rows[2].due_at = now - MINUTE
    Enrollment.objects.bulk_update(rows, ["due_at"])
    assert [emails(pick(mailbox)) for _ in range(4)] == [[f"p{number}@example.com"] for number in range(4)]


def test_a_follow_up_comes_from_its_own_mailbox_also_when_that_carries_the_campaign_no_more() -> None:
    member = make_team()
    first, second = make_sender(member, "first@acme.example"), make_sender(member, "second@acme.example")
    person = make_contact(member.workspace)
    campaign = make_empty_campaign(member, second)
    row = make_waiting(campaign, person, first, due_at=database_time() - HOUR)
    assert pick(second) == []
    (one,) = pick(first)
    assert (one.enrollment_id, one.sender.address, one.step.position) == (row.pk, "first@acme.example", 2)


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.ARCHIVED])
def test_a_campaign_that_does_not_run_is_left_alone(state: CampaignState) -> None:
    member = make_team()
    mailbox = make_sender(member)
    person, other = make_people(member, 2)
    campaign = make_running_campaign(member, (person,), (mailbox,), steps=2)
    make_waiting(campaign, other, mailbox, due_at=database_time() - HOUR)
    Campaign.objects.update(state=state)
    assert pick(mailbox) == []
    assert {row.state for row in Enrollment.objects.all()} == {EnrollmentState.ACTIVE}
    assert not Event.objects.filter(kind=EventKind.HELD).exists()


@pytest.mark.parametrize(
    ("values", "clock", "code"),
    [
        ({"state": MailboxState.PAUSED}, {}, HoldCode.MAILBOX_STATE),
        ({}, {"backoff_until": timedelta(minutes=4), "backoff_words": "421 busy"}, HoldCode.MAILBOX_BACKOFF),
        ({}, {"free_at": timedelta(minutes=4)}, HoldCode.GAP),
        ({"hourly_limit": 2}, {}, HoldCode.HOURLY_LIMIT),
        ({"daily_limit": 2}, {}, HoldCode.DAILY_LIMIT),
        ({"ramp_on": True, "ramp_start": 2}, {}, HoldCode.DAILY_LIMIT),
    ],
)
def test_a_held_mailbox_picks_nobody_and_shows_why(
    values: dict[str, object], clock: dict[str, object], code: HoldCode
) -> None:
    member = make_team()
    mailbox = make_sender(member)
    make_running_campaign(member, make_people(member, 1), (mailbox,))
    make_spending(mailbox, 2, ago=30 * MINUTE)
    Mailbox.objects.update(**values)
    now = database_time()
    instants = {name: now + value if isinstance(value, timedelta) else value for name, value in clock.items()}
    MailboxClock.objects.update(**instants)
    assert pick(mailbox) == []
    row = MailboxClock.objects.get()
    assert row.hold_code == code
    assert row.hold_words
    assert row.hold_until is not None
    assert row.hold_until > now
    MailboxClock.objects.update(free_at=now, backoff_until=None)
    Mailbox.objects.update(state=MailboxState.ACTIVE, daily_limit=9, hourly_limit=9, ramp_on=False)
    assert len(pick(mailbox)) == 1
    row.refresh_from_db()
    assert (row.hold_code, row.hold_words) == ("", ""), "nothing holds it any more"
    assert MailboxClock.objects.filter(hold_until=None).exists()


def test_a_mailbox_whose_lease_somebody_else_holds_picks_nobody() -> None:
    member = make_team()
    mine, theirs = make_sender(member, "mine@acme.example"), make_sender(member, "theirs@acme.example")
    make_running_campaign(member, make_people(member, 1), (mine, theirs))
    assert emails(pick(mine)) == ["p0@example.com"]
    current = picking.begin(uuid4(), [mine.pk, theirs.pk])
    assert current.senders == {}


@pytest.mark.parametrize("is_follow_up", [False, True])
def test_a_suppressed_person_ends_with_the_reason_and_is_told_of(*, is_follow_up: bool) -> None:
    member = make_team()
    mailbox = make_sender(member)
    person = make_contact(member.workspace, "ada@mail.example.com")
    campaign = make_empty_campaign(member, mailbox)
    if is_follow_up:
        make_waiting(campaign, person, mailbox, due_at=database_time() - HOUR)
    else:
        make_enrollment(campaign, person)
    make_suppression(member.workspace, "example.com", scope="domain", reason="opted_out")
    assert pick(mailbox) == []
    row = only(campaign)
    state, kind = (
        (EnrollmentState.STOPPED, EventKind.STOPPED) if is_follow_up else (EnrollmentState.SKIPPED, EventKind.SKIPPED)
    )
    assert (row.state, row.stop_reason, row.due_at) == (state, StopReason.SUPPRESSED, None)
    assert row.stop_detail == "example.com is suppressed: opted out."
    assert row.ended_at == database_time()
    event = Event.objects.get(kind=kind)
    assert (event.contact_id, event.campaign_id, event.enrollment_id) == (person.pk, campaign.pk, row.pk)
    assert event.data == {"reason": "suppressed", "words": row.stop_detail}


def test_a_closed_window_holds_each_person_until_it_opens_for_them() -> None:
    member = make_team()
    mailbox = make_sender(member)
    people = (
        make_contact(member.workspace, "here@example.com"),
        make_contact(member.workspace, "there@example.com", time_zone="Pacific/Kiritimati"),
    )
    campaign = make_running_campaign(member, people, (mailbox,))
    now = database_time()
    opens = (now + 2 * DAY).replace(hour=10, minute=0, second=0, microsecond=0)
    SendWindow.objects.all().delete()
    SendWindow.objects.create(campaign=campaign, weekday=opens.isoweekday(), start_minute=600, end_minute=601)
    assert pick(mailbox) == []
    rows = {row.contact.email: row for row in Enrollment.objects.select_related("contact")}
    here = rows["here@example.com"]
    assert (here.state, here.hold_code, here.due_at) == (EnrollmentState.ACTIVE, HoldCode.WINDOW, opens)
    assert here.hold_detail == "Outside the sending window in UTC."
    assert here.held_since == now
    there = rows["there@example.com"]
    assert there.hold_detail == "Outside the sending window in Pacific/Kiritimati."
    assert there.due_at == opens - timedelta(hours=14)


def test_a_hold_is_told_once_and_keeps_its_first_instant_while_its_reason_lasts() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, make_people(member, 1), (mailbox,))
    Variant.objects.update(body_text="Good day, {{ first_name }} of {{ company }}.")
    now = database_time()
    assert pick(mailbox) == []
    row = only(campaign)
    assert (row.hold_code, row.due_at) == (HoldCode.MISSING_VALUE, now + 10 * MINUTE)
    assert row.hold_detail == "Step 1 uses company, first_name, which this contact lacks."
    Enrollment.objects.update(due_at=now, held_since=now - DAY)
    assert pick(mailbox) == []
    row.refresh_from_db()
    assert row.held_since == now - DAY
    assert Event.objects.filter(kind=EventKind.HELD).count() == 1
    Variant.objects.update(body_text="{% if %}")
    Enrollment.objects.update(due_at=now)
    assert pick(mailbox) == []
    row.refresh_from_db()
    assert (row.hold_code, row.held_since) == (HoldCode.BAD_TEMPLATE, now)
    assert row.hold_detail.startswith("Step 1 A, line 1: ")
    told = Event.objects.filter(kind=EventKind.HELD).order_by("id")
    assert [event.data["code"] for event in told] == ["missing_value", "bad_template"]
    assert told[0].data["until"] == (now + 10 * MINUTE).isoformat()
    Variant.objects.update(body_text="Good day.")
    Enrollment.objects.update(due_at=now)
    assert len(pick(mailbox)) == 1
    assert Enrollment.objects.filter(hold_code="", hold_detail="", held_since=None).exists()


def test_an_unread_mailbox_holds_its_follow_ups_and_lets_new_contacts_pass() -> None:
    member = make_team()
    mailbox = make_sender(member)
    new, old = make_people(member, 2)
    campaign = make_running_campaign(member, (new,), (mailbox,), steps=2)
    make_waiting(campaign, old, mailbox, due_at=database_time() - HOUR)
    MailboxClock.objects.update(synced_at=database_time() - 16 * MINUTE)
    assert emails(pick(mailbox)) == [new.email]
    held = with_reasons(Enrollment.objects.filter(contact=old)).get()
    assert (held.why_code, held.why_until) == (HoldCode.SYNC_STALE, database_time() + MINUTE)


def test_a_step_without_any_share_holds_everybody_instead_of_passing_over_them() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, make_people(member, 2), (mailbox,), steps=2)
    Variant.objects.filter(step__position=1).update(weight=0)
    assert pick(mailbox) == []
    for row in Enrollment.objects.filter(campaign=campaign):
        assert (row.state, row.hold_code) == (EnrollmentState.ACTIVE, HoldCode.BAD_TEMPLATE)
        assert row.hold_detail == "Step 1 has no wording with a share above 0."


@pytest.mark.parametrize(
    "values", [{"body_text": " \n"}, {"body_text": "{% if company %}Hello{% endif %}"}, {"subject": ""}]
)
def test_a_message_without_text_or_subject_is_held_also_below_a_signature(values: dict[str, str]) -> None:
    member = make_team()
    mailbox = make_sender(member, signature="Me, Acme")
    campaign = make_running_campaign(member, make_people(member, 1), (mailbox,))
    Variant.objects.update(**values)
    assert pick(mailbox) == []
    assert only(campaign).hold_code == HoldCode.BAD_TEMPLATE


def test_whoever_has_no_step_left_is_finished() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_empty_campaign(member, mailbox)
    make_waiting(campaign, make_contact(member.workspace), mailbox, due_at=database_time() - HOUR)
    Step.objects.filter(position=2).delete()
    assert pick(mailbox) == []
    row = only(campaign)
    assert (row.state, row.due_at, row.ended_at) == (EnrollmentState.FINISHED, None, database_time())
    assert Event.objects.filter(kind=EventKind.FINISHED).count() == 1


def test_five_hundred_held_people_do_not_hide_the_one_behind_them() -> None:
    member = make_team()
    mailbox = make_sender(member, gap_min_s=360, gap_max_s=720)
    people = make_people(member, 501)
    type(people[0]).objects.filter(pk=people[500].pk).update(company="Acme")
    campaign = make_running_campaign(member, people, (mailbox,))
    Variant.objects.update(body_text="Good day, {{ company }}.")
    assert emails(pick(mailbox)) == ["p500@example.com"]
    held = Enrollment.objects.filter(campaign=campaign, hold_code=HoldCode.MISSING_VALUE)
    assert held.count() == 500
    assert held.filter(due_at__gt=database_time()).count() == 500


def test_people_who_have_no_room_stay_due_without_a_hold() -> None:
    member = make_team()
    mailbox = make_sender(member, hourly_limit=3)
    campaign = make_running_campaign(member, make_people(member, 10), (mailbox,))
    assert emails(pick(mailbox)) == ["p0@example.com", "p1@example.com", "p2@example.com"]
    rest = Enrollment.objects.filter(campaign=campaign, state=EnrollmentState.ACTIVE)
    assert rest.filter(hold_code="", due_at__lte=database_time()).count() == 7
