"""Two at the same time, workers or people: nobody twice, no limit passed, nobody waits for the other in vain."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import transaction

from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import Campaign
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import MailboxClock
from sending.pacing import HoldCode
from sending.planner.claim import picking
from sending.planner.claim.picking import Pick
from sending.planner.errors import NotReady
from sending.planner.models import Enrollment
from sending.planner.queries import held_by_reason
from sending.planner.services import launch, pause, resume
from sending.planner.states import EnrollmentState
from tests.builders import make_audience, make_campaign, make_list, make_open_windows, make_running_campaign, make_step
from tests.builders import make_sender as carry
from tests.sending.planner.stage import (
    HOUR,
    at_once,
    database_time,
    emails,
    lease,
    make_people,
    make_sender,
    make_team,
    make_waiting,
    pick,
    put_to_sleep,
    sleepers,
    wait_for_a_lock,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_workers_never_pick_the_same_person() -> None:
    member = make_team()
    mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(2)]
    for round_ in range(5):
        people = make_people(member, 30, name=f"round{round_}-")
        campaign = make_running_campaign(member, people[:20], tuple(mailboxes), steps=2, name=f"round{round_}")
        for person in people[20:]:
            make_waiting(campaign, person, mailboxes[0], due_at=database_time() - HOUR)
        results = at_once(lambda: pick(mailboxes[0]), lambda: pick(mailboxes[1]))
        picked = [email for one in results for email in emails(one)]  # type: ignore[arg-type]  # an error shows here
        assert len(picked) == len(set(picked))
        rows = Enrollment.objects.filter(campaign=campaign)
        assert rows.filter(state=EnrollmentState.SENDING).count() == len(picked)
        picked += emails(pick(*mailboxes))
        assert sorted(picked) == sorted(one.email for one in people), "whoever was locked is taken by the next"


def test_a_person_in_another_workers_hands_is_passed_over_without_waiting() -> None:
    member = make_team()
    mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(2)]
    make_running_campaign(member, make_people(member, 3), tuple(mailboxes))
    with transaction.atomic():
        locked = Enrollment.objects.select_for_update().get(contact__email="p1@example.com")
        (found,) = at_once(lambda: pick(mailboxes[0]))
    assert emails(found) == ["p0@example.com", "p2@example.com"]  # type: ignore[arg-type]
    locked.refresh_from_db()
    assert (locked.state, locked.hold_code) == (EnrollmentState.ACTIVE, "")


def test_workers_together_begin_no_more_new_contacts_than_the_campaign_allows() -> None:
    member = make_team()
    mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(2)]
    campaign = make_running_campaign(member, make_people(member, 9), tuple(mailboxes), new_leads_per_day=3)
    owner = lease([mailboxes[0]])
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            first = picking.pick(picking.begin(owner, [mailboxes[0].pk]))
            second = other.submit(at_once, partial(pick, mailboxes[1]))
            wait_for_a_lock()  # the second worker cannot know yet how many the first one begins
        assert second.result(30) == [[]]
    assert len(first) == 3
    assert held_by_reason(campaign) == {HoldCode.NEW_LEADS_LIMIT: 6}


def test_a_pick_that_is_rolled_back_leaves_nobody_behind() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, make_people(member, 3), (mailbox,))

    class Crash(Exception):
        pass

    owner = lease([mailbox])

    def claim() -> list[Pick]:
        with transaction.atomic():
            picked = picking.pick(picking.begin(owner, [mailbox.pk]))
            assert len(picked) == 3
            raise Crash

    with pytest.raises(Crash):
        claim()
    assert Enrollment.objects.filter(campaign=campaign, state=EnrollmentState.ACTIVE, mailbox=None).count() == 3
    assert len(pick(mailbox)) == 3


def test_a_pause_that_commits_during_a_pick_is_seen_by_it() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, make_people(member, 3), (mailbox,))
    owner = lease([mailbox])
    with transaction.atomic():
        current = picking.begin(owner, [mailbox.pk])
        at_once(lambda: Campaign.objects.filter(pk=campaign.pk).update(state="paused"))
        assert picking.pick(current) == []
    assert Enrollment.objects.filter(state=EnrollmentState.ACTIVE, hold_code="").count() == 3


def test_people_who_launch_at_once_enroll_everybody_once() -> None:
    member = make_team()
    mailbox = make_sender(member)
    for round_ in range(4):
        campaign = make_campaign(member.workspace, f"round{round_}")
        make_open_windows(campaign)
        make_step(campaign)
        make_audience(campaign, make_list(member.workspace, campaign.name, make_people(member, 20, name=campaign.name)))
        carry(campaign, mailbox)
        results = at_once(*[partial(launch, member, campaign)] * 2)
        refused = [one for one in results if isinstance(one, (IllegalMove, NotReady))]
        assert len(refused) == 1, results
        assert 20 in results
        assert Enrollment.objects.filter(campaign=campaign).count() == 20
        assert Event.objects.filter(kind=EventKind.LAUNCHED, campaign_id=campaign.pk).count() == 1


def test_of_people_who_pause_at_once_one_does_it_and_the_others_are_told() -> None:
    member = make_team()
    campaign = make_running_campaign(member, make_people(member, 1), (make_sender(member),))
    for _ in range(3):
        results = at_once(*[partial(pause, member, campaign)] * 2)
        assert sorted(type(one).__name__ for one in results) == ["IllegalMove", "NoneType"]
        results = at_once(*[partial(resume, member, campaign)] * 3)
        assert sorted(type(one).__name__ for one in results) == ["IllegalMove", "IllegalMove", "NoneType"]
    assert Event.objects.filter(kind=EventKind.PAUSED).count() == 3
    assert Event.objects.filter(kind=EventKind.RESUMED).count() == 3


def test_a_resumption_does_not_meet_a_worker_that_locks_the_clocks_in_another_order() -> None:
    member = make_team()
    mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(2)]
    campaign = make_running_campaign(member, make_people(member, 1), tuple(mailboxes))
    pause(member, campaign)
    put_to_sleep()
    last_is_locked = threading.Event()

    def mark() -> None:
        """Lock the clocks as the statement of the mark may: from the last to the first."""
        with transaction.atomic():
            MailboxClock.objects.select_for_update().get(mailbox=mailboxes[1])
            last_is_locked.set()
            wait_for_a_lock()
            MailboxClock.objects.select_for_update().get(mailbox=mailboxes[0])

    def go_on() -> None:
        assert last_is_locked.wait(10)
        resume(member, campaign)

    assert at_once(mark, go_on) == [None, None]
    assert sleepers() == []
