"""Another schedule of a launched campaign is shown before it counts: what changes, for whom, and what leaves first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from campaigns.calendar import Window
from campaigns.contacts.models import Contact
from campaigns.sequences import effects
from campaigns.sequences.effects import effects_of_schedule
from campaigns.sequences.models import Campaign, SendWindow
from campaigns.sequences.queries import windows_of
from campaigns.sequences.services import Schedule, save_schedule
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox
from sending.pacing import HoldCode
from sending.planner.forecast.upcoming import upcoming
from sending.planner.models import Enrollment
from tests.builders import make_running_campaign
from tests.campaigns.sequences.browser import form_to, send
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.pages import signed_in, text_of
from tests.sending.planner.stage import make_people, make_sender, make_team, pick

SATURDAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)
SUNDAYS = Schedule("UTC", use_contact_zone=True, windows=[Window(7, 600, 660)])


@pytest.fixture(autouse=True)
def on_a_saturday(db: None) -> object:
    with virtual_time():
        set_time(SATURDAY)
        yield


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def mailbox(member: Member) -> Mailbox:
    return make_sender(member)


@pytest.fixture
def campaign(member: Member, mailbox: Mailbox) -> Campaign:
    """A campaign of office hours, both of whose people its window holds."""
    campaign = make_running_campaign(member, make_people(member, 2), (mailbox,), time_zone="UTC")
    SendWindow.objects.filter(campaign=campaign).delete()
    for weekday in range(1, 6):
        SendWindow.objects.create(campaign=campaign, weekday=weekday, start_minute=540, end_minute=1020)
    pick(mailbox)
    assert set(Enrollment.objects.values_list("hold_code", flat=True)) == {HoldCode.WINDOW}
    return campaign


@pytest.fixture
def client(member: Member) -> Client:
    return signed_in(member)


def test_it_is_shown_and_nothing_is_changed_until_somebody_is_sure(
    client: Client, member: Member, campaign: Campaign
) -> None:
    url, before = member.url("sequences:schedule", campaign.pk), windows_of(campaign)
    changes: dict[str, object] = {**{f"hours_{day}": "" for day in range(1, 7)}, "hours_7": "10-11"}
    Contact.objects.filter(email__startswith="p1@").update(time_zone="Europe/Berlin")
    shown = send(client, form_to(client.get(url).text, ""), url, **changes)
    assert shown.status_code == 200
    words = text_of(shown)
    assert "Monday 09:00-17:00" in words
    assert "<ins>Sunday 10:00-11:00" in shown.text
    assert "Save it: changes 2 pending" in words
    assert "Sun 29 Nov, 10:00 CET p1@example.com, step 1, Europe/Berlin" in words, "on the clock of whoever gets it"
    assert "Sun 29 Nov, 10:00 UTC p0@example.com, step 1, UTC" in words
    assert "Mon 30 Nov, 09:00 UTC p0@example.com" in words, "and as it stands"
    assert windows_of(campaign) == before
    assert set(Enrollment.objects.values_list("hold_code", flat=True)) == {HoldCode.WINDOW}
    back = send(client, form_to(shown.text, ""), url, look="1")
    assert form_to(back.text, "").fields["hours_7"] == ["10-11"], "what was typed stays"
    assert send(client, form_to(shown.text, ""), url, sure="1").status_code == 302
    assert windows_of(campaign) == [Window(7, 600, 660)]


def test_what_changes_nothing_is_saved_and_what_is_stale_is_refused(
    client: Client, member: Member, campaign: Campaign
) -> None:
    url = member.url("sequences:schedule", campaign.pk)
    drawn = form_to(client.get(url).text, "")
    assert send(client, drawn, url).status_code == 302, "as it stands"
    shown = send(client, drawn, url, daily_limit="7")
    save_schedule(campaign, SUNDAYS)
    for form, more in ((drawn, {"daily_limit": "7"}), (form_to(shown.text, ""), {"sure": "1"})):
        refused = send(client, form, url, **more)
        assert (refused.status_code, "Somebody else saved this schedule" in refused.text) == (422, True)
    assert windows_of(campaign) == list(SUNDAYS.windows)


def test_of_many_people_the_page_is_shown_before_the_forecasts_and_asks_for_them_by_itself(
    client: Client, member: Member, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "AT_ONCE", 1)
    url = member.url("sequences:schedule", campaign.pk)
    with monkeypatch.context() as first:
        first.setattr("sending.outbox.effects.tried", None)  # nobody reckons
        shown = send(client, form_to(client.get(url).text, ""), url, daily_limit="7")
    assert "Two forecasts are being reckoned" in shown.text
    assert "The first, as it stands" not in shown.text
    asked = send(client, form_to(shown.text, ""), url, reckon="1")
    assert "The first, as it stands" in asked.text
    assert "being reckoned" not in asked.text


@pytest.mark.parametrize(
    "wanted",
    [
        SUNDAYS,
        Schedule("Asia/Tokyo", use_contact_zone=False, windows=[Window(7, 600, 660), Window(1, 0, 60)], daily_limit=1),
    ],
)
def test_what_is_shown_first_is_what_the_forecast_says_once_it_is_saved(campaign: Campaign, wanted: Schedule) -> None:
    shown = effects_of_schedule(campaign, wanted)
    assert (shown.pending, shown.sent) == (2, 0)
    assert shown.now[0].at == MONDAY
    save_schedule(campaign, wanted)
    campaign.refresh_from_db()
    saved = upcoming(campaign)
    assert [(one.email, one.at, one.zone_name) for one in shown.then] == [
        (one.contact.email, one.at, one.zone_name) for one in saved.sends
    ]
    assert shown.then[0].at < MONDAY
    assert shown.ends_then == max(one.at for one in saved.sends)
    assert shown.ends_then - SATURDAY < timedelta(days=9)
