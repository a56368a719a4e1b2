"""Which way somebody goes at a claim: the branches behind their last message, asked of what is known then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Branch, Campaign, Path, Step
from campaigns.sequences.plans import plans
from campaigns.sequences.services import remove_branch
from campaigns.sequences.states import ReplyClass
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox
from sending.planner.forecast.scenes import scene_of
from sending.planner.models import Enrollment
from sending.planner.services import release
from tests.builders import make_branch, make_running_campaign, make_step
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    database_time,
    make_people,
    make_sender,
    make_team,
    make_waiting,
    pick,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    """Two steps, and path 1 with two: whoever is a boss goes there behind step 1, each wait is a day."""
    member = make_team()
    bystander = make_people(member, 1, name="bystander")
    campaign = make_running_campaign(member, bystander, (make_sender(member),), steps=2)
    Enrollment.objects.all().delete()
    path = Path.objects.create(campaign=campaign, number=1, name="Bosses")
    for position in (101, 102):
        make_step(campaign, position, body=f"Good day {position}")
    Step.objects.filter(campaign=campaign, position__gt=1).update(wait_amount=1)
    make_branch(step_at(campaign, 1), path, where="title is boss")
    return campaign


def step_at(campaign: Campaign, position: int) -> int:
    return Step.objects.get(campaign=campaign, position=position).pk


def waiting(campaign: Campaign, *, title: str = "", position: int = 2, sent: timedelta = 4 * DAY) -> Enrollment:
    """Make somebody who has got the step before a position, and is due."""
    mailbox = Mailbox.objects.get()
    contact = Contact.objects.get()
    Contact.objects.update(title=title)
    row = make_waiting(campaign, contact, mailbox, due_at=database_time() - HOUR)
    Enrollment.objects.update(next_position=position, last_sent_at=database_time() - sent)
    return row


def picked() -> list[int]:
    return [one.step.position for one in pick(Mailbox.objects.get())]


def stands(row: Enrollment) -> tuple[str, int, str]:
    row.refresh_from_db()
    return row.state, row.next_position, row.hold_code


def taken() -> list[str]:
    rows = Event.objects.filter(kind=EventKind.BRANCHED).order_by("pk")
    return [event.data["words"] for event in rows]


def test_the_first_branch_that_holds_is_taken_and_told(campaign: Campaign) -> None:
    row = waiting(campaign, title="Boss")
    assert picked() == [101]
    assert stands(row) == ("sending", 101, "")
    assert taken() == ["“title is boss” holds: goes on in Bosses."]


def test_whoever_takes_no_branch_goes_down_their_path(campaign: Campaign) -> None:
    row = waiting(campaign)
    assert picked() == [2]
    assert stands(row) == ("sending", 2, "")
    assert taken() == []


def test_branches_are_asked_in_their_order_and_everybody_comes_last(campaign: Campaign) -> None:
    last = Path.objects.create(campaign=campaign, number=2, name="Others")
    make_step(campaign, 201)
    make_branch(step_at(campaign, 1), last)
    make_branch(step_at(campaign, 1), last, where="title contains o")
    plan = plans([campaign.pk])[campaign.pk]
    assert [one.where for one in plan.steps[0].ways] == ["title is boss", "title contains o", ""]
    waiting(campaign, title="Boss")
    assert picked() == [101]


def test_a_message_that_waits_longer_than_the_shortest_has_its_own_wait(campaign: Campaign) -> None:
    Step.objects.filter(position=101).update(wait_amount=9)
    row = waiting(campaign, title="boss")
    assert picked() == []
    assert stands(row) == ("active", 101, "")
    assert row.due_at is not None
    assert row.last_sent_at is not None
    assert timedelta(days=9) - HOUR <= row.due_at - row.last_sent_at <= timedelta(days=9) + HOUR  # a clock may change
    event = Event.objects.get(kind=EventKind.BRANCHED)
    assert event.data["until"] == row.due_at.isoformat()
    Contact.objects.update(title="")
    Enrollment.objects.update(due_at=database_time(), last_sent_at=database_time() - 10 * DAY)
    assert picked() == [101], "a branch that was taken is taken"


def test_until_a_message_is_made_the_way_is_asked_anew(campaign: Campaign) -> None:
    Step.objects.filter(position=2).update(wait_amount=9)
    row = waiting(campaign)
    assert picked() == []
    assert stands(row) == ("active", 2, ""), "the shortest wait is that of path 1, and nobody's here"
    Contact.objects.update(title="boss")
    Enrollment.objects.update(due_at=database_time())
    assert picked() == [101]


def test_a_branch_that_is_removed_lets_nobody_go_before_their_own_wait(campaign: Campaign) -> None:
    Step.objects.filter(position=2).update(wait_amount=9)
    waiting(campaign)  # planned by the day that path 1 waits
    people = scene_of(campaign, now=database_time()).scenario.people
    remove_branch(Branch.objects.get())
    assert picked() == []
    row = Enrollment.objects.get()
    assert row.due_at is not None
    assert row.due_at > database_time() + 4 * DAY
    assert abs(people[0].due_at - row.due_at) < HOUR, "and nothing else is foreseen"


def test_a_forecast_counts_whoever_is_held_by_a_condition_that_cannot_be_read(campaign: Campaign) -> None:
    row = waiting(campaign, title="boss")
    Branch.objects.update(where="list is 404")
    found = scene_of(campaign, now=database_time())
    assert (found.scenario.people, found.stuck) == ((), {"broken_branch": 1})
    Enrollment.objects.update(next_position=3)
    assert len(scene_of(campaign, now=database_time()).scenario.people) == 0
    make_step(campaign, 3)
    assert len(scene_of(campaign, now=database_time()).scenario.people) == 1, "behind it everybody goes on"
    assert stands(row)[2] == ""


def test_at_the_end_of_a_path_a_branch_leads_on_or_the_sequence_is_done(campaign: Campaign) -> None:
    path = Path.objects.get()
    make_branch(step_at(campaign, 2), path, where="title is late")
    row = waiting(campaign, position=3)
    assert picked() == []
    assert stands(row)[0] == "finished"
    row.delete()
    waiting(campaign, title="late", position=3)
    assert picked() == [101]


def test_a_branch_to_the_end_ends_it_with_its_reason(campaign: Campaign) -> None:
    make_branch(step_at(campaign, 1), None, where="title is done")
    row = waiting(campaign, title="done")
    assert picked() == []
    assert stands(row)[0] == "finished"
    assert taken() == ["“title is done” holds: ends."]


def test_a_condition_that_cannot_be_read_holds_and_passes_over_nobody(campaign: Campaign) -> None:
    make_branch(step_at(campaign, 101), None, where="list is 404")
    row = waiting(campaign, position=102)
    assert picked() == []
    assert stands(row) == ("active", 102, "broken_branch")
    assert "There is no list 404 any more." in row.hold_detail
    Step.objects.get(position=101).branches.all().delete()
    release(row)
    assert picked() == [102]


def test_a_branch_that_would_lead_back_is_none(campaign: Campaign) -> None:
    make_branch(step_at(campaign, 102), Path.objects.get())
    plan = plans([campaign.pk])[campaign.pk]
    assert plan.steps[-1].ways == ()
    assert plan.may_follow(103) == ()


def test_an_answer_finds_the_nearest_branch_of_its_path_and_no_other(campaign: Campaign) -> None:
    two = Path.objects.create(campaign=campaign, number=2, name="Two")
    make_step(campaign, 201)
    make_branch(step_at(campaign, 1), two, reply=ReplyClass.POSITIVE)
    plan = plans([campaign.pk])[campaign.pk]
    for position, target in ((1, None), (2, 2), (3, 2), (102, None)):
        found = plan.answer_at(position, ReplyClass.POSITIVE)
        assert (found.path if found else None) == target, position
    assert plan.answer_at(2, ReplyClass.NEGATIVE) is None
