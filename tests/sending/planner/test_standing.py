"""What a campaign adds up to, at every moment; and what the database itself refuses."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.http import Http404

from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox
from sending.pacing import HoldCode
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.queries import enrollment_for, held_by_reason, senders_of_campaign, standing_of
from sending.planner.states import ENROLLMENT_MOVES, EnrollmentState, StopReason
from tests.builders import make_campaign, make_contact, make_enrollment
from tests.builders import make_sender as carry
from tests.sending.planner.stage import DAY, HOUR, database_time, make_people, make_sender, make_team

pytestmark = pytest.mark.django_db

ENDED = {"due_at": None, "stop_reason": StopReason.REPLIED}


def test_a_campaign_adds_up_by_state_reason_and_hold() -> None:
    member = make_team()
    campaign = make_campaign(member.workspace)
    other = make_campaign(member.workspace, "Other")
    people = make_people(member, 10)
    now = database_time()
    make_enrollment(other, people[0])
    make_enrollment(campaign, people[0], due_at=now + DAY)
    make_enrollment(campaign, people[1], due_at=now + HOUR, hold_code=HoldCode.WINDOW)
    make_enrollment(campaign, people[2], due_at=now + DAY, begun_at=now, hold_code=HoldCode.ABSENT)
    make_enrollment(campaign, people[3], state=EnrollmentState.SENDING, due_at=None, begun_at=now)
    make_enrollment(campaign, people[4], state=EnrollmentState.FINISHED, due_at=None, begun_at=now)
    for person, reason in zip(people[5:8], ("replied", "replied", "bounced"), strict=True):
        make_enrollment(campaign, person, state=EnrollmentState.STOPPED, due_at=None, stop_reason=reason)
    make_enrollment(campaign, people[8], state=EnrollmentState.SKIPPED, due_at=None, stop_reason="suppressed")
    standing = standing_of([campaign.pk])[campaign.pk]
    assert (standing.enrolled, standing.active, standing.sending, standing.finished) == (9, 3, 1, 1)
    assert (standing.not_begun, standing.waiting_follow_up, standing.held) == (2, 1, 2)
    assert list(standing.stopped.items()) == [(StopReason.REPLIED, 2), (StopReason.BOUNCED, 1)]
    assert (standing.stopped_total, standing.skipped, standing.skipped_total) == (3, {StopReason.SUPPRESSED: 1}, 1)
    assert standing.next_at == now + HOUR
    assert not standing.is_complete
    parts = standing.active + standing.sending + standing.finished + standing.stopped_total + standing.skipped_total
    assert parts == standing.enrolled
    assert held_by_reason(campaign) == {"": 1, "window": 1, "absent": 1}


def test_several_campaigns_are_told_apart_in_one_question(django_assert_num_queries: object) -> None:
    member = make_team()
    campaigns = [make_campaign(member.workspace, f"Campaign {n}") for n in range(3)]
    for number, campaign in enumerate(campaigns):
        for person in make_people(member, number, name=f"of{number}-"):
            make_enrollment(campaign, person)
    with django_assert_num_queries(1):  # type: ignore[operator]  # pytest-django's fixture
        standings = standing_of([campaign.pk for campaign in campaigns])
    assert {pk: one.enrolled for pk, one in standings.items()} == {campaigns[1].pk: 1, campaigns[2].pk: 2}


@pytest.mark.parametrize(
    ("state", "values", "is_complete"),
    [
        (EnrollmentState.ACTIVE, {"due_at": "now"}, False),
        (EnrollmentState.SENDING, {"due_at": None}, False),
        (EnrollmentState.FINISHED, {"due_at": None}, True),
        (EnrollmentState.STOPPED, ENDED, True),
        (EnrollmentState.SKIPPED, ENDED, True),
    ],
)
def test_a_campaign_is_complete_exactly_when_nobody_can_be_written_to_any_more(
    state: EnrollmentState, values: dict[str, object], *, is_complete: bool
) -> None:
    member = make_team()
    campaign = make_campaign(member.workspace)
    first, last = make_people(member, 2)
    make_enrollment(campaign, first, state=EnrollmentState.FINISHED, due_at=None)
    make_enrollment(
        campaign, last, state=state, **{**values, **({"due_at": database_time()} if values["due_at"] else {})}
    )
    assert standing_of([campaign.pk])[campaign.pk].is_complete is is_complete


def test_a_campaign_without_people_is_not_complete_it_has_no_standing() -> None:
    assert standing_of([make_campaign(make_team().workspace).pk]) == {}


def make_person() -> tuple[Member, Enrollment]:
    member = make_team()
    return member, make_enrollment(make_campaign(member.workspace), make_contact(member.workspace))


def test_an_enrollment_is_found_by_its_own_workspace_only() -> None:
    member, row = make_person()
    assert enrollment_for(member, row.pk) == row
    for stranger, pk in ((make_team("other"), row.pk), (member, row.pk + 1)):
        with pytest.raises(Http404):
            enrollment_for(stranger, pk)


def test_senders_are_told_by_address() -> None:
    member = make_team()
    campaign = make_campaign(member.workspace)
    for address in ("zoe@acme.example", "ada@acme.example"):
        carry(campaign, make_sender(member, address))
    assert [box.address for box in senders_of_campaign(campaign).values()] == ["ada@acme.example", "zoe@acme.example"]


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "gone"},
        {"stop_reason": "because", "state": "stopped", "due_at": None},
        {"hold_code": "mood"},
        {"state": "stopped", "due_at": None},  # a stop without a reason
        {"state": "skipped", "due_at": None},
        {"stop_reason": "replied"},  # a reason without a stop
        {"due_at": None},  # active, and yet never looked at
        {"state": "sending"},  # in the outbox's hands, and yet due
        {"state": "finished"},
        {"state": "stopped", "stop_reason": "replied"},
    ],
)
def test_the_database_refuses_an_enrollment_that_makes_no_sense(columns: dict[str, object]) -> None:
    _, row = make_person()
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.filter(pk=row.pk).update(**columns)


def test_the_database_refuses_a_second_enrollment_and_a_second_link() -> None:
    member, row = make_person()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_enrollment(row.campaign, row.contact)
    mailbox = make_sender(member)
    carry(row.campaign, mailbox)
    with pytest.raises(IntegrityError), transaction.atomic():
        CampaignMailbox.objects.create(campaign=row.campaign, mailbox=mailbox)
    assert Mailbox.objects.count() == 1


def test_what_is_over_begins_again_by_an_answer_that_leads_on_and_by_nothing_else() -> None:
    assert set(ENROLLMENT_MOVES) == set(EnrollmentState)
    assert ENROLLMENT_MOVES[EnrollmentState.STOPPED] == {EnrollmentState.ACTIVE}
    assert not ENROLLMENT_MOVES[EnrollmentState.SKIPPED]
    assert EnrollmentState.STOPPED in ENROLLMENT_MOVES[EnrollmentState.FINISHED], "a late answer is still told"
    assert EnrollmentState.SKIPPED not in ENROLLMENT_MOVES[EnrollmentState.FINISHED]
    before_skipped = {old for old, targets in ENROLLMENT_MOVES.items() if EnrollmentState.SKIPPED in targets}
    assert before_skipped == {EnrollmentState.ACTIVE}, "whoever was written to is stopped, not skipped"
