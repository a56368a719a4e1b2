"""The forecast of a campaign: when its messages go out, what binds, and what a change would make of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.models import DailyTally
from sending.mailboxes.models import Mailbox
from sending.pacing import HoldCode
from sending.pacing.changes import Change, changed
from sending.pacing.rotation import Rotation
from sending.pacing.simulation import simulate
from sending.planner.forecast.foresight import assumption_of, foresee
from sending.planner.forecast.scenes import scene_of
from sending.planner.models import Enrollment
from sending.planner.services import pause, set_senders
from tests.builders import make_contact, make_office_hours, make_running_campaign
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.pages import make_draft, page_of, read, signed_in
from tests.sending.planner.stage import make_people, make_sender, make_team

pytestmark = pytest.mark.django_db

MONDAY = datetime(2027, 3, 22, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _hours() -> Iterator[None]:
    with virtual_time():
        set_time(MONDAY)
        yield


@pytest.fixture
def member() -> Member:
    return make_team()


def make_slow(member: Member, *, people: int = 12, daily: int = 3) -> Campaign:
    """Make a running campaign of one step in office hours, from one mailbox that keeps a gap of ten minutes."""
    mailbox = make_sender(member, daily_limit=daily, gap_min_s=600, gap_max_s=600)
    campaign = make_running_campaign(member, make_people(member, people), (mailbox,))
    make_office_hours(campaign)
    return campaign


def counts(text: str) -> list[int]:
    """Return the sums of the days as the table shows them."""
    return [int(found) for found in re.findall(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+ Mar (?:\d+ )+?(\d+) [A-Z]", text)]


def test_each_day_has_its_messages_and_what_binds_leads_to_where_it_is_set(member: Member) -> None:
    campaign = make_slow(member)
    text = read(member, "forecast", campaign.pk)
    assert "Done 25 Mar 2027" in text
    assert counts(text) == [3, 3, 3, 3]
    assert "Messages to come 12 on 4 days" in text
    assert "Daily limit or ramp (me@acme.example) · Change the daily limit" in text
    html = page_of(signed_in(member).get(member.url("planner:forecast", campaign.pk)))
    assert member.url("mailboxes:edit", Mailbox.objects.get().pk) in html
    assert html.count('<rect class="fill-blue"') == 4 + 1  # the columns and their legend


def test_a_change_is_shown_beside_how_it_stands_and_changes_nothing(member: Member) -> None:
    campaign = make_slow(member)
    text = read(member, "forecast", campaign.pk, query="?daily=6&hourly=&days=1&days=2&days=3&days=4&days=5")
    assert "Done 23 Mar 2027" in text
    assert "as it stands 25 Mar 2027" in text
    assert Mailbox.objects.get().daily_limit == 3


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("daily=&more=1", [6, 6]),
        ("daily=&new_leads=2", [2, 2, 2, 2, 2]),
        ("daily=&messages=1", [1, 1, 1, 1, 1]),
        ("daily=4&days=1&days=3", [4, 4]),
        ("daily=12&hourly=2&gap_min=0", [12]),
        ("daily=12&gap_min=240", [2, 2, 2, 2]),
    ],
)
def test_every_knob_turns_something(member: Member, query: str, days: list[int]) -> None:
    campaign = make_slow(member)
    assert counts(read(member, "forecast", campaign.pk, query=f"?{query}"))[: len(days)] == days


def test_a_change_that_makes_no_sense_is_refused_beside_its_field(member: Member) -> None:
    campaign = make_slow(member)
    text = read(member, "forecast", campaign.pk, query="?daily=0&more=5000", status=422)
    assert "greater than or equal to 1" in text
    assert "Done 25 Mar 2027" in text, "what stands is still shown"


def test_the_region_alone_is_the_region_of_the_page(member: Member) -> None:
    campaign = make_slow(member)
    url = member.url("planner:forecast", campaign.pk) + "?daily=6"
    region = page_of(signed_in(member, HX_Request="true", HX_Target="forecast").get(url)).strip()
    assert region.startswith('<div id="forecast"')
    assert region in page_of(signed_in(member).get(url))


def test_a_draft_is_foreseen_as_if_it_were_launched_now(member: Member) -> None:
    text = read(member, "forecast", make_draft(member, people=2).pk)
    assert "As if it were launched now" in text
    assert "Messages to come 2 on 1 day" in text


def test_the_review_leads_to_what_to_expect(member: Member) -> None:
    draft = make_draft(member, people=2)
    html = page_of(signed_in(member).get(member.url("planner:review", draft.pk)))
    assert f'hx-get="{member.url("planner:forecast_summary", draft.pk)}"' in html
    assert "2 messages on 1 day, at most 2 a day" in read(member, "forecast_summary", draft.pk)


def test_a_paused_campaign_is_foreseen_as_if_it_were_resumed(member: Member) -> None:
    campaign = make_slow(member)
    pause(member, campaign)
    text = read(member, "forecast", campaign.pk)
    assert "Nothing goes out." in text
    assert "Done 25 Mar 2027" in text


def test_people_whom_no_clock_moves_are_named_with_their_reason(member: Member) -> None:
    campaign = make_slow(member)
    first = Enrollment.objects.order_by("pk")[0]
    Enrollment.objects.filter(pk=first.pk).update(hold_code=HoldCode.MISSING_VALUE, hold_detail="Step 1 uses city.")
    text = read(member, "forecast", campaign.pk)
    assert "1 person left out: missing value." in text
    assert "Messages to come 11" in text


def test_nobody_who_waits_is_told_so(member: Member) -> None:
    campaign = make_slow(member)
    Enrollment.objects.update(state="finished", due_at=None)
    assert "Nobody waits for a step of this campaign." in read(member, "forecast", campaign.pk)


def test_many_days_become_weeks(member: Member) -> None:
    campaign = make_slow(member, people=70, daily=1)
    text = read(member, "forecast", campaign.pk)
    assert "Messages by week" in text
    assert "Mon 22 Mar 5 5" in text


def test_the_gap_binds_a_day_that_ends_with_people_still_due(member: Member) -> None:
    campaign = make_slow(member, people=4, daily=100)
    found = foresee(campaign, change=Change(gap_min=timedelta(hours=3), gap_max=timedelta(hours=3))).changed
    assert found is not None
    assert [(one.day, one.total, one.bound and one.bound.code) for one in found.days] == [
        (date(2027, 3, 22), 3, HoldCode.GAP),
        (date(2027, 3, 23), 1, None),
    ]


def test_the_past_tells_how_many_stop_behind_each_message_once_it_tells_enough(member: Member) -> None:
    campaign = make_slow(member)
    assert (assumption_of(campaign).stop_share, assumption_of(campaign).messages) == (0.0, 0)
    today = clock.now().date()
    for kind, count in ((EventKind.SENT, 1_000), (EventKind.STOPPED, 40)):
        DailyTally.objects.create(workspace=member.workspace, day=today, kind=kind, count=count)
    assert (assumption_of(campaign).stop_share, assumption_of(campaign).messages) == (0.04, 1_000)
    text = read(member, "forecast", campaign.pk)
    assert "4.0 % stop behind each message, as in your 1,000 messages of the last 90 days." in text


def test_the_same_minute_is_reckoned_once(member: Member) -> None:
    campaign = make_slow(member)
    first = foresee(campaign).forecast
    set_time(MONDAY + timedelta(seconds=30))
    assert foresee(campaign).forecast is first
    Mailbox.objects.update(daily_limit=4)
    assert foresee(campaign).forecast.days[0].total == 4, "what is changed shows at once"


def test_what_if_new_contacts_went_to_any_mailbox_instead_of_the_one_at_their_provider(member: Member) -> None:
    own = make_sender(member, "own@acme.example", daily_limit=30)
    at_google = make_sender(member, "me@gmail.com", smtp_host="smtp.gmail.com", daily_limit=1)
    people = tuple(make_contact(member.workspace, f"p{number}@gmail.com") for number in range(4))
    campaign = make_running_campaign(member, people, (own, at_google))
    make_office_hours(campaign)
    set_senders(member, campaign, [own.pk, at_google.pk], rotation=Rotation.PROVIDER)
    found = foresee(campaign, change=Change(rotation=Rotation.EVEN))
    assert [day.total for day in found.forecast.days] == [1, 1, 1, 1]
    assert found.forecast.days[0].bound is not None
    assert found.forecast.days[0].bound.code is HoldCode.DAILY_LIMIT
    assert found.changed is not None
    assert [day.total for day in found.changed.days] == [4]
    assert counts(read(member, "forecast", campaign.pk)) == [1, 1, 1, 1]
    assert counts(read(member, "forecast", campaign.pk, query="?daily=&rotation=even")) == [4]
    read(member, "forecast", campaign.pk, query="?daily=&rotation=random", status=422)


def test_what_if_weights_decided_takes_the_weights_that_are_set(member: Member) -> None:
    gap = {"gap_min_s": 600, "gap_max_s": 600}
    light, heavy = (make_sender(member, f"{name}@acme.example", **gap) for name in ("light", "heavy"))
    campaign = make_running_campaign(member, make_people(member, 8), (light, heavy))
    make_office_hours(campaign)
    set_senders(member, campaign, [light.pk, heavy.pk], weights={heavy.pk: 3})
    scenario = changed(scene_of(campaign, now=MONDAY).scenario, campaign.pk, Change(rotation=Rotation.WEIGHTED))
    left = Counter(one.mailbox_id for one in simulate(scenario, until=MONDAY + timedelta(days=1)).departures)
    assert left == {light.pk: 2, heavy.pk: 6}
