"""A campaign moves along its states only, and only one of two people moves it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from django.db import IntegrityError, transaction

from campaigns.sequences import services
from campaigns.sequences.errors import IllegalMove, SequenceError
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CAMPAIGN_MOVES, CampaignState
from tests.builders import make_campaign, make_workspace

pytestmark = pytest.mark.django_db

LAUNCHED = datetime(2026, 1, 5, 9, tzinfo=UTC)
ALLOWED = {
    (CampaignState.DRAFT, CampaignState.RUNNING),
    (CampaignState.DRAFT, CampaignState.ARCHIVED),
    (CampaignState.RUNNING, CampaignState.PAUSED),
    (CampaignState.RUNNING, CampaignState.STOPPED),
    (CampaignState.RUNNING, CampaignState.ARCHIVED),
    (CampaignState.PAUSED, CampaignState.RUNNING),
    (CampaignState.PAUSED, CampaignState.STOPPED),
    (CampaignState.PAUSED, CampaignState.ARCHIVED),
    (CampaignState.STOPPED, CampaignState.ARCHIVED),
}


def campaign_in(state: CampaignState) -> Campaign:
    launched_at = None if state is CampaignState.DRAFT else LAUNCHED
    return make_campaign(make_workspace(), state=state, launched_at=launched_at)


def test_the_moves_are_these_and_no_others() -> None:
    assert {(old, new) for old, targets in CAMPAIGN_MOVES.items() for new in targets} == ALLOWED
    assert set(CAMPAIGN_MOVES) == set(CampaignState)


@pytest.mark.parametrize(("old", "new"), list(product(CampaignState, CampaignState)))
def test_a_campaign_moves_along_the_map_only(old: CampaignState, new: CampaignState) -> None:
    campaign = campaign_in(old)
    is_launch = (old, new) == (CampaignState.DRAFT, CampaignState.RUNNING)
    try:
        services.move_campaign(campaign.pk, new, launched_at=LAUNCHED if is_launch else None)
        moved = True
    except IllegalMove:
        moved = False
    campaign.refresh_from_db()
    assert moved is ((old, new) in ALLOWED)
    assert campaign.state == (new if moved else old)


def test_a_draft_runs_by_a_launch_only_and_nothing_is_launched_twice() -> None:
    campaign = campaign_in(CampaignState.DRAFT)
    with pytest.raises(IllegalMove):
        services.move_campaign(campaign.pk, CampaignState.RUNNING)
    services.move_campaign(campaign.pk, CampaignState.RUNNING, launched_at=LAUNCHED)
    with pytest.raises(IllegalMove, match="cannot become running now"):
        services.move_campaign(campaign.pk, CampaignState.RUNNING, launched_at=datetime(2026, 2, 1, tzinfo=UTC))
    services.move_campaign(campaign.pk, CampaignState.PAUSED)
    with pytest.raises(IllegalMove):
        services.move_campaign(campaign.pk, CampaignState.RUNNING, launched_at=datetime(2026, 2, 1, tzinfo=UTC))
    campaign.refresh_from_db()
    assert (campaign.state, campaign.launched_at) == ("paused", LAUNCHED)


def test_a_move_that_somebody_else_made_first_fails_and_changes_nothing() -> None:
    campaign = campaign_in(CampaignState.RUNNING)
    services.move_campaign(campaign.pk, CampaignState.PAUSED)
    at = Campaign.objects.get(pk=campaign.pk).state_changed_at
    with pytest.raises(IllegalMove):
        services.move_campaign(campaign.pk, CampaignState.PAUSED)
    assert Campaign.objects.get(pk=campaign.pk).state_changed_at == at


def test_a_move_notes_when_it_was_made() -> None:
    campaign = campaign_in(CampaignState.RUNNING)
    Campaign.objects.filter(pk=campaign.pk).update(state_changed_at=LAUNCHED)
    services.move_campaign(campaign.pk, CampaignState.PAUSED)
    assert Campaign.objects.get(pk=campaign.pk).state_changed_at > LAUNCHED


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "finished"}, "sequences_known_state"),
        ({"state": "running"}, "sequences_launched_when_running"),
        ({"state": "paused"}, "sequences_launched_when_running"),
        ({"state": "stopped"}, "sequences_launched_when_running"),
        ({"launched_at": LAUNCHED}, "sequences_launched_when_running"),
        ({"new_leads_per_day": 0}, "sequences_some_new_leads"),
    ],
)
def test_the_database_refuses_what_no_campaign_can_be(changes: dict[str, object], constraint: str) -> None:
    campaign = campaign_in(CampaignState.DRAFT)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(**changes)


def test_an_archived_campaign_may_have_been_launched_or_not() -> None:
    for campaign in (campaign_in(CampaignState.ARCHIVED), make_campaign(make_workspace("b"), state="archived")):
        assert campaign.pk


def test_the_errors_of_the_room_have_one_base_and_their_kin() -> None:
    assert issubclass(IllegalMove, SequenceError)
    assert issubclass(IllegalMove, RuntimeError)
