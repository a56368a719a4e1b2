"""To whom a campaign goes, and when it may."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from campaigns.calendar import Window
from campaigns.sequences import queries, services
from campaigns.sequences.closed_forms import ClosedField
from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.models import AudienceList, Campaign, SendWindow
from campaigns.sequences.services import Schedule
from campaigns.sequences.states import CampaignState
from tests.builders import make_list, make_workspace
from tests.campaigns.sequences.drafts import make_draft, make_editor, set_state

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return make_draft(make_editor())


def test_an_audience_is_exactly_the_lists_that_were_chosen_last(campaign: Campaign) -> None:
    one, two, three = (make_list(campaign.workspace, name) for name in ("One", "Two", "Three"))
    services.set_audience(campaign, [one.pk, two.pk, one.pk])
    assert queries.audience_of(campaign) == {one.pk, two.pk}
    services.set_audience(campaign, [three.pk, two.pk])
    assert queries.audience_of(campaign) == {two.pk, three.pk}
    services.set_audience(campaign, [])
    assert queries.audience_of(campaign) == frozenset()


def test_lists_of_other_workspaces_and_lists_that_are_gone_are_left_out(campaign: Campaign) -> None:
    mine, theirs = make_list(campaign.workspace), make_list(make_workspace("other"))
    services.set_audience(campaign, [theirs.pk, mine.pk, 10**9])
    assert queries.audience_of(campaign) == {mine.pk}


@pytest.mark.parametrize("state", [CampaignState.RUNNING, CampaignState.PAUSED])
def test_the_lists_of_a_launched_campaign_stay_as_they_are(campaign: Campaign, state: CampaignState) -> None:
    one, two = make_list(campaign.workspace, "One"), make_list(campaign.workspace, "Two")
    services.set_audience(campaign, [one.pk])
    set_state(campaign, state)
    with pytest.raises(IllegalMove, match="enrolled"):
        services.set_audience(campaign, [one.pk, two.pk])
    assert queries.audience_of(campaign) == {one.pk}


def test_a_list_that_a_campaign_writes_to_cannot_be_deleted_and_stands_there_once(campaign: Campaign) -> None:
    one = make_list(campaign.workspace)
    services.set_audience(campaign, [one.pk])
    with pytest.raises(ProtectedError):
        one.delete()
    with pytest.raises(IntegrityError, match="sequences_list_once"), transaction.atomic():
        AudienceList.objects.create(campaign=campaign, contact_list=one)


def test_a_schedule_replaces_the_one_before(campaign: Campaign) -> None:
    windows = [Window(7, 1380, 1440), Window(1, 0, 1)]
    services.save_schedule(campaign, Schedule("Asia/Kathmandu", use_contact_zone=False, windows=windows))
    campaign.refresh_from_db()
    assert queries.windows_of(campaign) == [Window(1, 0, 1), Window(7, 1380, 1440)]
    assert (campaign.time_zone, campaign.use_contact_zone, campaign.new_leads_per_day) == (
        "Asia/Kathmandu", False, None,
    )  # fmt: skip
    services.save_schedule(campaign, Schedule("UTC", use_contact_zone=True, windows=windows[:1], new_leads_per_day=9))
    campaign.refresh_from_db()
    assert (queries.windows_of(campaign), campaign.new_leads_per_day) == ([Window(7, 1380, 1440)], 9)


@pytest.mark.parametrize("state", [CampaignState.RUNNING, CampaignState.PAUSED])
def test_a_launched_campaign_takes_another_schedule(campaign: Campaign, state: CampaignState) -> None:
    set_state(campaign, state)
    services.save_schedule(campaign, Schedule("UTC", use_contact_zone=True, windows=[Window(3, 60, 120)]))
    assert queries.windows_of(campaign) == [Window(3, 60, 120)]


@pytest.mark.parametrize(
    "windows",
    [
        [Window(1, 540, 720), Window(1, 719, 800)],
        [Window(1, 600, 601), Window(1, 540, 720)],
        [Window(1, 540, 720), Window(1, 540, 720)],
    ],
)
def test_windows_that_overlap_are_refused_and_nothing_is_half_saved(campaign: Campaign, windows: list[Window]) -> None:
    before = queries.windows_of(campaign)
    with pytest.raises(BadEdit, match="overlap") as refused:
        services.save_schedule(campaign, Schedule("Asia/Tokyo", use_contact_zone=True, windows=windows))
    campaign.refresh_from_db()
    assert refused.value.field == "weekdays"
    assert (queries.windows_of(campaign), campaign.time_zone) == (before, "UTC")


def test_windows_that_touch_and_those_of_other_days_do_not_overlap(campaign: Campaign) -> None:
    windows = [Window(1, 540, 720), Window(1, 720, 800), Window(2, 540, 720)]
    services.save_schedule(campaign, Schedule("UTC", use_contact_zone=True, windows=windows))
    assert queries.windows_of(campaign) == windows


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"weekday": 0}, "sequences_window_weekday"),
        ({"weekday": 8}, "sequences_window_weekday"),
        ({"end_minute": 540}, "sequences_window_not_empty"),
        ({"end_minute": 1441}, "sequences_window_not_empty"),
        ({"start_minute": -1}, "start_minute"),
    ],
)
def test_the_database_refuses_what_no_window_can_be(
    campaign: Campaign, changes: dict[str, object], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        SendWindow.objects.filter(campaign=campaign, weekday=1).update(**changes)


def test_a_window_begins_once(campaign: Campaign) -> None:
    with pytest.raises(IntegrityError, match="sequences_window_once"), transaction.atomic():
        SendWindow.objects.create(campaign=campaign, weekday=1, start_minute=540, end_minute=600)


def test_closed_days_lie_five_years_ahead_at_most() -> None:
    with pytest.raises(ValidationError, match="five years ahead at most, not as 9999-12-31 The end"):
        ClosedField().clean("2026-12-24\n9999-12-31 The end")
