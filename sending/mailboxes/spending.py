"""The account book: what each message costs its mailbox, in its rolling hour and day, its gap and its ramp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from outreach.kit import statements
from sending.mailboxes.health import note
from sending.pacing.health import FULL, IDLE_DAYS, Cause, idle_spells
from sending.pacing.receivers import receiver_of

# The instants are the database's. A day of the ramp begins with its first message and is over day_s later: who sends at
# that very instant begins the next one, as its place in the rolling day is free by then. The ramp climbs behind a day
# without a bad signal; what no campaign sends begins no day. Who receives the mail of a domain is what its exchangers
# have told, where they were asked.
_SPEND = """
WITH asked AS (
    SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::boolean[], %s::float8[], %s::float8[], %s::bigint[],
                         %s::bigint[], %s::bigint[], %s::varchar[], %s::varchar[], %s::boolean[])
        AS a(mailbox_id, spent_at, is_new, gap_s, day_s, workspace_id, campaign_id, contact_id, domain, receiver,
             climbs)
), spent AS (
    INSERT INTO mailboxes_spending
           (mailbox_id, spent_at, is_new_lead, workspace_id, campaign_id, contact_id, domain, receiver)
    SELECT mailbox_id, spent_at, is_new, workspace_id, campaign_id, contact_id, domain,
           COALESCE((SELECT d.provider FROM contacts_mail_domain d
                      WHERE receiver <> '' AND d.domain = asked.domain AND d.verdict = 'mail'
                        AND d.provider IN ('google', 'microsoft', 'yahoo')), receiver)
      FROM asked
)
UPDATE mailboxes_clock k
   SET free_at = GREATEST(k.free_at, m.spent_at + make_interval(secs => m.gap_s)),
       ramp_days = k.ramp_days
                   + CASE WHEN k.ramp_day_at <= m.spent_at - make_interval(secs => m.day_s)
                               AND m.climbs AND COALESCE(k.bad_at < k.ramp_day_at, true) THEN 1 ELSE 0 END,
       ramp_day_at = CASE WHEN k.ramp_day_at > m.spent_at - make_interval(secs => m.day_s) OR NOT m.climbs
                          THEN k.ramp_day_at ELSE m.spent_at END
  FROM (SELECT mailbox_id, max(spent_at) AS spent_at, max(gap_s) AS gap_s, max(day_s) AS day_s,
               bool_or(climbs) AS climbs
          FROM asked GROUP BY mailbox_id) m
  JOIN mailboxes_clock old ON old.mailbox_id = m.mailbox_id
 WHERE k.mailbox_id = m.mailbox_id
RETURNING k.mailbox_id, m.spent_at, m.day_s, old.ramp_day_at, COALESCE(old.bad_at < old.ramp_day_at, true), old.health,
          k.ramp_day_at IS DISTINCT FROM old.ramp_day_at
"""
# Nothing looks further back than a day.
_TRIM = "DELETE FROM mailboxes_spending WHERE spent_at < now() - interval '2 days'"


@dataclass(frozen=True, slots=True)
class Spent:
    """One message that its mailbox has tried on somebody: it counts, whatever became of it.

    gap_s: the pause that follows it; day_s: the length of a day at the mailbox's pace, 86,400 in real life.
    """

    mailbox_id: int
    at: datetime
    is_new_lead: bool
    gap_s: float
    day_s: float
    workspace_id: int | None = None
    campaign_id: int | None = None
    contact_id: int | None = None
    domain: str = ""  # of the recipient
    climbs: bool = True  # counts as a day of the ramp: campaign mail does, a test or an answer shows nobody anything


def spend(items: Sequence[Spent]) -> None:
    """Write the messages into the books of their mailboxes. Runs inside the caller's transaction."""
    if not items:
        return
    rows = statements.run(
        _SPEND,
        [
            [one.mailbox_id for one in items],
            [one.at for one in items],
            [one.is_new_lead for one in items],
            [one.gap_s for one in items],
            [one.day_s for one in items],
            [one.workspace_id for one in items],
            [one.campaign_id for one in items],
            [one.contact_id for one in items],
            [one.domain for one in items],
            [receiver_of(one.domain).value if one.domain else "" for one in items],
            [one.climbs for one in items],
        ],
    )
    for mailbox_id, at, day_s, last_day_at, was_clean, health, is_new_day in rows:
        if is_new_day and last_day_at is not None:
            _end_day(mailbox_id, at, timedelta(seconds=day_s), last_day_at, was_clean=was_clean, health=health)


def _end_day(  # noqa: PLR0913  # what the statement returns
    mailbox_id: int, at: datetime, day: timedelta, last_day_at: datetime, *, was_clean: bool, health: int
) -> None:
    """Let a day of sending that is over, and the idle time behind it, count for the mailbox's health."""
    spells = idle_spells(last_day_at, at, day)
    for _ in range(spells):
        if not note(mailbox_id, Cause.IDLE, f"Nothing was sent for {spells * IDLE_DAYS} days.", at=at):
            break  # as low as it gets
    if not spells and was_clean and health < FULL:
        note(mailbox_id, Cause.CLEAN_DAY, "A day of sending without a block, a bounce too many or a complaint.", at=at)


def trim() -> int:
    """Forget what no budget looks at any more. Returns how many rows went."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIM)
        return int(cursor.rowcount)
