"""Why not more on a day: the waterfall of a campaign, whose rows add up and lead to their people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox
from sending.mailboxes.services import pause as pause_mailbox
from sending.planner.models import Enrollment
from sending.planner.queries import enrollment_for
from sending.planner.services import pause, postpone, stop
from sending.planner.states import StopReason
from sending.reports.waterfall import Waterfall, waterfall_of
from tests.builders import make_office_hours, make_running_campaign
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.living import live
from tests.sending.planner.pages import page_of, signed_in, text_of
from tests.sending.planner.stage import DAY, HOUR, make_people, make_sender, make_team
from tests.sending.reports.busy import rows_behind

pytestmark = pytest.mark.django_db

MONDAY = datetime(2027, 3, 22, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _hours() -> Iterator[None]:
    with virtual_time():
        set_time(MONDAY)
        yield


@pytest.fixture
def member() -> Member:
    return make_team()


def make_office(member: Member, *, people: int = 8, daily: int = 3, steps: int = 1) -> Campaign:
    mailbox = make_sender(member, daily_limit=daily, hourly_limit=10, gap_min_s=600, gap_max_s=600)
    campaign = make_running_campaign(member, make_people(member, people), (mailbox,), steps=steps)
    make_office_hours(campaign)
    Enrollment.objects.update(created_at=MONDAY)
    return campaign


def rows(campaign: Campaign, day: int, now: datetime) -> dict[str, int]:
    found = waterfall(campaign, day, now)
    assert sum(row.count for row in found.rows) == found.due == len(found.causes), "the rows add up"
    return {row.cause: row.count for row in found.rows}


def waterfall(campaign: Campaign, day: int, now: datetime) -> Waterfall:
    return waterfall_of(campaign, MONDAY.date().replace(day=day), now=now)


def person(member: Member, number: int) -> Enrollment:
    return enrollment_for(member, Enrollment.objects.order_by("pk")[number].pk)


def test_a_day_of_everything_adds_up(member: Member) -> None:
    campaign = make_office(member)
    postpone(person(member, 5), MONDAY + 4 * DAY, words="Out of office")
    Enrollment.objects.filter(pk=person(member, 5).pk).update(due_at=MONDAY - HOUR)
    postpone(person(member, 5), MONDAY + 4 * DAY, words="Out of office")
    stop(person(member, 6), StopReason.REMOVED, detail="By hand")
    live(MONDAY, MONDAY + HOUR)
    assert rows(campaign, 22, MONDAY + HOUR) == {"daily_limit": 3, "absent": 1, "removed": 1, "sent": 3}
    live(MONDAY + HOUR, MONDAY + 3 * DAY)
    assert rows(campaign, 22, MONDAY + 3 * DAY) == {"daily_limit": 3, "absent": 1, "removed": 1, "sent": 3}
    assert rows(campaign, 23, MONDAY + 3 * DAY) == {"absent": 1, "sent": 3}


def test_follow_ups_are_due_when_their_wait_is_over(member: Member) -> None:
    campaign = make_office(member, people=3, daily=10, steps=2)
    live(MONDAY, MONDAY + HOUR)
    assert rows(campaign, 22, MONDAY + HOUR) == {"sent": 3}
    assert rows(campaign, 23, MONDAY + DAY - HOUR) == {"later": 3, "sent": 0}
    assert rows(campaign, 23, MONDAY + DAY + HOUR / 12) == {"in_line": 1, "later": 2, "sent": 0}


def test_a_row_of_what_is_set_with_a_person_leads_to_those_whom_it_holds(member: Member) -> None:
    campaign = make_office(member)
    postpone(person(member, 5), MONDAY + 4 * DAY, words="Out of office")
    set_time(MONDAY + HOUR)
    html = page_of(signed_in(member).get(member.url("reports:day", campaign.pk)))
    link = re.search(r'href="([^"]+)">See its people<', html)
    assert link
    held = text_of(signed_in(member).get(link[1].replace("&amp;", "&")))
    assert re.findall(r"p\d@example.com", held)[:1] == ["p5@example.com"]
    assert "p1@example.com" not in held


def test_a_paused_campaign_is_the_cause_of_all(member: Member) -> None:
    campaign = make_office(member, people=2)
    pause(member, campaign)
    assert rows(campaign, 22, MONDAY + 2 * HOUR) == {"campaign_paused": 2, "sent": 0}


def test_nothing_of_a_weekend_is_held_but_by_the_window(member: Member) -> None:
    campaign = make_office(member, people=2, daily=1)
    live(MONDAY, MONDAY + HOUR)
    assert rows(campaign, 27, MONDAY + 7 * DAY) == {"window": 1, "sent": 0}


def test_the_page_shows_the_rows_with_where_each_is_set_and_the_people_behind_one(member: Member) -> None:
    campaign = make_office(member)
    live(MONDAY, MONDAY + HOUR)
    set_time(MONDAY + HOUR)
    url = member.url("reports:day", campaign.pk)
    text = text_of(signed_in(member).get(url))
    assert "Due so far, or later today 8 Daily limit See its mailboxes \N{MINUS SIGN}5 Written to 3" in text
    people = text_of(signed_in(member).get(f"{url}?day=2027-03-22&cause=daily_limit"))
    assert sorted(re.findall(r"p\d@example.com", people)) == [f"p{n}@example.com" for n in (3, 4, 5, 6, 7)]
    assert "Hour by hour" in people
    region = page_of(signed_in(member, HX_Request="true", HX_Target="day").get(url)).strip()
    assert region.startswith('<div id="day"')
    assert region in page_of(signed_in(member).get(url))


def test_nonsense_in_the_address_shows_today(member: Member) -> None:
    campaign = make_office(member)
    text = text_of(signed_in(member).get(member.url("reports:day", campaign.pk) + "?day=x&cause=nonsense"))
    assert "Why not more on Mon 22 Mar 2027" in text
    assert "Nobody is in this row" in text


def test_many_people_cost_no_more_queries_than_few(member: Member) -> None:
    campaign = make_office(member, people=2)
    with CaptureQueriesContext(connection) as few:
        waterfall(campaign, 22, MONDAY + HOUR)
    other = make_running_campaign(member, make_people(member, 30, name="x"), tuple(Mailbox.objects.all()), name="Other")
    with CaptureQueriesContext(connection) as many:
        waterfall(other, 22, MONDAY + timedelta(hours=2))
    assert len(few) == len(many) <= 14


def test_a_mailbox_tells_what_held_it_on_a_day(member: Member) -> None:
    make_office(member)
    live(MONDAY, MONDAY + HOUR)
    mailbox = Mailbox.objects.get()
    pause_mailbox(mailbox.pk, "Holidays")
    set_time(MONDAY + 2 * HOUR)
    html = page_of(signed_in(member).get(member.url("reports:mailbox_day", mailbox.pk)))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert "3 messages tried on this day" in text
    link = re.search(r'href="([^"]+)">3 messages<', html)
    assert link
    assert rows_behind(member, link[1].replace("&amp;", "&")) == 3
    assert re.search(r"09:20 .* 11:00 Everybody Daily limit 3 of 3 messages of the last 24 hours are sent\.", text)
    assert "me@acme.example carried nothing: Holidays Open the mailbox" in text
    before = text_of(signed_in(member).get(member.url("reports:mailbox_day", mailbox.pk) + "?day=2026-01-05"))
    assert "Nothing held it but the gap between two messages." in before
