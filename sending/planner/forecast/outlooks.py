"""What forecasts of running campaigns have said last, kept for pages that show many campaigns and reckon none."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.functions import Now

from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from outreach.kit import statements
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.pacing.outlook import Forecast
from sending.planner.forecast.columns import bound_words
from sending.planner.forecast.foresight import foresee_together
from sending.planner.models import CampaignOutlook, Enrollment
from sending.planner.states import EnrollmentState

OLD = timedelta(hours=1)  # answers, bounces and other campaigns move a finish by themselves
ROUND_S = 30.0  # of one round: what is left over is the oldest of the next one
_WAITING = (EnrollmentState.ACTIVE, EnrollmentState.SENDING)
# What was reckoned later wins over what was begun earlier and took longer. A campaign may be gone by then.
_KEEP = """
INSERT INTO planner_campaign_outlook (campaign_id, ends_at, "left", binding, reckoned_at)
SELECT k.id, %s, %s, %s, %s FROM sequences_campaign k WHERE k.id = %s
    ON CONFLICT (campaign_id) DO UPDATE
   SET ends_at = excluded.ends_at, "left" = excluded."left", binding = excluded.binding,
       reckoned_at = excluded.reckoned_at
 WHERE planner_campaign_outlook.reckoned_at <= excluded.reckoned_at
"""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the last forecast said of a running campaign. left: who still waits when it ends; 0: it reaches the finish.

    binding is empty where whoever is due has theirs each day. is_overtaken: it was edited, or went on, since then.
    """

    ends_at: datetime | None
    left: int
    binding: str
    reckoned_at: datetime
    is_overtaken: bool

    @property
    def words(self) -> str:
        """What binds, as a person says it."""
        if self.ends_at is None:
            return "no message is foreseen"
        return bound_words(self.binding) if self.binding else "nothing binds it"


def keep(campaign_id: int, forecast: Forecast, at: datetime) -> None:
    """Keep what a forecast of a campaign as it stands, from an instant on, has said."""
    code = forecast.binding[0].value if forecast.binding else ""
    statements.run(_KEEP, [forecast.ends_at, forecast.left, code, at, campaign_id])


def outlooks_of(campaign_ids: Collection[int]) -> dict[int, Outlook]:
    """Return what was kept of those of the campaigns that run, in one query; of whom none was reckoned is absent."""
    rows = CampaignOutlook.objects.filter(campaign__in=campaign_ids, campaign__state=CampaignState.RUNNING)
    rows = rows.annotate(is_overtaken=Case(When(_overtaken("campaign", ""), then=True), default=False))
    fields = ("campaign_id", "ends_at", "left", "binding", "reckoned_at", "is_overtaken")
    return {pk: Outlook(*rest) for pk, *rest in rows.values_list(*fields)}


def reckon_due(*, most_s: float = ROUND_S) -> int:
    """Foresee the running campaigns whose outlook is old or overtaken, the oldest first. Returns how many it kept.

    One run tells of all that share mailboxes. No further one is begun after most_s. Safe to run twice, and at once;
    one that fails is logged, and the others are reckoned.
    """
    begun, kept = time.monotonic(), set[int]()
    for pk in list(_due().values_list("pk", flat=True)):
        if time.monotonic() - begun >= most_s:
            break
        if pk not in kept:
            kept |= _reckon(pk)
    return len(kept)


def _due() -> QuerySet[Campaign]:
    """Return the running campaigns in which somebody waits and of which nothing, or nothing fresh, is kept."""
    waiting = Enrollment.objects.filter(campaign=OuterRef("pk"), state__in=_WAITING)
    stale = Q(outlook=None) | Q(outlook__reckoned_at__lt=Now() - OLD) | _overtaken("pk", "outlook__")
    rows = Campaign.objects.filter(Exists(waiting), stale, state=CampaignState.RUNNING)
    return rows.order_by(F("outlook__reckoned_at").asc(nulls_first=True), "pk")


def _overtaken(campaign: str, outlook: str) -> Q:
    """Say, of rows that lead to a campaign and to its outlook, that the campaign has changed since it was reckoned."""
    since = f"{outlook}reckoned_at"
    state_changed = "state_changed_at" if campaign == "pk" else f"{campaign}__state_changed_at"
    edits = Event.objects.filter(campaign_id=OuterRef(campaign), kind=EventKind.EDITED, at__gt=OuterRef(since))
    return Q(Exists(edits)) | Q(**{f"{state_changed}__gt": F(since)})


def _reckon(campaign_id: int) -> set[int]:
    campaign = Campaign.objects.select_related("workspace").get(pk=campaign_id)
    try:
        at, forecasts = foresee_together(campaign)
    except Exception:
        logger.exception("campaign.outlook_failed", extra={"campaign_id": campaign_id})
        return set()
    for pk, forecast in forecasts.items():
        keep(pk, forecast, at)
    return set(forecasts)
