"""What comes after a message: the next step's instant, postponing, releasing, stopping."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.calendar import WaitUnit
from campaigns.sequences.models import Campaign, SendWindow, Step
from outreach.accounts.models import Workspace
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox
from sending.pacing import HoldCode
from sending.pacing.history import Cause
from sending.planner.explain.present import present_of
from sending.planner.models import Enrollment
from sending.planner.progress.advancing import Sent, advance
from sending.planner.services import postpone, release, stop, stop_contact, take_back
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import make_contact, make_enrollment, make_office_hours, make_open_windows, make_suppression
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    database_time,
    make_empty_campaign,
    make_people,
    make_sender,
    make_team,
    make_waiting,
    pick,
)

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


def make_sent(
    *, state: EnrollmentState = EnrollmentState.SENDING, time_scale: int = 1, **of_contact: object
) -> Enrollment:
    """Make a person of a running campaign of two steps whose first message is in the outbox's hands."""
    member = make_team()
    Workspace.objects.update(time_scale=time_scale)
    campaign = make_empty_campaign(member, make_sender(member))
    person = make_contact(member.workspace, "ada@example.com", **of_contact)
    due_at = database_time() if state is EnrollmentState.ACTIVE else None
    reason = StopReason.REPLIED if state is EnrollmentState.STOPPED else ""
    return make_enrollment(
        campaign, person, state=state, due_at=due_at, mailbox=Mailbox.objects.get(), stop_reason=reason
    )


def after_sending(row: Enrollment, sent_at: datetime, *, position: int = 1) -> Enrollment:
    advance([Sent(row.pk, position, sent_at)])
    row.refresh_from_db()
    return row


def wait(amount: int, unit: WaitUnit) -> None:
    Step.objects.filter(position=2).update(wait_amount=amount, wait_unit=unit)


def office_hours(campaign: Campaign, zone: str) -> None:
    make_office_hours(campaign)
    Campaign.objects.update(time_zone=zone)


@pytest.mark.parametrize(
    ("amount", "unit", "sent", "due"),
    [
        (48, WaitUnit.HOURS, "2027-03-26T14:00+01:00", "2027-03-29T09:00+02:00"),  # ends on a Sunday
        (1, WaitUnit.HOURS, "2027-03-23T14:00+01:00", "2027-03-23T15:00+01:00"),
        (3, WaitUnit.DAYS, "2027-03-26T14:00+01:00", "2027-03-29T14:00+02:00"),  # over the change of the clocks
        (1, WaitUnit.DAYS, "2027-03-26T16:59+01:00", "2027-03-29T09:00+02:00"),
        (1, WaitUnit.BUSINESS_DAYS, "2027-03-26T14:00+01:00", "2027-03-29T14:00+02:00"),
        (0, WaitUnit.DAYS, "2027-03-26T14:00+01:00", "2027-03-26T14:00+01:00"),
        (3, WaitUnit.DAYS, "2027-03-22T17:00+01:00", "2027-03-26T09:00+01:00"),  # the end of a window is outside
    ],
)
def test_the_next_step_is_due_after_its_wait_inside_the_window(
    amount: int, unit: WaitUnit, sent: str, due: str
) -> None:
    row = make_sent()
    wait(amount, unit)
    office_hours(row.campaign, "Europe/Berlin")
    sent_at = datetime.fromisoformat(sent)
    after_sending(row, sent_at)
    assert (row.state, row.next_position, row.last_sent_at) == (EnrollmentState.ACTIVE, 2, sent_at)
    assert row.due_at == datetime.fromisoformat(due)


def test_the_wait_is_counted_in_the_zone_of_the_contact_or_of_their_country() -> None:
    row = make_sent(country="JP")
    wait(1, WaitUnit.DAYS)
    office_hours(row.campaign, "Europe/Berlin")
    sent_at = datetime(2027, 3, 23, 15, 30, tzinfo=UTC)  # 00:30 of the 24th in Tokyo
    assert after_sending(row, sent_at).due_at == datetime(2027, 3, 25, 0, 0, tzinfo=UTC)  # 9:00 of the 25th there


def test_a_sandbox_keeps_the_length_of_a_wait_at_its_own_speed() -> None:
    row = make_sent(time_scale=1_440)
    wait(3, WaitUnit.DAYS)
    sent_at = datetime(2027, 3, 23, 12, tzinfo=UTC)
    assert after_sending(row, sent_at).due_at == sent_at + timedelta(minutes=3)


