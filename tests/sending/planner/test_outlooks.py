"""When each running campaign is done and what binds it, as the list has it: kept, and never reckoned there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.models import Mailbox
from sending.pacing import HoldCode
from sending.planner.forecast import outlooks
from sending.planner.forecast.foresight import foresee, foresee_together
from sending.planner.forecast.outlooks import keep, outlooks_of, reckon_due
from sending.planner.models import CampaignOutlook, Enrollment
from sending.planner.services import pause, resume
from sending.planner.states import EnrollmentState
from tests.builders import make_office_hours, make_running_campaign
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.pages import read, signed_in
from tests.sending.planner.stage import make_people, make_sender, make_team

pytestmark = pytest.mark.django_db

MONDAY = datetime(2027, 3, 22, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _hours() -> Iterator[None]:
    with virtual_time():
        go_to(MONDAY)
        yield
        clock.move(None)


def go_to(at: datetime) -> None:
    """Set the clocks of the database and of the program."""
    set_time(at)
    clock.move(at)


@pytest.fixture
def member() -> Member:
    return make_team()


def make_slow(member: Member, mailbox: Mailbox | None = None, *, people: int = 12, name: str = "p") -> Campaign:
    """Make a running campaign of one step in office hours, from one mailbox that writes three a day."""
    mailbox = mailbox or make_sender(member, daily_limit=3, gap_min_s=600, gap_max_s=600)
    campaign = make_running_campaign(member, make_people(member, people, name=name), (mailbox,), name=f"To {name}")
    make_office_hours(campaign)
    return campaign


def test_the_list_says_when_a_campaign_is_done_what_binds_it_and_as_of_when(member: Member) -> None:
    make_slow(member)
    assert "not reckoned yet" in read(member, "list")
    assert reckon_due() == 1
    go_to(MONDAY + 25 * MINUTE)
    assert "25 Mar 2027 Daily limit or ramp, as of 25 min ago " in read(member, "list")


def test_the_forecast_page_keeps_what_it_says_as_things_stand_and_no_what_if(member: Member) -> None:
    campaign = make_slow(member)
    read(member, "forecast", campaign.pk, query="?daily=6&stop=50")
    assert outlooks_of([campaign.pk]) == {}
    read(member, "forecast", campaign.pk, query="?daily=6")
    (kept,) = outlooks_of([campaign.pk]).values()
    assert (kept.ends_at, kept.left, kept.binding) == (foresee(campaign).forecast.ends_at, 0, HoldCode.DAILY_LIMIT)
    assert kept.reckoned_at == MONDAY
    pause(member, campaign)
    CampaignOutlook.objects.all().delete()
    read(member, "forecast", campaign.pk)
    assert not CampaignOutlook.objects.exists(), "what would be, were it resumed, is no outlook"


def test_one_run_tells_of_all_that_share_a_mailbox_what_each_forecast_says(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = make_sender(member, daily_limit=3, gap_min_s=600, gap_max_s=600)
    first, second = make_slow(member, mailbox), make_slow(member, mailbox, people=5, name="q")
    said = {pk: foresee(Campaign.objects.get(pk=pk)).forecast for pk in (first.pk, second.pk)}
    look = Mock(side_effect=foresee_together)
    monkeypatch.setattr(outlooks, "foresee_together", look)
    assert reckon_due() == 2
    assert look.call_count == 1
    kept = outlooks_of([first.pk, second.pk])
    assert {pk: (one.ends_at, one.left) for pk, one in kept.items()} == {
        pk: (one.ends_at, one.left) for pk, one in said.items()
    }
    assert {pk: one.binding for pk, one in kept.items()} == {
        pk: one.binding[0] if one.binding else "" for pk, one in said.items()
    }
    assert len({one.ends_at for one in kept.values()}) == 2


def test_only_what_is_old_or_overtaken_is_reckoned_anew(member: Member) -> None:
    campaign = make_slow(member)
    assert (reckon_due(), reckon_due()) == (1, 0)
    go_to(MONDAY + timedelta(minutes=61))
    assert (reckon_due(), reckon_due()) == (1, 0)
    go_to(MONDAY + timedelta(minutes=70))
    record([Entry(campaign.workspace_id, EventKind.EDITED, MONDAY + timedelta(minutes=65), campaign_id=campaign.pk)])
    assert outlooks_of([campaign.pk])[campaign.pk].is_overtaken
    assert "as of 9 min ago , changed since" in read(member, "list")
    assert (reckon_due(), reckon_due()) == (1, 0)
    pause(member, campaign)
    go_to(MONDAY + timedelta(minutes=80))
    assert reckon_due() == 0
    resume(member, Campaign.objects.get())
    assert (reckon_due(), reckon_due()) == (1, 0)


def test_the_oldest_comes_first_and_a_round_has_an_end(member: Member) -> None:
    never, old, older = (make_slow(member, make_sender(member, f"{n}@acme.example"), name=n) for n in "abc")
    foreseen = foresee(old).forecast
    keep(old.pk, foreseen, MONDAY - timedelta(hours=2))
    keep(older.pk, foreseen, MONDAY - timedelta(hours=3))
    found = list(outlooks._due().values_list("pk", flat=True))
    assert found == [never.pk, older.pk, old.pk]
    assert reckon_due(most_s=0) == 0
    assert reckon_due() == 3


def test_one_that_fails_keeps_no_other_from_being_reckoned(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (make_slow(member, make_sender(member, f"{n}@acme.example"), name=n) for n in "ab")

    def fail(campaign: Campaign) -> object:
        if campaign.pk == first.pk:
            raise RuntimeError
        return foresee_together(campaign)

    monkeypatch.setattr(outlooks, "foresee_together", fail)
    assert reckon_due() == 1
    assert set(outlooks_of([first.pk, second.pk])) == {second.pk}


def test_what_took_longer_and_was_begun_earlier_does_not_win(member: Member) -> None:
    campaign = make_slow(member)
    forecast = foresee(campaign).forecast
    keep(campaign.pk, forecast, MONDAY)
    keep(campaign.pk, forecast, MONDAY - MINUTE)
    assert CampaignOutlook.objects.get().reckoned_at == MONDAY
    keep(campaign.pk + 1, forecast, MONDAY)  # removed meanwhile
    assert CampaignOutlook.objects.count() == 1


def test_nothing_is_said_of_what_does_not_run_or_is_complete(member: Member) -> None:
    campaign = make_slow(member)
    reckon_due()
    pause(member, campaign)
    text = read(member, "list")
    assert "25 Mar 2027" not in text
    assert "not reckoned yet" not in text
    resume(member, Campaign.objects.get())
    Enrollment.objects.update(state=EnrollmentState.FINISHED, due_at=None)
    assert "25 Mar 2027" not in read(member, "list")
    go_to(MONDAY + timedelta(hours=5))
    assert reckon_due() == 0


def test_a_forecast_that_reaches_no_end_or_foresees_nothing_is_told_so(member: Member) -> None:
    campaign = make_slow(member, people=2)
    reckon_due()
    CampaignOutlook.objects.update(left=7)
    assert "after 22 Mar 2027 7 people wait longer; " in read(member, "list")
    Enrollment.objects.update(hold_code=HoldCode.MISSING_VALUE, hold_detail="Step 1 uses city.")
    read(member, "forecast", campaign.pk)
    assert "no date no message is foreseen, as of just now" in read(member, "list")


def test_a_full_page_costs_as_many_questions_as_one_campaign(member: Member) -> None:
    client, url = signed_in(member), member.url("planner:list")
    mailbox = make_sender(member)

    def cost(rows: int) -> int:
        while Campaign.objects.count() < rows:
            make_slow(member, mailbox, people=1, name=f"n{Campaign.objects.count()}-")
        reckon_due()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).content.count(b"as of") == rows
        return len(queries)

    client.get(url)
    assert cost(1) == cost(20)
