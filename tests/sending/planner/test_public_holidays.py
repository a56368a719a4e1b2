"""Public holidays in real claims and on the pages: chosen by country, by the date of the recipient, explained."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from campaigns.calendar import ClosedSpan, Region, WaitUnit
from campaigns.calendar.regions import known_until
from campaigns.sequences.models import HolidayRegion, Step
from campaigns.sequences.plans import plans
from campaigns.sequences.queries import holiday_regions_of
from campaigns.sequences.services import close
from outreach.accounts.access import Member
from sending.pacing import HoldCode
from sending.planner.explain.present import present_of
from sending.planner.models import Enrollment
from sending.planner.progress.advancing import Sent, advance
from tests.builders import make_contact, make_enrollment, make_running_campaign, make_workspace
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.pages import seen_on
from tests.sending.planner.stage import emails, make_people, make_sender, make_team, pick

pytestmark = pytest.mark.django_db
GOOD_FRIDAY, EASTER_MONDAY = date(2026, 4, 3), date(2026, 4, 6)
EPIPHANY = date(2026, 1, 6)
GERMANY, BAVARIA = Region("DE"), Region("DE", "BY")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def member() -> Member:
    return make_team()


def choose(member: Member, *regions: Region) -> None:
    close(member.workspace, [], regions)


def test_nobody_is_written_to_on_a_public_holiday_of_their_own_date_and_why_is_told() -> None:
    with virtual_time():
        set_time(utc("2026-04-03T03:00"))  # Good Friday in Tokyo, still Thursday in Lima
        member = make_team()
        mailbox = make_sender(member)
        tokyo = make_contact(member.workspace, "t@example.com", time_zone="Asia/Tokyo")
        lima = make_contact(member.workspace, "l@example.com", time_zone="America/Lima")
        make_running_campaign(member, (tokyo, lima), (mailbox,))
        choose(member, GERMANY)
        assert emails(pick(mailbox)) == [lima.email]
        held = Enrollment.objects.select_related("contact", "campaign", "mailbox", "workspace").get(contact=tokyo)
        assert (held.hold_code, held.due_at) == (HoldCode.WINDOW, utc("2026-04-03T15:00")), "Saturday begins in Tokyo"
        assert held.hold_detail == "Closed: Good Friday (Germany)."
        told = [one.words for one in present_of(held, now=utc("2026-04-03T03:00")).reasons]
        assert "Closed: Good Friday (Germany)." in told


def test_regions_are_of_the_workspace_or_of_one_campaign_and_only_they_decide(member: Member) -> None:
    mailbox, (one, other) = make_sender(member), make_people(member, 2)
    first = make_running_campaign(member, (one,), (mailbox,), name="first")
    second = make_running_campaign(member, (other,), (mailbox,), name="second")
    close(make_workspace("other"), [], [Region("US")])
    choose(member, GERMANY)
    HolidayRegion.objects.create(workspace=member.workspace, campaign=second, country="DE", part="BY")
    with virtual_time():
        set_time(utc("2026-03-01T00:00"))
        loaded = plans([first.pk, second.pk])
    assert loaded[first.pk].schedule.names[GOOD_FRIDAY] == "Good Friday (Germany)"
    assert loaded[second.pk].schedule.names[GOOD_FRIDAY] == "Good Friday (Germany; Germany, Bayern)"
    assert EPIPHANY in loaded[second.pk].schedule.holidays
    assert EPIPHANY not in loaded[first.pk].schedule.holidays
    assert date(2026, 7, 4) not in loaded[first.pk].schedule.holidays
    choose(member)
    assert plans([first.pk])[first.pk].schedule.holidays == frozenset()


def test_a_new_year_brings_its_holidays_without_a_save(member: Member) -> None:
    campaign = make_running_campaign(member, (make_contact(member.workspace),), (make_sender(member),))
    choose(member, GERMANY)
    with virtual_time():
        set_time(utc("2026-12-31T23:59"))
        assert max(plans([campaign.pk])[campaign.pk].schedule.holidays) == date(2029, 12, 26)
        set_time(utc("2027-01-01T00:01"))
        assert max(plans([campaign.pk])[campaign.pk].schedule.holidays) == date(2030, 12, 26)


def test_a_wait_in_business_days_passes_over_public_holidays(member: Member) -> None:
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, (make_contact(member.workspace),), (mailbox,), steps=2, time_zone="UTC")
    Step.objects.filter(campaign=campaign, position=2).update(wait_amount=2, wait_unit=WaitUnit.BUSINESS_DAYS)
    choose(member, GERMANY)
    Enrollment.objects.all().delete()
    row = make_enrollment(
        campaign, make_contact(member.workspace, "b@example.com"), mailbox=mailbox, state="sending", due_at=None
    )
    with virtual_time():
        set_time(utc("2026-04-02T10:00"))
        advance([Sent(row.pk, 1, utc("2026-04-02T10:00"))])  # the Thursday before Easter
    row.refresh_from_db()
    assert row.due_at == utc("2026-04-08T10:00"), "Friday and Monday are holidays: Tuesday and Wednesday count"


def test_a_region_that_is_not_known_any_more_closes_nothing_and_says_so(
    member: Member, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    campaign = make_running_campaign(member, (make_contact(member.workspace),), (make_sender(member),))
    HolidayRegion.objects.create(workspace=member.workspace, country="DE", part="Königreich")
    with caplog.at_level(logging.WARNING, "campaigns.sequences.plans"):
        assert plans([campaign.pk])[campaign.pk].schedule.holidays == frozenset()
    assert "holidays.unknown_region" in caplog.text
    client.force_login(member.user)
    page = client.get(member.url("sequences:closed_days")).content.decode()
    assert "No holidays are known for DE-Königreich" in page


def test_holidays_that_are_known_for_some_years_alone_say_so(
    member: Member, client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = known_until(Region("LK"))
    monkeypatch.setattr("outreach.kit.clock.now", lambda: utc(f"{last}-12-30T12:00"))
    campaign = make_running_campaign(member, (make_contact(member.workspace),), (make_sender(member),))
    choose(member, Region("LK"), GERMANY)
    client.force_login(member.user)
    page = client.get(member.url("sequences:closed_days")).text
    assert f"The holidays of Sri Lanka are known until {last}" in page
    assert "The holidays of Germany" not in page
    with virtual_time(), caplog.at_level(logging.WARNING, "campaigns.sequences.plans"):
        set_time(utc(f"{last}-12-30T12:00"))
        plans([campaign.pk])
    assert "holidays.end" in caplog.text


def test_each_region_is_chosen_once(member: Member) -> None:
    choose(member, GERMANY, BAVARIA, GERMANY)
    assert holiday_regions_of(member.workspace.pk, None) == [GERMANY, BAVARIA]
    with pytest.raises(IntegrityError, match="sequences_holiday_region_once"), transaction.atomic():
        HolidayRegion.objects.create(workspace=member.workspace, country="DE")
    with pytest.raises(IntegrityError, match="sequences_holiday_country"), transaction.atomic():
        HolidayRegion.objects.create(workspace=member.workspace, country="de")


def test_the_page_shows_the_days_before_they_are_saved_and_after(
    member: Member, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.kit.clock.now", lambda: utc("2026-03-30T12:00"))
    client.force_login(member.user)
    url = member.url("sequences:closed_days")
    assert "No closed day is to come." in client.get(url).content.decode()
    form = {"regions": ["Germany", "", "us-ca"], "closed": "2026-04-01 Team day"}
    looked = client.post(url, {**form, "look": "1"})
    assert looked.status_code == 200
    assert [(one.day, one.name) for one in looked.context["days"][:3]] == [
        (date(2026, 3, 31), "Cesar Chavez Day (United States, California)"),
        (date(2026, 4, 1), "Team day"),
        (GOOD_FRIDAY, "Good Friday (Germany)"),
    ]
    assert len(looked.context["days"]) == 10
    assert "Next closed days, if you save" in looked.content.decode()
    assert holiday_regions_of(member.workspace.pk, None) == []
    assert client.post(url, {**form, "seen": seen_on(client, url)}).status_code == 302
    assert holiday_regions_of(member.workspace.pk, None) == [GERMANY, Region("US", "CA")]
    saved = client.get(url)
    assert saved.context["days"] == looked.context["days"]
    assert 'value="US-CA United States, California"' in saved.content.decode()


def test_what_is_no_country_is_refused_beside_the_rows_and_nothing_is_changed(member: Member, client: Client) -> None:
    choose(member, GERMANY)
    client.force_login(member.user)
    url = member.url("sequences:closed_days")
    refused = client.post(url, {"regions": ["DE-XX", "Germny"], "closed": ""})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "“DE-XX” is no part of Germany. There are DE-BB (Brandenburg)," in page
    assert "“Germny” is no country whose public holidays are known. Did you mean DE Germany?" in page
    assert 'value="Germny"' in page, "what was typed stays to be mended"
    looked = client.post(url, {"regions": ["Germny"], "closed": "", "look": "1"})
    assert looked.status_code == 422
    many = client.post(url, {"regions": ["DE"] * 21, "closed": ""})
    assert "21 are too many: 20 countries or parts at most." in many.content.decode()
    assert holiday_regions_of(member.workspace.pk, None) == [GERMANY]


def test_the_schedule_of_a_campaign_has_public_holidays_of_its_own(
    member: Member, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.kit.clock.now", lambda: utc("2026-03-30T12:00"))
    campaign = make_running_campaign(member, (make_contact(member.workspace),), (make_sender(member),), time_zone="UTC")
    close(member.workspace, [ClosedSpan(date(2026, 4, 1), date(2026, 4, 1), "Team day")], [GERMANY])
    client.force_login(member.user)
    url = member.url("sequences:schedule", campaign.pk)
    page = client.get(url)
    assert "It keeps the public holidays of DE." in page.content.decode()
    form = {
        "seen": page.context["form"]["seen"].value(), "hours_1": "9-17", "hours_2": "9-17",
        "time_zone": "UTC", "closed": "", "regions": ["GB-ENG"],
    }  # fmt: skip
    looked = client.post(url, {**form, "look": "1"})
    assert [(one.day, one.name, one.is_own) for one in looked.context["days"][:2]] == [
        (date(2026, 4, 1), "Team day", False),
        (GOOD_FRIDAY, "Good Friday (Germany; United Kingdom, England)", True),
    ]
    assert holiday_regions_of(member.workspace.pk, campaign) == []
    assert client.post(url, {**form, "sure": "1"}).status_code == 302
    assert holiday_regions_of(member.workspace.pk, campaign) == [Region("GB", "ENG")]
    again = client.post(url, {**form, "regions": ["FR"]})
    assert again.status_code == 422, "it was drawn from what stood there before"
    assert holiday_regions_of(member.workspace.pk, None) == [GERMANY]


def test_a_forecast_names_the_closed_days_until_its_end(member: Member, client: Client) -> None:
    with virtual_time():
        set_time(utc("2026-04-02T08:00"))
        campaign = make_running_campaign(
            member, (make_contact(member.workspace),), (make_sender(member),), steps=2, time_zone="UTC"
        )
        Step.objects.filter(campaign=campaign, position=2).update(wait_amount=3, wait_unit=WaitUnit.BUSINESS_DAYS)
        Enrollment.objects.update(due_at=utc("2026-04-02T08:00"))
        choose(member, GERMANY)
        client.force_login(member.user)
        page = client.get(member.url("planner:forecast", campaign.pk))
    foreseen = page.context["foreseen"]
    assert [day for day, _ in foreseen.closed] == [GOOD_FRIDAY, EASTER_MONDAY]
    assert foreseen.forecast.ends_at.date() == date(2026, 4, 9)
    assert "Easter Monday (Germany)" in page.content.decode()
