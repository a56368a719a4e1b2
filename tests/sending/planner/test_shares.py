"""How places are shared: follow-ups and new contacts, mailboxes among each other, campaigns, days."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign, Variant
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.pacing import HoldCode
from sending.planner.explain.reasons import with_reasons
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState
from tests.builders import make_running_campaign
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    database_time,
    make_people,
    make_sender,
    make_spending,
    make_team,
    make_waiting,
    pick,
)

pytestmark = pytest.mark.django_db


def make_crowd(member: Member, mailbox: Mailbox, *, new: int, waiting: int) -> Campaign:
    campaign = make_running_campaign(member, make_people(member, new, name="new"), (mailbox,), steps=2)
    now = database_time()
    for person in make_people(member, waiting, name="old"):
        make_waiting(campaign, person, mailbox, due_at=now - HOUR)
    return campaign


@pytest.mark.parametrize(
    ("daily", "spent_on_follow_ups", "spent_on_new", "new", "waiting", "follow_ups", "new_leads"),
    [
        (10, 0, 0, 20, 20, 7, 3),  # seventy of a hundred, then new contacts
        (10, 6, 0, 20, 20, 1, 3),
        (10, 7, 1, 20, 20, 0, 2),
        (10, 0, 3, 20, 20, 7, 0),
        (10, 0, 0, 2, 20, 8, 2),  # what new contacts leave is used
        (10, 0, 0, 0, 20, 10, 0),
        (10, 0, 0, 20, 2, 2, 8),
        (10, 9, 0, 20, 20, 0, 1),
    ],
)
def test_new_contacts_keep_their_share_of_a_day_and_no_place_is_wasted(
    daily: int, spent_on_follow_ups: int, spent_on_new: int, new: int, waiting: int, follow_ups: int, new_leads: int
) -> None:
    member = make_team()
    mailbox = make_sender(member, daily_limit=daily)
    make_crowd(member, mailbox, new=max(new, 1), waiting=waiting)
    if not new:
        Enrollment.objects.filter(mailbox=None).delete()
    make_spending(mailbox, spent_on_follow_ups)
    make_spending(mailbox, spent_on_new, is_new_lead=True)
    picked = Counter(one.is_new_lead for one in pick(mailbox))
    assert (picked[False], picked[True]) == (follow_ups, new_leads)


@pytest.mark.parametrize(
    ("spent_on_follow_ups", "first"),
    [(0, "old9"), (7, "new9")],
    ids=["a follow-up goes before new contacts", "then new contacts have their share"],
)
def test_who_comes_first_is_not_passed_over_because_those_before_them_are_held(
    spent_on_follow_ups: int, first: str
) -> None:
    member = make_team()
    mailbox = make_sender(member, daily_limit=10, gap_min_s=60, gap_max_s=60)
    make_crowd(member, mailbox, new=10, waiting=10)
    make_spending(mailbox, spent_on_follow_ups)
    Variant.objects.update(body_text="Good day, {{ company }}.")
    other = "new0" if first == "old9" else "old0"
    whole = [f"{name}@example.com" for name in (first, other)]
    Contact.objects.filter(email__in=whole).update(company="Acme")
    assert [one.contact.email for one in pick(mailbox)] == [f"{first}@example.com"]


def test_the_share_of_new_contacts_counts_whoever_was_picked_before_the_held_ones() -> None:
    member = make_team()
    mailbox = make_sender(member, daily_limit=10)
    campaign = make_crowd(member, mailbox, new=60, waiting=80)
    Variant.objects.update(body_text="Good day, {{ company }}.")
    old = [f"old{n}@example.com" for n in (*range(5), *range(60, 80))]  # between them fifty-five are held
    new = [f"new{n}@example.com" for n in range(45, 60)]
    Contact.objects.filter(email__in=[*old, *new]).update(company="Acme")
    assert Enrollment.objects.filter(campaign=campaign).count() == 140
    picked = Counter(one.is_new_lead for one in pick(mailbox))
    assert (picked[False], picked[True]) == (7, 3)


def test_one_at_a_time_the_share_of_new_contacts_is_the_same() -> None:
    member = make_team()
    mailbox = make_sender(member, daily_limit=10, gap_min_s=360, gap_max_s=720)
    make_crowd(member, mailbox, new=20, waiting=20)
    picked = []
    for _ in range(12):
        for one in pick(mailbox):
            picked.append(one.is_new_lead)
            make_spending(mailbox, 1, is_new_lead=one.is_new_lead)
    assert picked == [False] * 7 + [True] * 3


def test_new_contacts_are_dealt_out_evenly_to_the_mailboxes_that_have_room() -> None:
    member = make_team()
    mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(3)]
    tired = make_sender(member, "tired@acme.example", daily_limit=2)
    make_running_campaign(member, make_people(member, 20), (*mailboxes, tired))
    picked = Counter(one.sender.address for one in pick(*mailboxes, tired))
    assert picked == {"me0@acme.example": 6, "me1@acme.example": 6, "me2@acme.example": 6, "tired@acme.example": 2}


def test_the_mailbox_that_has_begun_the_fewest_comes_first() -> None:
    member = make_team()
    mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(3)]
    make_spending(mailboxes[0], 5, is_new_lead=True)
    make_spending(mailboxes[1], 1, is_new_lead=True)
    make_spending(mailboxes[2], 9)
    make_running_campaign(member, make_people(member, 2), tuple(mailboxes))
    assert sorted(one.sender.address for one in pick(*mailboxes)) == ["me1@acme.example", "me2@acme.example"]


def test_campaigns_that_share_a_mailbox_take_turns() -> None:
    member = make_team()
    mailbox = make_sender(member, gap_min_s=360, gap_max_s=720)
    for name in ("first", "second", "third"):
        make_running_campaign(member, make_people(member, 9, name=name), (mailbox,), name=name)
    now = database_time()
    order = []
    for step in range(9):
        (one,) = pick(mailbox)
        order.append(one.plan.name)
        Enrollment.objects.filter(pk=one.enrollment_id).update(begun_at=now - HOUR + step * timedelta(minutes=1))
    assert order == ["first", "second", "third"] * 3


def test_a_claim_of_many_places_takes_from_each_campaign_in_turn() -> None:
    member = make_team()
    mailbox = make_sender(member, hourly_limit=7)
    for name, size in (("first", 20), ("second", 2), ("third", 20)):
        make_running_campaign(member, make_people(member, size, name=name), (mailbox,), name=name)
    assert Counter(one.plan.name for one in pick(mailbox)) == {"first": 3, "second": 2, "third": 2}


def test_a_campaign_begins_no_more_than_its_limit_in_any_rolling_day() -> None:
    member = make_team()
    mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(2)]
    people = make_people(member, 10)
    make_running_campaign(member, people, tuple(mailboxes), new_leads_per_day=4)
    now = database_time()
    assert len(pick(*mailboxes)) == 4
    held = with_reasons(Enrollment.objects.filter(state=EnrollmentState.ACTIVE))
    assert {(row.why_code, row.why_words) for row in held} == {
        (HoldCode.NEW_LEADS_LIMIT, "4 of 4 new contacts of the last 24 hours are begun.")
    }
    begun = list(Enrollment.objects.exclude(begun_at=None).order_by("pk"))
    for row, ago in zip(begun, (DAY, DAY - timedelta(minutes=1), HOUR, HOUR), strict=True):
        Enrollment.objects.filter(pk=row.pk).update(begun_at=now - ago)
    Enrollment.objects.filter(state=EnrollmentState.ACTIVE).update(due_at=now)
    assert len(pick(*mailboxes)) == 1, "the oldest has left the day"
    Enrollment.objects.filter(state=EnrollmentState.ACTIVE).update(due_at=now)
    assert pick(*mailboxes) == []
    (until,) = set(held.values_list("why_until", flat=True))
    assert until == now + timedelta(minutes=1), "the next place comes back with the next oldest"


def test_limits_of_a_mailbox_count_a_rolling_hour_and_day() -> None:
    member = make_team()
    mailbox = make_sender(member, hourly_limit=5, daily_limit=12)
    make_running_campaign(member, make_people(member, 40), (mailbox,))
    make_spending(mailbox, 4, ago=DAY)  # has left the day at this very instant
    make_spending(mailbox, 5, ago=DAY - timedelta(seconds=1))
    make_spending(mailbox, 3, ago=HOUR)
    make_spending(mailbox, 2, ago=HOUR - timedelta(seconds=1))
    assert len(pick(mailbox)) == 2, "10 of 12 of the day, 2 of 5 of the hour"
    make_spending(mailbox, 2, ago=timedelta(0))
    assert pick(mailbox) == []
    clock = MailboxClock.objects.get()
    assert clock.hold_code == HoldCode.DAILY_LIMIT
    assert clock.hold_until == database_time() + timedelta(seconds=1)


def test_a_sandbox_day_is_as_short_as_its_pace() -> None:
    member = make_team()
    type(member.workspace).objects.update(time_scale=1_440)
    mailbox = make_sender(member, daily_limit=5)
    make_running_campaign(member, make_people(member, 9), (mailbox,), new_leads_per_day=2)
    make_spending(mailbox, 5, ago=timedelta(seconds=60))
    assert len(pick(mailbox)) == 2
    now = database_time()
    Enrollment.objects.exclude(begun_at=None).update(begun_at=now - timedelta(seconds=60))
    Enrollment.objects.filter(state=EnrollmentState.ACTIVE).update(due_at=now)
    assert len(pick(mailbox)) == 2, "a minute is a day here"


def test_a_pick_asks_the_same_number_of_questions_for_one_mailbox_and_for_fifty() -> None:
    member = make_team()
    counts = []
    for size in (1, 50):
        mailboxes = tuple(make_sender(member, f"of{size}-{n}@acme.example", hourly_limit=2) for n in range(size))
        campaign = make_running_campaign(
            member, make_people(member, 3 * size, name=f"new{size}-"), mailboxes, steps=2, name=f"Of {size}",
            new_leads_per_day=1_000,
        )  # fmt: skip
        now = database_time()
        for place, person in enumerate(make_people(member, size, name=f"old{size}-")):
            make_waiting(campaign, person, mailboxes[place], due_at=now - HOUR)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            picked = pick(*mailboxes)
        assert len(picked) == 2 * size
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[0] <= 24
