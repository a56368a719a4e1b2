"""A setting that opens lets those go whom the one before it held; whoever is held still is told so truly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.calendar import ClosedSpan, Window
from campaigns.sequences.models import Campaign, SendWindow
from campaigns.sequences.services import Schedule, close, save_schedule
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.pacing import HoldCode
from sending.planner.explain.present import present_of
from sending.planner.models import Enrollment
from sending.planner.services.limits import set_throttles
from tests.builders import make_contact, make_running_campaign
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.stage import emails, make_people, make_sender, make_team, make_waiting, pick, put_to_sleep
from tests.sending.planner.stage import sleepers as sleeping

ALWAYS = Schedule("UTC", use_contact_zone=True, windows=[Window(day, 0, 1440) for day in range(1, 8)])
SATURDAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def on_a_saturday(db: None) -> object:
    with virtual_time():
        set_time(SATURDAY)
        yield


def in_office_hours(member: Member, mailbox: Mailbox, *, count: int = 2) -> Campaign:
    campaign = make_running_campaign(member, make_people(member, count), (mailbox,), steps=2)
    SendWindow.objects.filter(campaign=campaign).delete()
    for weekday in range(1, 6):
        SendWindow.objects.create(campaign=campaign, weekday=weekday, start_minute=540, end_minute=1020)
    return campaign


def test_a_schedule_that_opens_lets_go_whom_it_held(django_capture_on_commit_callbacks: object) -> None:
    member = make_team()
    mailbox, other = make_sender(member), make_sender(member, "other@acme.example")
    campaign = in_office_hours(member, mailbox)
    late = make_contact(member.workspace, "late@example.com")
    make_waiting(campaign, late, other, due_at=SATURDAY - timedelta(hours=1))
    assert not pick(mailbox, other)
    held = Enrollment.objects.filter(campaign=campaign)
    assert set(held.values_list("hold_code", "due_at")) == {(HoldCode.WINDOW, MONDAY)}
    put_to_sleep()
    set_time(SATURDAY + timedelta(hours=1))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        save_schedule(campaign, ALWAYS, who=member.user)
    assert set(held.values_list("hold_code", "due_at", "held_since")) == {("", SATURDAY, None)}
    assert not sleeping(), "also the mailbox of a follow-up that is no sender of the campaign"
    MailboxClock.objects.update(synced_at=SATURDAY + timedelta(hours=1))
    assert len(pick(mailbox, other)) == 3
    told = Event.objects.get(kind=EventKind.EDITED, campaign_id=campaign.pk)
    assert told.data["by"] == member.user.email
    assert told.data["before"].splitlines()[0] == "Monday 09:00-17:00"
    assert told.data["after"].splitlines()[-1] == "Sunday 00:00-24:00"
    assert Event.objects.filter(kind=EventKind.RELEASED, campaign_id=campaign.pk).count() == 3


def test_a_schedule_that_opens_less_holds_them_by_what_it_says_now() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = in_office_hours(member, mailbox)
    pick(mailbox)
    save_schedule(campaign, Schedule("UTC", use_contact_zone=True, windows=[Window(7, 600, 660)]))
    assert not pick(mailbox)
    due = datetime(2026, 11, 29, 10, tzinfo=UTC)
    assert set(Enrollment.objects.values_list("hold_code", "due_at")) == {(HoldCode.WINDOW, due)}


def test_a_schedule_that_is_saved_as_it_was_moves_nobody_and_tells_nothing() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = in_office_hours(member, mailbox)
    pick(mailbox)
    office = [Window(day, 540, 1020) for day in range(1, 6)]
    save_schedule(campaign, Schedule(campaign.time_zone, campaign.use_contact_zone, office))
    assert set(Enrollment.objects.values_list("hold_code", flat=True)) == {HoldCode.WINDOW}
    assert not Event.objects.filter(kind__in=[EventKind.EDITED, EventKind.RELEASED]).exists()


def test_closed_days_that_are_lifted_let_go_whom_they_held_in_every_campaign() -> None:
    member = make_team()
    mailbox, people = make_sender(member), make_people(member, 2)
    for place, one in enumerate(people):
        make_running_campaign(member, (one,), (mailbox,), name=f"c{place}")
    days = [ClosedSpan(date(2026, 11, 28), date(2026, 12, 24), "Works holiday")]
    close(member.workspace, days)
    assert not pick(mailbox)
    close(member.workspace, [], who=member.user)
    assert len(pick(mailbox)) == 2
    told = Event.objects.filter(kind=EventKind.EDITED).order_by("pk")
    assert [one.data["after"] or one.data["before"] for one in told] == [f"closed {days[0]}"] * 4
    close(member.workspace, [])
    assert told.count() == 4, "nothing has changed"


def test_limits_that_are_lifted_let_go_whom_they_held() -> None:
    member = make_team()
    mailbox = make_sender(member)
    people = tuple(make_contact(member.workspace, f"p{n}@firm.example") for n in range(3))
    campaign = make_running_campaign(member, people, (mailbox,))
    set_throttles(member.workspace, {"company_per_day": 1})
    assert emails(pick(mailbox)) == ["p0@firm.example"]
    held = Enrollment.objects.filter(hold_code=HoldCode.COMPANY_LIMIT)
    assert held.count() == 2
    set_throttles(member.workspace, {}, who=member.user)
    assert emails(pick(mailbox)) == ["p1@firm.example", "p2@firm.example"]
    told = Event.objects.filter(kind=EventKind.EDITED, campaign_id=campaign.pk).order_by("-pk")[0]
    assert (told.data["before"], told.data["after"]) == ("company per day: 1", "company per day: no limit")


def test_what_a_person_or_an_absence_holds_is_not_let_go() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = in_office_hours(member, mailbox, count=1)
    Enrollment.objects.update(hold_code=HoldCode.ABSENT, hold_detail="Back in May.", held_since=SATURDAY, due_at=MONDAY)
    save_schedule(campaign, ALWAYS)
    assert Enrollment.objects.get().due_at == MONDAY


def test_the_hold_that_stands_is_told_although_its_gate_would_let_them_go_now() -> None:
    member = make_team()
    mailbox = make_sender(member)
    in_office_hours(member, mailbox, count=1)
    pick(mailbox)
    SendWindow.objects.filter(weekday=1).update(weekday=6)  # as by a claim that was under way meanwhile
    row = Enrollment.objects.select_related("contact", "campaign", "mailbox", "workspace").get()
    binding = present_of(row, now=SATURDAY).binding
    assert (binding.code, binding.until) == (HoldCode.WINDOW, MONDAY)
    assert binding.words.endswith("So it was at the last look, and until the next one it stands.")
