"""Why somebody is not written to: now, on a past day, and what would have to change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.guard.core import Kind
from sending.guard.models import Finding
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.services import pause as pause_mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing import HoldCode
from sending.planner.explain.past import past_day
from sending.planner.models import Enrollment
from sending.planner.queries import enrollment_for
from sending.planner.services import pause, postpone, resume, stop
from sending.planner.states import StopReason
from tests.builders import make_office_hours, make_running_campaign, make_suppression
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.living import live
from tests.sending.planner.pages import page_of, read, signed_in
from tests.sending.planner.stage import DAY, HOUR, make_people, make_sender, make_spending, make_team

pytestmark = pytest.mark.django_db

MONDAY = datetime(2027, 3, 22, 9, tzinfo=UTC)
LATER = MONDAY + 3 * DAY


@pytest.fixture(autouse=True)
def _hours() -> Iterator[None]:
    with virtual_time():
        set_time(MONDAY)
        yield


@pytest.fixture
def member() -> Member:
    return make_team()


def make_office(member: Member, *, people: int = 6, daily: int = 2, steps: int = 1) -> Campaign:
    """Launch a campaign on Monday at nine, from nine to five in UTC, from one mailbox with a gap of ten minutes."""
    mailbox = make_sender(member, daily_limit=daily, hourly_limit=2, gap_min_s=600, gap_max_s=600)
    campaign = make_running_campaign(member, make_people(member, people), (mailbox,), steps=steps)
    make_office_hours(campaign)
    Enrollment.objects.update(created_at=MONDAY)
    return campaign


def person(member: Member, number: int) -> Enrollment:
    return enrollment_for(member, Enrollment.objects.order_by("pk")[number].pk)


def told(row: Enrollment, day: int, *, now: datetime = LATER) -> list[tuple[str, str, str]]:
    """Return what bound on a day of March, by the clock of the workspace."""
    line = past_day(row, MONDAY.date().replace(day=day), now=now).line
    return [(f"{one.begin:%H:%M}", f"{one.end:%H:%M}", one.code) for one in line]


def test_a_day_on_which_the_mailbox_was_full_is_told_hour_by_hour(member: Member) -> None:
    make_office(member)
    live(MONDAY, LATER)
    assert told(person(member, 5), 23) == [
        ("00:00", "09:00", "window"),
        ("09:00", "17:00", "daily_limit"),  # but for the minutes in which its two messages of the day left
        ("17:00", "00:00", "window"),
    ]
    text = read(member, "why", person(member, 5).pk, query="?day=2027-03-23")
    assert "On Tuesday, 23 March 2027" in text
    assert "me@acme.example: 2 of 2 messages of the last 24 hours are sent. Change the daily limit" in text


def test_a_day_on_which_a_message_left_says_so(member: Member) -> None:
    make_office(member)
    live(MONDAY, LATER)
    text = read(member, "why", person(member, 1).pk, query="?day=2027-03-22")
    assert "A message left on this day Step 1 at 09:10" in text
    assert told(person(member, 1), 23)[0] == ("00:00", "00:00", "over")


def test_pauses_absences_and_waits_are_told(member: Member) -> None:
    campaign = make_office(member, people=2, steps=2)
    live(MONDAY, MONDAY + HOUR)
    set_time(MONDAY + 2 * HOUR)
    pause(member, campaign)
    set_time(MONDAY + 27 * HOUR)
    campaign.refresh_from_db()
    resume(member, campaign)
    postpone(person(member, 0), LATER, words="Out of office: back on Thursday")
    assert told(person(member, 0), 22) == [
        ("00:00", "09:00", "not_enrolled"),
        ("09:00", "00:00", "wait"),
    ]
    assert told(person(member, 0), 23) == [
        ("00:00", "09:00", "wait"),
        ("09:00", "12:00", "campaign_paused"),
        ("12:00", "00:00", "absent"),
    ]
    text = read(member, "why", person(member, 0).pk, query="?day=2027-03-23")
    assert "A person paused it. Resume the campaign" in text
    assert "Out of office: back on Thursday" in text


def test_a_mailbox_that_was_paused_held_its_people(member: Member) -> None:
    make_office(member, people=1)
    Mailbox.objects.update(state=MailboxState.ACTIVE)
    pause_mailbox(Mailbox.objects.get().pk, "Holidays")
    assert told(person(member, 0), 22, now=MONDAY + HOUR) == [
        ("00:00", "09:00", "not_enrolled"),
        ("09:00", "10:00", "mailbox_state"),
    ]
    text = read(member, "why", person(member, 0).pk)
    assert "Holidays" in text


def test_whoever_waits_behind_others_is_told_how_many_went(member: Member) -> None:
    make_office(member, daily=100)
    live(MONDAY, MONDAY + HOUR / 2)
    day = past_day(person(member, 5), MONDAY.date(), now=MONDAY + HOUR / 6)
    assert [one.code for one in day.line] == ["not_enrolled", "in_line"]
    assert day.line[1].words == "In line: others went first. 2 messages left its mailboxes on that day."


def test_a_sequence_that_was_called_off_is_over(member: Member) -> None:
    make_office(member, people=1)
    set_time(MONDAY + HOUR)
    stop(person(member, 0), StopReason.REPLIED, detail="They answered.")
    assert told(person(member, 0), 22, now=LATER)[-1] == ("10:00", "00:00", "over")
    assert "They answered." in read(member, "why", person(member, 0).pk)


def test_today_is_told_up_to_now_and_tomorrow_not_at_all(member: Member) -> None:
    make_office(member)
    set_time(MONDAY + HOUR)
    assert told(person(member, 0), 22, now=MONDAY + HOUR)[-1][1] == "10:00"
    text = read(member, "why", person(member, 0).pk, query="?day=2031-01-01")
    assert "On Monday, 22 March 2027" in text


def test_now_every_gate_that_speaks_is_shown_with_what_binds_first(member: Member) -> None:
    make_office(member)
    live(MONDAY, MONDAY + HOUR / 2)
    set_time(MONDAY + HOUR / 2)
    text = read(member, "why", person(member, 4).pk)
    daily, hourly = text.index("2 of 2 messages of the last 24 hours"), text.index("2 of 2 messages of this hour")
    assert daily < hourly, "what lasts longest binds"
    assert "Change the daily limit Binds" in text


def test_places_that_are_kept_for_follow_ups_hold_new_contacts(member: Member) -> None:
    campaign = make_office(member, people=6, daily=4, steps=2)
    mailbox = Mailbox.objects.get()
    for row in Enrollment.objects.order_by("pk")[:4]:
        Enrollment.objects.filter(pk=row.pk).update(
            mailbox=mailbox, next_position=2, begun_at=MONDAY - DAY, last_sent_at=MONDAY - DAY, due_at=MONDAY + HOUR
        )
    make_spending(mailbox, 2, ago=20 * HOUR, is_new_lead=True)
    text = read(member, "why", person(member, 5).pk)
    assert "Of 4 places a day 2 are used and 2 kept for follow-ups to come." in text
    assert "See its account book Binds" in text
    assert campaign.pk


def test_whoever_must_never_be_written_to_is_told_first(member: Member) -> None:
    make_office(member)
    make_suppression(member.workspace, "p0@example.com")
    text = read(member, "why", person(member, 0).pk)
    assert re.search(r"p0@example.com is suppressed: manual\. .*See the suppressions Binds", text)


def test_nothing_in_the_way_is_the_place_in_line(member: Member) -> None:
    make_office(member)
    assert "Nothing holds it: the next message is theirs." in read(member, "why", person(member, 0).pk)
    assert "In line: 3 are before them." in read(member, "why", person(member, 3).pk)


def test_where_nothing_at_all_leaves_that_binds(member: Member) -> None:
    make_office(member)
    Finding.objects.create(place="here", kind=Kind.BEHIND, read_at=MONDAY, copy_of=MONDAY)
    told = read(member, "why", person(member, 0).pk)
    assert re.search(r"Sending stands still until an owner has confirmed .* See what was found Binds", told)
    assert "the next message is theirs" not in told
    foreseen = read(member, "prospect", person(member, 0).pk)
    assert "What follows is reckoned as if it went on now. Then the next message leaves" in foreseen
    assert "As if sending went on now" in read(member, "forecast", person(member, 0).campaign_id)


def test_a_day_on_which_nothing_left_is_not_told_as_a_line(member: Member) -> None:
    make_office(member)
    day = past_day(person(member, 0), MONDAY.date(), now=MONDAY + HOUR)
    assert day.line[1].words.endswith("nothing left its mailboxes on that day: perhaps no worker ran.")


def test_a_wait_is_told_with_its_end(member: Member) -> None:
    make_office(member, people=1, steps=2)
    live(MONDAY, MONDAY + HOUR)
    set_time(MONDAY + HOUR)
    assert "Step 2 waits behind the one before." in read(member, "why", person(member, 0).pk)


def test_what_would_have_to_change_is_reckoned_and_comes_true(member: Member) -> None:
    make_office(member)
    live(MONDAY, MONDAY + HOUR / 2)
    set_time(MONDAY + HOUR / 2)
    row = person(member, 2)
    html = page_of(signed_in(member).get(member.url("planner:prospect", row.pk)))
    assert 'datetime="2027-03-23T09:00:00+00:00"' in html, "as things stand: when the first place comes back"
    text = read(member, "prospect", row.pk)
    assert "If the daily limit of me@acme.example were 12 Change the daily limit" in text
    assert "If one more mailbox like its first carried the campaign" in text
    Mailbox.objects.update(daily_limit=12)
    MailboxClock.objects.update(look_at=MONDAY + HOUR / 2)
    book = live(MONDAY + HOUR / 2, MONDAY + 2 * HOUR)
    then = next(one.at for one in book if one.person_id == row.pk)
    assert f'datetime="{then:%Y-%m-%dT%H:%M:%S}+00:00"' in html


def test_a_campaign_at_its_limit_of_messages_is_told_what_another_limit_would_change(member: Member) -> None:
    make_office(member, people=3)
    Mailbox.objects.update(daily_limit=50, hourly_limit=50)
    Campaign.objects.update(daily_limit=1)
    live(MONDAY, MONDAY + HOUR / 2)
    set_time(MONDAY + HOUR / 2)
    row = person(member, 2)
    html = page_of(signed_in(member).get(member.url("planner:prospect", row.pk)))
    assert 'datetime="2027-03-24T09:00:00+00:00"' in html, "one a day: the third of them on Wednesday"
    text = read(member, "prospect", row.pk)
    assert "If the campaign sent 2 messages a day Change the limit of messages" in text


def test_whoever_is_far_behind_is_sent_to_the_forecast(member: Member) -> None:
    mailbox = make_sender(member, daily_limit=100_000, hourly_limit=100_000)
    campaign = make_running_campaign(member, make_people(member, 1), (mailbox,))
    many = [Contact(workspace=member.workspace, email=f"x{n}@x.com", email_key=f"x{n}@x.com") for n in range(3_001)]
    rows = [
        Enrollment(workspace=member.workspace, campaign=campaign, contact=one, due_at=MONDAY - HOUR)
        for one in Contact.objects.bulk_create(many)
    ]
    Enrollment.objects.bulk_create(rows)
    assert "More than 3,000 messages go before it." in read(member, "prospect", rows[-1].pk)


def test_a_hold_that_a_person_must_mend_is_the_first_thing_to_change(member: Member) -> None:
    make_office(member, people=1)
    Enrollment.objects.update(hold_code=HoldCode.MISSING_VALUE, hold_detail="Step 1 uses city.", due_at=MONDAY + DAY)
    text = read(member, "prospect", person(member, 0).pk)
    assert "no message is foreseen" in text
    assert "If the missing value were filled in Fill it in" in text


def test_a_mailbox_that_carries_nothing_would_have_to_carry_mail(member: Member) -> None:
    make_office(member, people=1, steps=2)
    live(MONDAY, MONDAY + HOUR)
    Mailbox.objects.update(state=MailboxState.PAUSED)
    set_time(MONDAY + 2 * DAY)
    text = read(member, "prospect", person(member, 0).pk)
    assert "If me@acme.example carried mail Open the mailbox" in text


def test_the_day_alone_is_the_region_of_the_page(member: Member) -> None:
    make_office(member)
    url = member.url("planner:why", person(member, 0).pk) + "?day=2027-03-22"
    set_time(MONDAY + timedelta(hours=1))
    region = page_of(signed_in(member, HX_Request="true", HX_Target="day").get(url)).strip()
    assert region.startswith('<div id="day"')
    assert region in page_of(signed_in(member).get(url))
