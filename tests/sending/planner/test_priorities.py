"""Campaigns beside each other: turns by priority, nobody starves; and a campaign's own messages of a day."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from campaigns.sequences.models import Campaign
from campaigns.sequences.states import Priority
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox
from sending.outbox.claims import claim
from sending.pacing import HoldCode
from sending.planner.explain.places import Place, place_of
from sending.planner.models import CampaignHold, Enrollment
from sending.planner.queries import held_by_reason
from tests.builders import make_running_campaign
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    at_once,
    database_time,
    lease,
    make_people,
    make_sender,
    make_team,
    make_waiting,
    pick,
)
from tests.sending.planner.test_throttles import age, claim_for, send


def make_three(member: Member, mailbox: Mailbox, size: int) -> None:
    for name in Priority:
        make_running_campaign(member, make_people(member, size, name=name), (mailbox,), name=name, priority=name)


@pytest.mark.django_db
def test_one_at_a_time_turns_go_by_priority_and_nobody_starves() -> None:
    member = make_team()
    mailbox = make_sender(member, gap_min_s=360, gap_max_s=720)
    make_three(member, mailbox, 45)
    order: list[str] = []
    for turn in range(70):
        (one,) = pick(mailbox)
        order.append(one.plan.name)
        for name in set(order):  # the clock of a test's transaction stands still: what was begun moves back instead
            turns_ago = order[::-1].index(name) + 1
            begun = Enrollment.objects.filter(campaign__name=name, begun_at__isnull=False)
            begun.update(begun_at=database_time() - turns_ago * timedelta(minutes=9))
        assert turn < 9 or set(order[-9:]) == set(Priority), "everybody has a turn within nine"
    assert Counter(order)[Priority.HIGH] > Counter(order)[Priority.NORMAL] > Counter(order)[Priority.LOW] >= 70 // 9


@pytest.mark.django_db
def test_of_many_places_high_gets_four_where_low_gets_one() -> None:
    member = make_team()
    mailbox = make_sender(member, hourly_limit=14)
    make_three(member, mailbox, 40)
    assert Counter(one.plan.name for one in pick(mailbox)) == {Priority.HIGH: 8, Priority.NORMAL: 4, Priority.LOW: 2}


@pytest.mark.django_db
def test_a_campaign_sends_no_more_than_its_limit_over_all_steps_and_mailboxes() -> None:
    member = make_team()
    mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(2)]
    campaign = make_running_campaign(member, make_people(member, 9), tuple(mailboxes), steps=2, daily_limit=4)
    for person in make_people(member, 3, name="old"):
        make_waiting(campaign, person, mailboxes[0], due_at=database_time() - HOUR)
    before = Enrollment.objects.filter(mailbox=None).count()
    assert len(send(*mailboxes)) == 4
    assert claim_for(*mailboxes) == []
    words = "4 of 4 messages of the campaign in the last 24 hours are sent."
    hold = CampaignHold.objects.get()
    assert (hold.code, hold.words) == (HoldCode.CAMPAIGN_LIMIT, words)
    where = place_of(hold.code, campaign_id=campaign.pk, mailbox_id=mailboxes[0].pk)
    assert where == Place("sequences:schedule", campaign.pk, "Change the limit of messages")
    assert before - 1 == Enrollment.objects.filter(mailbox=None, hold_code="").count(), "nobody who waits is written"
    assert held_by_reason(campaign) == {HoldCode.CAMPAIGN_LIMIT: 8}
    age(DAY + timedelta(minutes=1))
    assert len(send(*mailboxes)) == 4
    Campaign.objects.update(daily_limit=None)
    assert len(send(*mailboxes)) == 4
    assert not CampaignHold.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_together_send_no_more_than_the_limit_of_the_campaign() -> None:
    member = make_team()
    mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(3)]
    make_running_campaign(member, make_people(member, 20), tuple(mailboxes), daily_limit=5)
    owners = [lease([one]) for one in mailboxes]
    results = at_once(*[partial(claim, owner, [one.pk]) for owner, one in zip(owners, mailboxes, strict=True)])
    assert sum(len(one) for one in results if isinstance(one, list)) == 5, results
