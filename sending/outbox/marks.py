"""The durable mark before the first byte of a body: after it a message is never sent again by itself."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from outreach.kit import gate
from sending.outbox import leases
from sending.outbox.jobs import Job

# Everything that can have changed since the claim is asked again in the statement that sets the mark. The gates are
# held open around it (see outreach.kit.gate), so a stop or an opt-out that was acknowledged before always wins.
_MARK = """
WITH asked AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(attempts)s::uuid[], %(gaps)s::float8[], %(new)s::boolean[],
                         %(days)s::float8[]) AS a(id, attempt, gap_s, is_new, day_s)
), forbidden AS (
    SELECT k.id
      FROM unnest(%(key_ids)s::bigint[], %(workspaces)s::bigint[], %(scopes)s::varchar[], %(values)s::varchar[])
        AS k(id, workspace_id, scope, value)
      JOIN contacts_suppression s USING (workspace_id, scope, value)
), marked AS (
    UPDATE outbox_message m
       SET state = 'dot_pending', dot_at = clock_timestamp(),
           lease_until = now() + make_interval(secs => %(lease)s)
      FROM asked a, planner_enrollment e, sequences_campaign c, mailboxes_mailbox b
     WHERE m.id = a.id AND m.attempt = a.attempt AND m.state = 'claimed' AND m.not_after > now()
       AND e.id = m.enrollment_id AND e.state = 'sending'
       AND c.id = m.campaign_id AND c.state = 'running'
       AND b.id = m.mailbox_id AND b.state = 'active'
       AND m.id NOT IN (SELECT id FROM forbidden)
    RETURNING m.id, m.mailbox_id, m.dot_at, a.gap_s, a.is_new, a.day_s
), spent AS (
    INSERT INTO mailboxes_spending (mailbox_id, spent_at, is_new_lead) SELECT mailbox_id, dot_at, is_new FROM marked
), clocked AS (
    UPDATE mailboxes_clock k
       SET free_at = GREATEST(k.free_at, m.dot_at + make_interval(secs => m.gap_s)),
           ramp_days = k.ramp_days
                       + CASE WHEN k.ramp_day_at < m.dot_at - make_interval(secs => m.day_s) THEN 1 ELSE 0 END,
           ramp_day_at = CASE WHEN k.ramp_day_at >= m.dot_at - make_interval(secs => m.day_s) THEN k.ramp_day_at
                              ELSE m.dot_at END
      FROM (SELECT mailbox_id, max(dot_at) AS dot_at, max(gap_s) AS gap_s, max(day_s) AS day_s
              FROM marked GROUP BY mailbox_id) m
     WHERE k.mailbox_id = m.mailbox_id
)
SELECT id FROM marked
"""


def mark(jobs: Sequence[Job]) -> list[bool]:
    """Mark messages as leaving; False for each that must not leave any more. Durable when it returns."""
    keys = [(job, scope, value) for job in jobs for scope, value in job.suppression_keys]
    with transaction.atomic():
        gate.hold_open(job.workspace_id for job in jobs)
        with connection.cursor() as cursor:
            cursor.execute(
                _MARK,
                {
                    "ids": [job.message_pk for job in jobs],
                    "attempts": [job.attempt for job in jobs],
                    "gaps": [job.gap_s for job in jobs],
                    "new": [job.is_new_lead for job in jobs],
                    "days": [job.pace.day.total_seconds() for job in jobs],
                    "key_ids": [job.message_pk for job, _, _ in keys],
                    "workspaces": [job.workspace_id for job, _, _ in keys],
                    "scopes": [scope for _, scope, _ in keys],
                    "values": [value for _, _, value in keys],
                    "lease": leases.LEASE_S,
                },
            )
            marked = {pk for (pk,) in cursor.fetchall()}
    return [job.message_pk in marked for job in jobs]
