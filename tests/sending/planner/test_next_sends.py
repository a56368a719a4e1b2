"""Who is written to next, told on the clocks of the recipient and of the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from campaigns.calendar import Window
from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from campaigns.sequences.services import Schedule, save_schedule
from outreach.accounts.access import Member
from sending.planner.forecast.upcoming import upcoming
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.pages import make_draft, read
from tests.sending.planner.stage import make_team

pytestmark = pytest.mark.django_db

THURSDAY = datetime(2027, 3, 25, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _hours() -> Iterator[None]:
    with virtual_time():
        set_time(THURSDAY)
        yield


@pytest.fixture
def member() -> Member:
    return make_team()


def let_send(campaign: Campaign, *, starts_on: date | None = None, limit: int | None = None) -> None:
    windows = [Window(day, *span) for day in range(1, 8) for span in ((540, 720), (780, 1020))]
    save_schedule(
        campaign,
        Schedule("Europe/Berlin", use_contact_zone=True, windows=windows, daily_limit=limit, starts_on=starts_on),
    )


def test_each_is_written_to_in_the_window_of_their_own_clock(member: Member) -> None:
    campaign = make_draft(member, people=2)
    Contact.objects.filter(email="p1@example.com").update(time_zone="America/New_York")
    let_send(campaign)
    found = upcoming(campaign)
    assert [(one.contact.email, one.at, one.zone_name) for one in found.sends] == [
        ("p0@example.com", THURSDAY, "Europe/Berlin"),
        ("p1@example.com", datetime(2027, 3, 25, 13, tzinfo=UTC), "America/New_York"),
    ]
    words = read(member, "next_sends", campaign.pk)
    assert "Thu 25 Mar, 09:00 CET" in words
    assert "Thu 25 Mar, 09:00 EDT" in words
    assert "Thu 25 Mar, 13:00 UTC" in words


def test_a_change_of_the_clock_between_the_sends_is_told(member: Member) -> None:
    campaign = make_draft(member, people=5)
    let_send(campaign, limit=1)
    found = upcoming(campaign)
    hours = [(one.at.day, one.at.hour, one.at.astimezone(one.zone).hour) for one in found.sends]
    assert hours == [(25, 8, 9), (26, 8, 9), (27, 8, 9), (28, 8, 10), (29, 8, 10)]
    words = read(member, "next_sends", campaign.pk)
    assert "The clocks of Europe/Berlin go forward on 28 March 2027" in words
    assert "Mon 29 Mar, 10:00 CEST" in words


def test_nobody_is_written_to_before_the_first_day(member: Member) -> None:
    campaign = make_draft(member, people=1)
    let_send(campaign, starts_on=date(2027, 6, 7))
    assert [one.at for one in upcoming(campaign).sends] == [datetime(2027, 6, 7, 7, tzinfo=UTC)]


def test_where_nothing_is_foreseen_the_page_leads_to_what_stands_in_the_way(member: Member) -> None:
    campaign = make_draft(member, people=0)
    assert "No message is foreseen as things stand. What stands in the way" in read(member, "next_sends", campaign.pk)
