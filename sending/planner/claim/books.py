"""The account books of mailboxes with what they have promised: the follow-ups that fall due within a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from outreach.kit import statements
from sending.pacing import Book, allowance, book_of, daily_budget, peak_use
from sending.planner.claim.facts import Sender

# More than anybody sends from one mailbox in a day outside of a sandbox: no promise behind it is counted.
_MOST = 3_000
_PROMISED = """
SELECT a.id, count(*)
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::integer[]) AS a(id, day_to, most)
 CROSS JOIN LATERAL (
    SELECT 1
      FROM planner_enrollment e
      JOIN sequences_campaign c ON c.id = e.campaign_id AND c.state = 'running'
     WHERE e.mailbox_id = a.id AND e.state = 'active' AND e.due_at < a.day_to
     LIMIT a.most) e
 GROUP BY a.id
"""
_INSTANTS = """
SELECT a.id,
       ARRAY(SELECT s.spent_at FROM mailboxes_spending s
              WHERE s.mailbox_id = a.id AND s.spent_at > a.day_from ORDER BY s.spent_at),
       ARRAY(SELECT e.due_at
               FROM planner_enrollment e
               JOIN sequences_campaign c ON c.id = e.campaign_id AND c.state = 'running'
              WHERE e.mailbox_id = a.id AND e.state = 'active' AND e.due_at < a.day_to
              ORDER BY e.due_at LIMIT a.most)
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::integer[]) AS a(id, day_from, day_to, most)
"""


def books_of(senders: Sequence[Sender], *, now: datetime) -> dict[int, Book]:
    """Return the books of mailboxes by id; two queries at most, however many mailboxes."""
    peaks = _peaks(senders, now=now)
    return {one.id: book_of(one.facts.limits, one.facts.usage, peak=peaks[one.id]) for one in senders}


def rooms_for_new(senders: Sequence[Sender], *, now: datetime) -> dict[int, Book | None]:
    """Return the books of those mailboxes whose promises could take a place that may be used now; None for the others.

    It costs one cheap count, and reads instants only where the day is nearly full.
    """
    promised = _promised(senders, now=now)
    tight = [one for one in senders if _left(one) - promised.get(one.id, 0) < _allowance(one)]
    books = books_of(tight, now=now)
    return {one.id: books.get(one.id) for one in senders}


def _allowance(sender: Sender) -> int:
    return allowance(sender.facts.limits, sender.facts.usage)


def _left(sender: Sender) -> int:
    usage = sender.facts.usage
    return max(0, daily_budget(sender.facts.limits, usage) - usage.day)


def _promised(senders: Sequence[Sender], *, now: datetime) -> dict[int, int]:
    """Return how many follow-ups fall due within a day, at most as many as the mailbox has places left."""
    if not senders:
        return {}
    days = [now + one.pace.day for one in senders]
    most = [min(_left(one), _MOST) for one in senders]
    return dict(statements.run(_PROMISED, [[one.id for one in senders], days, most]))


def _peaks(senders: Sequence[Sender], *, now: datetime) -> dict[int, int]:
    if not senders:
        return {}
    days = {one.id: one.pace.day for one in senders}
    most = [min(daily_budget(one.facts.limits, one.facts.usage), _MOST) for one in senders]
    since, until = [now - day for day in days.values()], [now + day for day in days.values()]
    rows = statements.run(_INSTANTS, [list(days), since, until, most])
    return {pk: peak_use([at + days[pk] for at in spent], promised, now=now) for pk, spent, promised in rows}
