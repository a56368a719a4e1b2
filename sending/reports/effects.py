"""What a launch, a pause, a resumption or a stop of a campaign has done since, in numbers that prove it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CLOSED, CampaignState
from sending.mailboxes.models import Spending
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.queries import Standing, standing_of
from sending.planner.states import StopReason

_IN_HAND = [MessageState.CLAIMED, MessageState.DOT_PENDING, MessageState.DEFERRED]


@dataclass(frozen=True, slots=True)
class Effect:
    """Where a campaign stands since its state was changed.

    left: messages that were marked as leaving since then; of a paused or stopped campaign 0, always. leaving: those
    that are handed over at this moment and cannot be called back. held: claimed, and stopped at the last gate if the
    campaign does not run. retried: refused for now. waiting: people to whom something is still to come.
    """

    state: CampaignState
    since: datetime
    left: int
    leaving: int
    held: int
    retried: int
    waiting: int
    called_off: int

    @property
    def is_settled(self) -> bool:
        """Nothing is on its way any more, and nobody is left to be called off."""
        return not (self.leaving or self.held) and not (self.state in CLOSED and self.waiting)

    @property
    def is_running(self) -> bool:
        return self.state is CampaignState.RUNNING


def effect_of(campaign: Campaign) -> Effect:
    """Return what the campaign's last change of state has done since."""
    since = campaign.state_changed_at
    rows = OutboundMessage.objects.filter(campaign=campaign, state__in=_IN_HAND).order_by()
    in_hand = dict(rows.values_list("state").annotate(count=Count("pk")))
    standing = standing_of([campaign.pk]).get(campaign.pk)
    return Effect(
        state=CampaignState(campaign.state),
        since=since,
        # Written in the statement that marks the dot: what is not here has not left.
        left=Spending.objects.filter(campaign_id=campaign.pk, spent_at__gt=since).count(),
        leaving=in_hand.get(MessageState.DOT_PENDING, 0),
        held=in_hand.get(MessageState.CLAIMED, 0),
        retried=in_hand.get(MessageState.DEFERRED, 0),
        waiting=standing.waiting if standing else 0,
        called_off=_called_off(standing),
    )


def _called_off(standing: Standing | None) -> int:
    return standing.stopped.get(StopReason.CAMPAIGN_ENDED, 0) if standing else 0
