"""Complaints by the provider of the recipients, of what was delivered there; and what went there on each day.

Counted from the events of 30 days, or, where there are more, of the newest hundred thousand messages: the same stretch
for both sides of each rate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from outreach.accounts.models import Workspace
from outreach.kit import clock, statements
from sending.ledger.kinds import EventKind
from sending.pacing.receivers import DOMAINS, NAMES, Receiver
from sending.reports.results import Rate, rate

DAYS = 30
MOST_MESSAGES = 100_000
GONE = ""  # the receiver of somebody who was deleted since
_NAMES = {**{one.value: NAMES[one] for one in Receiver}, Receiver.OTHER.value: "All others", GONE: "Not known any more"}
# How a complaint comes here from a provider, so that what is missing is no proof.
_NOTES = {
    Receiver.GOOGLE.value: "Gmail tells senders of no complaint: unknown. Its rates stand in Postmaster Tools alone.",
    Receiver.MICROSOFT.value: "Only from outlook.com and its sisters, and only to whoever signed up for JMRP.",
    Receiver.YAHOO.value: "Only to whoever signed up for its feedback loop with the domain that signs (DKIM).",
    Receiver.OTHER.value: "Few have a feedback loop, and those want to be signed up for.",
    GONE: "Contacts that were deleted or erased since.",
}
# The oldest instant that is counted: of the message behind the last one that is, where there are more.
_BEGIN = """
SELECT at FROM ledger_event
 WHERE workspace_id = %s AND kind = 'sent' AND at >= %s
 ORDER BY at DESC OFFSET %s LIMIT 1
"""
_COUNTED = """
WITH named AS (SELECT * FROM unnest(%s::varchar[], %s::varchar[]) AS n(domain, receiver)),
told AS (
    SELECT contact_id, mailbox_id, kind, (at AT TIME ZONE 'UTC')::date AS day, count(*) AS times
      FROM ledger_event
     WHERE workspace_id = %s AND at > %s
       AND (kind IN ('sent', 'assumed_sent', 'complained')
            OR kind IN ('bounced_hard', 'bounced_soft') AND data ->> 'how' = 'returned')
     GROUP BY 1, 2, 3, 4
)
SELECT COALESCE(CASE WHEN d.verdict = 'mail' AND d.provider IN ('google', 'microsoft', 'yahoo') THEN d.provider END,
                n.receiver, CASE WHEN c.id IS NULL THEN '' ELSE 'other' END),
       t.mailbox_id, t.day, t.kind, sum(t.times)::bigint
  FROM told t
  LEFT JOIN contacts_contact c ON c.id = t.contact_id
  LEFT JOIN contacts_mail_domain d ON d.domain = c.domain
  LEFT JOIN named n ON n.domain = c.domain
 GROUP BY 1, 2, 3, 4
"""
_WENT = {EventKind.SENT.value, EventKind.ASSUMED_SENT.value}
_BACK = {EventKind.BOUNCED_HARD.value, EventKind.BOUNCED_SOFT.value}


@dataclass(frozen=True, slots=True)
class OfProvider:
    """What was delivered at a provider, and how much of it is known to have been reported.

    complaints: None where the provider tells nobody; a rate of none is unknown, not zero.
    """

    receiver: str
    name: str
    delivered: int
    complaints: Rate | None
    note: str


@dataclass(frozen=True, slots=True)
class ByProvider:
    """What was delivered and reported since an instant. daily: by receiver, mailbox and day (UTC)."""

    since: datetime
    rows: Sequence[OfProvider]
    daily: Mapping[tuple[str, int, date], int]

    def delivered_at(self, receiver: Receiver, mailbox_ids: Sequence[int], day: date) -> int | None:
        """Return what these mailboxes delivered at a provider on a day; None for one that is not counted whole."""
        if day <= self.since.date():
            return None
        return sum(self.daily.get((receiver.value, pk, day), 0) for pk in mailbox_ids)


def by_provider(workspace: Workspace, *, most: int = MOST_MESSAGES) -> ByProvider:
    """Return the complaints of the last 30 days by provider, those where most was delivered first."""
    begin = clock.now() - timedelta(days=DAYS)
    behind = statements.run(_BEGIN, [workspace.pk, begin, most])
    since = behind[0][0] if behind else begin
    names = [list(DOMAINS), [one.value for one in DOMAINS.values()]]
    delivered: Counter[str] = Counter()
    complained: Counter[str] = Counter()
    daily: Counter[tuple[str, int, date]] = Counter()
    for receiver, mailbox_id, day, kind, times in statements.run(_COUNTED, [*names, workspace.pk, since]):
        if kind in _WENT or kind in _BACK:
            sign = 1 if kind in _WENT else -1
            delivered[receiver] += sign * times
            daily[receiver, mailbox_id or 0, day] += sign * times
        else:
            complained[receiver] += times
    found = sorted({*delivered, *complained}, key=lambda one: (-delivered[one], one))
    return ByProvider(since, [_row(one, delivered[one], complained[one]) for one in found], daily)


def _row(receiver: str, delivered: int, complained: int) -> OfProvider:
    delivered = max(0, delivered)
    is_told = receiver != Receiver.GOOGLE.value or complained
    complaints = rate("Complaints", complained, delivered) if is_told else None
    return OfProvider(receiver, _NAMES[receiver], delivered, complaints, _NOTES[receiver])
