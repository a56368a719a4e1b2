"""Closed days in real claims and on their pages: where the recipient is, of the workspace and of a campaign."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from campaigns.calendar import ClosedSpan, WaitUnit
from campaigns.sequences.models import Campaign, ClosedDays, Step
from campaigns.sequences.plans import plans
from campaigns.sequences.services import close
from outreach.accounts.access import Member
from sending.pacing import HoldCode
from sending.planner.models import Enrollment
from sending.planner.progress.advancing import Sent, advance
from tests.builders import make_contact, make_enrollment, make_running_campaign, make_workspace
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.pages import seen_on
from tests.sending.planner.stage import emails, make_people, make_sender, make_team, pick

pytestmark = pytest.mark.django_db
FRIDAY = date(2026, 12, 25)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def member() -> Member:
    return make_team()


def test_nobody_is_written_to_on_a_closed_day_of_their_own_date() -> None:
    with virtual_time():
        set_time(utc("2026-12-25T03:00"))  # Friday in Tokyo, still Thursday in Lima
        member = make_team()
        mailbox = make_sender(member)
        tokyo = make_contact(member.workspace, "t@example.com", time_zone="Asia/Tokyo")
        lima = make_contact(member.workspace, "l@example.com", time_zone="America/Lima")
        make_running_campaign(member, (tokyo, lima), (mailbox,))
        close(member.workspace, [ClosedSpan(FRIDAY, FRIDAY, "Christmas")])
        assert emails(pick(mailbox)) == [lima.email]
        held = Enrollment.objects.get(contact=tokyo)
        assert (held.hold_code, held.due_at) == (HoldCode.WINDOW, utc("2026-12-25T15:00")), "Saturday begins in Tokyo"


def test_closed_days_are_of_the_workspace_or_of_one_campaign(member: Member) -> None:
    mailbox, (one, other) = make_sender(member), make_people(member, 2)
    first = make_running_campaign(member, (one,), (mailbox,), name="first")
    second = make_running_campaign(member, (other,), (mailbox,), name="second")
    close(member.workspace, [ClosedSpan(FRIDAY, FRIDAY)])
    close(make_workspace("other"), [ClosedSpan(date(2026, 1, 1), date(2026, 1, 2))])
    ClosedDays.objects.create(
        workspace=member.workspace, campaign=second, first=date(2026, 12, 30), last=date(2026, 12, 31)
    )
    loaded = plans([first.pk, second.pk])
    assert loaded[first.pk].schedule.holidays == {FRIDAY}
    assert loaded[second.pk].schedule.holidays == {FRIDAY, date(2026, 12, 30), date(2026, 12, 31)}
    close(member.workspace, [])
    assert plans([first.pk])[first.pk].schedule.holidays == frozenset()
    assert plans([second.pk])[second.pk].schedule.holidays == {date(2026, 12, 30), date(2026, 12, 31)}


def test_a_wait_in_business_days_passes_over_them(member: Member) -> None:
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, (make_contact(member.workspace),), (mailbox,), steps=2, time_zone="UTC")
    Step.objects.filter(campaign=campaign, position=2).update(wait_amount=2, wait_unit=WaitUnit.BUSINESS_DAYS)
    close(member.workspace, [ClosedSpan(date(2026, 12, 24), FRIDAY)])
    Enrollment.objects.all().delete()
    row = make_enrollment(
        campaign, make_contact(member.workspace, "b@example.com"), mailbox=mailbox, state="sending", due_at=None
    )
    advance([Sent(row.pk, 1, utc("2026-12-23T10:00"))])  # a Wednesday
    row.refresh_from_db()
    assert row.due_at == utc("2026-12-29T10:00"), "Thursday and Friday are closed, then comes the weekend"


def test_the_page_of_the_workspace_keeps_what_is_right_and_names_what_is_not(member: Member, client: Client) -> None:
    client.force_login(member.user)
    url = member.url("sequences:closed_days")
    assert (
        client.post(
            url, {"closed": "2026-12-24..2027-01-01 Between the years", "seen": seen_on(client, url)}
        ).status_code
        == 302
    )
    assert "2026-12-24..2027-01-01 Between the years" in client.get(url).content.decode()
    refused = client.post(url, {"closed": "2026-12-24\nChristmas"})
    assert refused.status_code == 422
    assert "Line 2: write a day as" in refused.content.decode()
    assert ClosedDays.objects.count() == 1


def test_the_schedule_of_a_campaign_has_its_own(member: Member, client: Client) -> None:
    campaign = make_running_campaign(member, (make_contact(member.workspace),), (make_sender(member),), time_zone="UTC")
    close(member.workspace, [ClosedSpan(FRIDAY, FRIDAY, "Christmas")])
    client.force_login(member.user)
    url = member.url("sequences:schedule", campaign.pk)
    page = client.get(url)
    assert "The whole workspace is closed on 2026-12-25 Christmas." in page.content.decode()
    form = {
        "seen": page.context["form"]["seen"].value(), "hours_1": "9-17", "hours_2": "9-17",
        "time_zone": "UTC", "closed": "2027-01-06",
    }  # fmt: skip
    assert client.post(url, {**form, "sure": "1"}).status_code == 302
    assert plans([campaign.pk])[campaign.pk].schedule.holidays == {FRIDAY, date(2027, 1, 6)}
    again = client.post(url, {**form, "closed": "2027-01-07"})
    assert again.status_code == 422, "it was drawn from what stood there before"
    assert Campaign.objects.get().closed_days.get().first == date(2027, 1, 6)
    assert timedelta(0) == ClosedDays.objects.get(campaign=campaign).last - date(2027, 1, 6)