def test_a_schedule_without_windows_does_not_lose_the_next_step() -> None:
    row = make_sent()
    SendWindow.objects.all().delete()
    sent_at = datetime(2027, 3, 23, 12, tzinfo=UTC)
    assert after_sending(row, sent_at).due_at == sent_at + DAY


def test_whoever_has_had_the_last_step_is_finished_and_told_of() -> None:
    row = make_sent()
    sent_at = datetime(2027, 3, 23, 12, tzinfo=UTC)
    after_sending(row, sent_at, position=2)
    assert (row.state, row.due_at, row.last_sent_at) == (EnrollmentState.FINISHED, None, sent_at)
    assert row.ended_at is not None
    event = Event.objects.get(kind=EventKind.FINISHED)
    assert (event.enrollment_id, event.at) == (row.pk, sent_at)


@pytest.mark.parametrize("state", [EnrollmentState.STOPPED, EnrollmentState.FINISHED, EnrollmentState.ACTIVE])
def test_a_result_moves_only_whoever_is_being_sent_to(state: EnrollmentState) -> None:
    row = make_sent(state=state)
    before = (row.state, row.next_position, row.due_at, row.stop_reason)
    sent_at = datetime(2027, 3, 23, 12, tzinfo=UTC)
    after_sending(row, sent_at)
    assert (row.state, row.next_position, row.due_at, row.stop_reason) == before
    assert row.last_sent_at == sent_at, "what has left has left, and is shown"
    assert not Event.objects.filter(kind=EventKind.FINISHED).exists()


def test_several_results_advance_in_one_go() -> None:
    row = make_sent()
    other = make_enrollment(
        row.campaign, make_contact(row.workspace, "ben@example.com"), state=EnrollmentState.SENDING, due_at=None
    )
    sent_at = datetime(2027, 3, 23, 12, tzinfo=UTC)
    advance([Sent(row.pk, 1, sent_at), Sent(other.pk, 2, sent_at)])
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.state, other.state) == (EnrollmentState.ACTIVE, EnrollmentState.FINISHED)
    advance([])


@pytest.mark.parametrize("state", [EnrollmentState.ACTIVE, EnrollmentState.FINISHED, EnrollmentState.SENDING])
def test_a_step_whose_message_is_sent_once_more_is_under_way_again(state: EnrollmentState) -> None:
    row = make_sent(state=state)
    Enrollment.objects.update(next_position=2, hold_code="absent", hold_detail="Away", held_since=clock.now())
    assert take_back(row.pk, 1)
    row.refresh_from_db()
    assert (row.state, row.due_at) == (EnrollmentState.SENDING, None)
    if state is not EnrollmentState.SENDING:
        assert (row.next_position, row.hold_code, row.held_since) == (1, "", None)
    after_sending(row, datetime(2027, 3, 23, 12, tzinfo=UTC))
    assert (row.state, row.next_position) == (EnrollmentState.ACTIVE, 2)


@pytest.mark.parametrize("state", [EnrollmentState.STOPPED, EnrollmentState.SKIPPED])
def test_a_sequence_that_is_called_off_takes_no_step_back(state: EnrollmentState) -> None:
    row = make_sent(state=EnrollmentState.STOPPED)
    Enrollment.objects.update(state=state)
    assert not take_back(row.pk, 1)
    row.refresh_from_db()
    assert row.state == state


def make_held(*, last_sent: timedelta = 4 * DAY, **values: object) -> Enrollment:
    """Make somebody whose second step is held; its wait of a day began `last_sent` ago."""
    member = make_team()
    campaign = make_empty_campaign(member, mailbox := make_sender(member))
    person = make_contact(member.workspace, "ada@example.com")
    row = make_waiting(campaign, person, mailbox, due_at=database_time() + 5 * DAY)
    columns = {
        "hold_code": HoldCode.ABSENT, "hold_detail": "Out of office", "held_since": database_time() - HOUR,
        "last_sent_at": database_time() - last_sent, **values,
    }  # fmt: skip
    Enrollment.objects.filter(pk=row.pk).update(**columns)
    row.refresh_from_db()
    return row


