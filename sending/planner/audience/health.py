"""The health of a list before anybody on it is written to: its verdicts, who is left out, and the bounces to expect."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from campaigns.contacts.core.prediction import Prediction, Record, predicted
from campaigns.contacts.core.verdicts import VERDICT_LABELS, AddressVerdict
from campaigns.contacts.queries import SUPPRESSED, UNCHECKED, verdict_counts, verdict_counts_among
from campaigns.sequences.audience import audience_ids
from campaigns.sequences.models import Campaign
from outreach.kit import statements
from outreach.kit.words import percent

# Of each campaign at most so many, the newest: what happened to them tells enough. Who was begun a day ago has bounced
# by now, if ever.
_RECORDS = """
SELECT c.verdict, count(*), count(*) FILTER (WHERE e.stop_reason = 'bounced')
  FROM sequences_campaign k
 CROSS JOIN LATERAL (
    SELECT e.contact_id, e.stop_reason FROM planner_enrollment e
     WHERE e.campaign_id = k.id AND e.begun_at > now() - interval '90 days' AND e.begun_at < now() - interval '1 day'
     ORDER BY e.begun_at DESC LIMIT 2000
 ) e
  JOIN contacts_contact c ON c.id = e.contact_id
 WHERE k.workspace_id = %s
 GROUP BY c.verdict
"""
_SHOWN = (
    AddressVerdict.VALID, AddressVerdict.CATCH_ALL, AddressVerdict.RISKY, AddressVerdict.UNKNOWN, "",
    AddressVerdict.ROLE, AddressVerdict.DISPOSABLE, AddressVerdict.NO_MAIL, SUPPRESSED,
)  # fmt: skip
_NEXT_TO_NOTHING = 0.001
_TROUBLING = 0.03  # at which the bounce guard pauses a campaign


@dataclass(frozen=True, slots=True)
class HealthRow:
    """How many people have one verdict; query narrows a list of contacts to them."""

    label: str
    count: int
    query: str
    is_left_out: bool


@dataclass(frozen=True, slots=True)
class Health:
    """What a list, or the lists of a campaign, look like. total: everybody on them, once."""

    total: int
    rows: Sequence[HealthRow]
    unchecked: int
    prediction: Prediction | None

    @property
    def headline(self) -> str:
        """Return the interval in words; it says nothing of a bound that is as good as nothing."""
        if self.prediction is None:
            return ""
        low, high = self.prediction.low, percent(self.prediction.high, 1)
        within = f"Up to {high}" if low < _NEXT_TO_NOTHING else f"Between {percent(low, 1)} and {high}"
        return f"{within} are likely to bounce"

    @property
    def likely_words(self) -> str:
        return percent(self.prediction.likely, 1) if self.prediction else ""

    @property
    def is_troubling(self) -> bool:
        """Bounces are likely enough to pause the campaign."""
        return self.prediction is not None and self.prediction.likely >= _TROUBLING


def health_of(workspace_id: int, list_ids: Collection[int], *, skips_roles: bool = True) -> Health:
    """Return the health of lists of a workspace for a campaign that leaves role addresses out, or does not."""
    return _health(workspace_id, verdict_counts(workspace_id, list_ids), skips_roles=skips_roles)


def _health(workspace_id: int, counts: Mapping[str, int], *, skips_roles: bool) -> Health:
    left_out = {AddressVerdict.NO_MAIL, AddressVerdict.DISPOSABLE, SUPPRESSED}
    if skips_roles:
        left_out.add(AddressVerdict.ROLE)
    rows = [
        HealthRow(_label(verdict), counts[verdict], _query(verdict), verdict in left_out)
        for verdict in _SHOWN
        if counts.get(verdict)
    ]
    written = {verdict: count for verdict, count in counts.items() if verdict not in left_out}
    prediction = predicted(written, records_of(workspace_id)) if written else None
    return Health(sum(counts.values()), rows, counts.get("", 0), prediction)


def records_of(workspace_id: int) -> Mapping[str, Record]:
    """Return what became of the people whom the workspace has written to in 90 days, by their verdict."""
    return {verdict: Record(tried, bounced) for verdict, tried, bounced in statements.run(_RECORDS, [workspace_id])}


def audience_health(campaign: Campaign) -> Health:
    """Return the health of everybody on the lists and in the segments of a campaign."""
    counts = verdict_counts_among(campaign.workspace_id, audience_ids(campaign))
    return _health(campaign.workspace_id, counts, skips_roles=campaign.skips_roles)


def _label(verdict: str) -> str:
    return "Suppressed" if verdict == SUPPRESSED else VERDICT_LABELS[verdict]


def _query(verdict: str) -> str:
    return "suppressed=yes" if verdict == SUPPRESSED else f"verdict={verdict or UNCHECKED}&suppressed=no"
