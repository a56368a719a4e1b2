"""Let who comes into an audience later come into its running campaign, and tell why others do not."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction

from campaigns.sequences.audience import unreadable
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.services import Entry, record
from sending.planner.errors import Obstacle
from sending.planner.lawful.ended import end_overtaken
from sending.planner.lawful.grounds import Whom, consent_asked, law_obstacles
from sending.planner.models import LawOverride
from sending.planner.review.readiness import broken_segments
from sending.planner.services.enrolling import enroll_part
from sending.planner.services.waking import wake

_PART = 5_000  # contacts that come into a running campaign in one transaction, which holds the campaign's row
_NOBODY = "Nobody is left out of its growth any more."
logger = logging.getLogger(__name__)


def grow_audiences() -> int:
    """Enroll who came into the audiences of running campaigns that grow; returns how many. Safe to run twice.

    Each by itself: one that fails is logged, and the others grow.
    """
    decided = LawOverride.objects.filter(ended_at=None).order_by("campaign").values_list("campaign", flat=True)
    for pk in decided.distinct():
        _end_overtaken(pk)
    growing = Campaign.objects.filter(state=CampaignState.RUNNING, grows=True).order_by("pk")
    total = 0
    for pk in list(growing.values_list("pk", flat=True)):
        try:
            total += _grow(pk)
            _tell_who_is_left_out(pk)
        except Exception:
            logger.exception("campaign.growth_failed", extra={"campaign_id": pk})
    return total


def _end_overtaken(campaign_id: int) -> None:
    with transaction.atomic():
        if campaign := Campaign.objects.select_for_update(no_key=True).filter(pk=campaign_id).first():
            end_overtaken(campaign)


def _grow(campaign_id: int) -> int:
    """Enroll in parts: a pause shuts the workspace's gate and then waits for the campaign's row."""
    total, after = 0, 0
    while True:
        count, last = _grow_part(campaign_id, after)
        total += count
        if last is None or count < _PART:
            return total
        after = last


def _grow_part(campaign_id: int, after: int) -> tuple[int, int | None]:
    with transaction.atomic():
        campaign = _locked(campaign_id)
        if campaign is None:
            return 0, None
        broken = unreadable(campaign)
        count, last = enroll_part(campaign, after=after, limit=_PART, consent=consent_asked(campaign))
        if count and unreadable(campaign) != broken:
            # A list or field of a condition went between its reading and the statement: whom it excluded may be in.
            transaction.set_rollback(True)
            return 0, None
        if count:
            _tell(campaign, EventKind.ENROLLED, f"{count:,} came into the audience.", contacts=count)
            wake(campaign.pk)
    return count, last


def _tell_who_is_left_out(campaign_id: int) -> None:
    """Write down why people of the audience do not come in: when the reasons change, not at each look."""
    with transaction.atomic():
        campaign = _locked(campaign_id)  # two that grow at once tell it once
        if campaign is None:
            return
        found = [*broken_segments(campaign, "so nobody of it is added"), *law_obstacles(campaign, Whom.OUTSIDE)]
        reasons = _reasons(found)
        told = Event.objects.filter(campaign_id=campaign_id, kind=EventKind.GROWTH_HELD).order_by("-at", "-id").first()
        if reasons != (told.data["reasons"] if told else []):
            words = " ".join(["Left out of its growth:", *(one.words for one in found)]) if found else _NOBODY
            _tell(campaign, EventKind.GROWTH_HELD, words, reasons=reasons)


def _reasons(found: Sequence[Obstacle]) -> list[str]:
    """Return what holds people back without how many they are, which changes with each of them."""
    return sorted(f"{one.code}: {one.words.partition(' in ')[2] or one.words}" for one in found)


def _locked(campaign_id: int) -> Campaign | None:
    """Return the campaign with its row locked, where it runs and grows."""
    campaign = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign_id).first()
    return campaign if campaign and campaign.state == CampaignState.RUNNING and campaign.grows else None


def _tell(campaign: Campaign, kind: EventKind, words: str, **data: object) -> None:
    about = {"words": words, **data}
    record([Entry(campaign.workspace_id, kind, clock.now(), campaign_id=campaign.pk, data=about)])
