"""End decisions about the law, and tell of it: those whose people or message have changed stand no more."""

from __future__ import annotations

from campaigns.sequences.models import Campaign
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.planner.lawful.overrides import looked_at
from sending.planner.models import LawOverride


def end_overtaken(campaign: Campaign) -> int:
    """End the decisions of a campaign whose people or message have changed since; returns how many. Tells each."""
    count = 0
    for row, words in looked_at(campaign):
        if words:
            end(row, words)
            tell(
                campaign, f"A decision of {row.decided_by} stands no more. {words} It was: {row.reason}", duty=row.duty
            )
            count += 1
    return count


def end(row: LawOverride, words: str) -> None:
    LawOverride.objects.filter(pk=row.pk, ended_at=None).update(ended_at=clock.now(), ended_words=words)


def tell(campaign: Campaign, words: str, **data: object) -> None:
    about = {"words": words, **data}
    record([Entry(campaign.workspace_id, EventKind.LAW_OVERRIDDEN, clock.now(), campaign_id=campaign.pk, data=about)])