def test_an_absence_makes_the_next_step_wait_and_says_why() -> None:
    row = make_held(hold_code="", hold_detail="", held_since=None)
    until = database_time() + 8 * DAY
    assert postpone(row, until, words="Out of office: back on Monday" + "." * 400)
    row.refresh_from_db()
    assert (row.due_at, row.hold_code, row.held_since) == (until, HoldCode.ABSENT, database_time())
    assert row.hold_detail.startswith("Out of office: back on Monday")
    event = Event.objects.get(kind=EventKind.HELD)
    assert (event.data["code"], event.data["until"]) == ("absent", until.isoformat())


@pytest.mark.parametrize("days", [1, 5])
def test_an_absence_that_ends_before_the_wait_does_not_shorten_it(days: int) -> None:
    row = make_held(hold_code="", hold_detail="", held_since=None)
    due_at = row.due_at
    assert not postpone(row, database_time() + days * DAY, words="Back tomorrow")
    row.refresh_from_db()
    assert (row.due_at, row.hold_code) == (due_at, "")
    assert not Event.objects.filter(kind=EventKind.HELD).exists()


SENT_AT = datetime(2027, 3, 23, 12, tzinfo=UTC)
BACK_AT = datetime(2027, 3, 29, tzinfo=UTC)


def test_an_absence_that_is_heard_of_while_a_step_is_under_way_postpones_the_one_after_it() -> None:
    row = make_sent()
    assert postpone(row, BACK_AT, words="Out of office: back on Monday" + "." * 400)
    assert not postpone(row, BACK_AT - DAY, words="Out of office: back on Sunday"), "the later of two holds"
    row.refresh_from_db()
    assert (row.state, row.due_at, row.hold_code) == (EnrollmentState.SENDING, None, ""), "nothing stops what leaves"
    assert [one.code for one in present_of(row, now=clock.now()).reasons] == [Cause.UNDER_WAY, HoldCode.ABSENT]
    after_sending(row, SENT_AT)
    assert (row.state, row.next_position, row.due_at) == (EnrollmentState.ACTIVE, 2, BACK_AT)
    assert (row.hold_code, row.held_since) == (HoldCode.ABSENT, SENT_AT)
    assert row.hold_detail.startswith("Out of office: back on Monday")
    event = Event.objects.get(kind=EventKind.HELD)
    assert (event.enrollment_id, event.data["until"]) == (row.pk, BACK_AT.isoformat())


def test_an_absence_that_was_heard_of_postpones_one_step_and_no_further_one() -> None:
    row = make_sent()
    postpone(row, BACK_AT, words="Away")
    after_sending(row, SENT_AT)
    Enrollment.objects.update(state=EnrollmentState.SENDING, next_position=1, due_at=None, hold_code="")
    after_sending(row, SENT_AT)
    assert (row.due_at, row.hold_code, row.hold_detail, row.held_since) == (SENT_AT + DAY, "", "", None)


def test_an_absence_that_is_over_before_the_wait_of_the_next_step_leaves_it_as_it_is() -> None:
    row = make_sent()
    assert postpone(row, SENT_AT + DAY, words="Back tomorrow")
    after_sending(row, SENT_AT)
    assert (row.due_at, row.hold_code) == (SENT_AT + DAY, "")
    assert not Event.objects.filter(kind=EventKind.HELD).exists()


def test_an_absence_during_the_last_step_changes_nothing() -> None:
    row = make_sent()
    Enrollment.objects.update(next_position=2)
    assert not postpone(row, BACK_AT, words="Away")
    after_sending(row, SENT_AT, position=2)
    assert (row.state, row.due_at, row.hold_code) == (EnrollmentState.FINISHED, None, "")


def test_an_absence_outlives_a_message_that_is_sent_once_more() -> None:
    row = make_sent(state=EnrollmentState.ACTIVE)
    assert postpone(row, BACK_AT, words="Away")
    assert take_back(row.pk, 1)
    after_sending(row, SENT_AT)
    assert (row.due_at, row.hold_code, row.hold_detail) == (BACK_AT, HoldCode.ABSENT, "Away")


def test_an_absence_changes_nothing_for_whoever_waits_for_nothing() -> None:
    row = make_sent(state=EnrollmentState.STOPPED)
    assert not postpone(row, database_time() + DAY, words="Away")


def test_a_person_can_lift_a_hold_and_the_step_is_looked_at_again() -> None:
    row = make_held()
    assert release(row) == database_time()
    row.refresh_from_db()
    assert (row.due_at, row.hold_code, row.hold_detail, row.held_since) == (database_time(), "", "", None)
    assert Event.objects.get(kind=EventKind.RELEASED).enrollment_id == row.pk
    assert len(pick(Mailbox.objects.get())) == 1


def test_lifting_a_hold_does_not_shorten_the_wait_of_the_step() -> None:
    row = make_held(last_sent=HOUR)
    due = database_time() - HOUR + DAY
    assert release(row) == due
    row.refresh_from_db()
    assert (row.due_at, row.hold_code) == (due, "")
    assert pick(Mailbox.objects.get()) == []


def test_lifting_a_hold_of_a_new_contact_makes_them_due_at_once() -> None:
    row = make_held(mailbox=None, last_sent_at=None, next_position=1, hold_code=HoldCode.MISSING_VALUE)
    assert release(row) == database_time()


def test_nothing_can_be_lifted_where_nothing_holds() -> None:
    row = make_held(hold_code="", hold_detail="", held_since=None)
    due_at = row.due_at
    assert release(row) is None, "a wait is no hold: a page that is out of date must not end it"
    row.refresh_from_db()
    assert row.due_at == due_at
    Enrollment.objects.update(state=EnrollmentState.SENDING, due_at=None, hold_code="gap")
    assert release(row) is None
    assert not Event.objects.filter(kind=EventKind.RELEASED).exists()


@pytest.mark.parametrize("reason", StopReason)
@pytest.mark.parametrize("state", [EnrollmentState.ACTIVE, EnrollmentState.SENDING, EnrollmentState.FINISHED])
def test_a_stop_ends_the_sequence_with_its_reason(state: EnrollmentState, reason: StopReason) -> None:
    row = make_sent(state=state)
    Enrollment.objects.update(hold_code="gap", hold_detail="a gap", held_since=clock.now())
    assert stop(row, reason, detail="x" * 400)
    row.refresh_from_db()
    assert (row.state, row.stop_reason, row.stop_detail) == (EnrollmentState.STOPPED, reason, "x" * 300)
    assert (row.due_at, row.hold_code, row.held_since) == (None, "", None)
    assert row.ended_at == database_time()
    event = Event.objects.get(kind=EventKind.STOPPED)
    assert (event.enrollment_id, event.data["reason"]) == (row.pk, reason.value)
    is_answer = reason is StopReason.REPLIED
    assert stop(row, StopReason.REMOVED) == is_answer, "the first reason stays, but for an answer, which could lead on"
    assert not stop(row, StopReason.REPLIED)
    row.refresh_from_db()
    assert row.stop_reason == (StopReason.REMOVED if is_answer else reason)
    assert Event.objects.filter(kind=EventKind.STOPPED).count() == 1 + is_answer


def test_whoever_is_stopped_is_never_picked_again() -> None:
    row = make_held(hold_code="", due_at=database_time() - HOUR)
    mailbox = Mailbox.objects.get()
    assert stop(row, StopReason.REPLIED)
    assert pick(mailbox) == []


def test_stopping_a_contact_ends_each_of_their_sequences_and_nobody_elses() -> None:
    member = make_team()
    mailbox = make_sender(member)
    ada, ben = make_people(member, 2)
    first = make_empty_campaign(member, mailbox)
    second = Campaign.objects.create(workspace=member.workspace, name="Second")
    make_open_windows(second)
    make_enrollment(first, ada)
    make_enrollment(second, ada, state=EnrollmentState.SENDING, due_at=None)
    make_enrollment(first, ben)
    done = Campaign.objects.create(workspace=member.workspace, name="Done")
    make_enrollment(done, ada, state=EnrollmentState.FINISHED, due_at=None)
    assert stop_contact(ada, StopReason.OPTED_OUT, detail="No thanks") == 2
    states = {(row.contact_id, row.campaign_id): row.state for row in Enrollment.objects.all()}
    assert states == {
        (ada.pk, first.pk): EnrollmentState.STOPPED,
        (ada.pk, second.pk): EnrollmentState.STOPPED,
        (ada.pk, done.pk): EnrollmentState.FINISHED,
        (ben.pk, first.pk): EnrollmentState.ACTIVE,
    }
    assert stop_contact(ada, StopReason.OPTED_OUT) == 0


def test_a_suppression_during_a_wait_ends_the_sequence_at_the_next_look() -> None:
    row = make_held(hold_code="", due_at=database_time() - HOUR)
    make_suppression(row.workspace, "ada@example.com")
    assert pick(Mailbox.objects.get()) == []
    row.refresh_from_db()
    assert (row.state, row.stop_reason) == (EnrollmentState.STOPPED, StopReason.SUPPRESSED)
