"""Who works for a mailbox: leases in the database's time, taken by ticks and kept alive by workers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from django.db import connection

from outreach.env import env
from outreach.kit import statements
from sending.guard.clause import MAY_SEND, params
from sending.mailboxes.cooling import APART_AT

# Longer than any gap between two renewals, short enough that a dead worker's mailboxes are not idle for long.
LEASE_S = float(env().lease_s)
RENEW_EVERY_S = LEASE_S / 4
# From a tick to the worker that takes its task. Where every process waits for slow servers the task waits, too: then
# one of them takes the mailbox in beside those. A task that comes later still takes over what nobody else has.
HANDOVER_S = LEASE_S / 6
# The next look at a mailbox for which nothing is planned: a safety net, since new work wakes it.
_SAFETY_S = 600
NO_PATIENCE_S = -1e9

# look_at is moved far ahead while a worker holds the lease: whoever brings new work meanwhile sets it to now,
# and the release keeps the earlier of the two.
_LEASE = f"""
UPDATE mailboxes_clock c
   SET lease_owner = %(owner)s::uuid, lease_until = now() + make_interval(secs => %(lease)s::float8),
       look_at = now() + interval '1 year'
 WHERE c.mailbox_id = ANY(ARRAY(
    SELECT c.mailbox_id
      FROM mailboxes_clock c
      JOIN mailboxes_mailbox m ON m.id = c.mailbox_id AND m.state = 'active'
     WHERE ((c.lease_until IS NULL AND c.look_at <= now() + make_interval(secs => %(ahead)s::float8))
            OR c.lease_until < now())
       AND {MAY_SEND}
     ORDER BY LEAST(c.look_at, c.lease_until)  -- look_at of a dead worker's mailboxes lies a year ahead
     LIMIT %(most)s::integer
       FOR UPDATE OF c SKIP LOCKED))
RETURNING c.mailbox_id
"""  # noqa: S608  # a condition of our own
_TAKE_OVER = f"""
UPDATE mailboxes_clock SET lease_owner = %(mine)s, lease_until = now() + make_interval(secs => %(lease)s)
 WHERE lease_owner = %(owner)s AND mailbox_id = ANY(%(ids)s) AND {MAY_SEND} RETURNING mailbox_id
"""  # noqa: S608  # a condition of our own
# Claims lock the clocks of a worker's mailboxes in one order, the books of what it sends in another: who renewed those
# that are free and waited for the rest would wait in a circle. So each of the rest is waited for alone.
_RENEW_MAILBOXES = """
UPDATE mailboxes_clock SET lease_until = now() + make_interval(secs => %s)
 WHERE mailbox_id = ANY(ARRAY(SELECT mailbox_id FROM mailboxes_clock WHERE lease_owner = %s AND mailbox_id = ANY(%s)
                                 FOR NO KEY UPDATE SKIP LOCKED))
RETURNING mailbox_id
"""
_RENEW_MAILBOX = """
UPDATE mailboxes_clock SET lease_until = now() + make_interval(secs => %s) WHERE lease_owner = %s AND mailbox_id = %s
"""
# What is locked is being marked or written down right now: it needs no renewal.
_RENEW_MESSAGES = """
UPDATE outbox_message SET lease_until = now() + make_interval(secs => %s)
 WHERE id = ANY(ARRAY(SELECT id FROM outbox_message WHERE attempt = ANY(%s) AND state IN ('claimed', 'dot_pending')
                         FOR UPDATE SKIP LOCKED))
"""
_RELEASE = f"""
WITH planned AS MATERIALIZED (  -- else each mention of the instant would look for it anew
SELECT c.mailbox_id, GREATEST(
           c.free_at, c.backoff_until,
           COALESCE(c.hold_until, LEAST(
               -- in the order of the index: min() would read everybody who waits for the mailbox
               (SELECT GREATEST(e.due_at, c.follow_up_hold_until)
                  FROM planner_enrollment e
                  JOIN sequences_campaign k ON k.id = e.campaign_id AND k.state = 'running'
                 WHERE e.mailbox_id = c.mailbox_id AND e.state = 'active'
                 ORDER BY e.due_at LIMIT 1),
               (SELECT GREATEST(min(GREATEST(e.due_at, h.until, s.held_until)), c.new_hold_until)
                  FROM planner_campaign_mailbox s
                  JOIN sequences_campaign k ON k.id = s.campaign_id AND k.state = 'running'
                  LEFT JOIN planner_campaign_hold h ON h.campaign_id = s.campaign_id
                  -- the receivers of a claim that was under way when the rotation changed say nothing any more
                  LEFT JOIN planner_campaign_rotation r ON r.campaign_id = s.campaign_id AND r.mode = 'provider'
                 CROSS JOIN LATERAL (
                    SELECT e.due_at FROM unnest(apart.begins, apart.ends) AS stretch(begin, finish)
                     CROSS JOIN LATERAL (
                        SELECT e.due_at FROM planner_enrollment e
                         WHERE e.campaign_id = s.campaign_id AND e.state = 'active' AND e.mailbox_id IS NULL
                           AND e.due_at > stretch.begin AND e.due_at < stretch.finish
                           AND (s.receivers IS NULL OR r.mode IS NULL)
                         ORDER BY e.due_at LIMIT 1) e
                     UNION ALL
                    SELECT e.due_at FROM unnest(apart.begins, apart.ends) AS stretch(begin, finish)
                     CROSS JOIN unnest(s.receivers) AS wanted(receiver)
                     CROSS JOIN LATERAL (
                        SELECT e.due_at FROM planner_enrollment e
                         WHERE e.campaign_id = s.campaign_id AND e.receiver = wanted.receiver AND e.state = 'active'
                           AND e.mailbox_id IS NULL AND e.due_at > stretch.begin AND e.due_at < stretch.finish
                         ORDER BY e.due_at LIMIT 1) e
                     WHERE r.mode IS NOT NULL
                     UNION ALL
                    SELECT passed.until FROM unnest(apart.instants, apart.untils) AS passed(at, until)
                     WHERE EXISTS (SELECT FROM planner_enrollment e
                                    WHERE e.campaign_id = s.campaign_id AND e.state = 'active'
                                      AND e.mailbox_id IS NULL AND e.due_at = passed.at)) e
                 WHERE s.mailbox_id = c.mailbox_id
                HAVING count(*) > 0),
               (SELECT m.retry_at
                  FROM outbox_message m
                  JOIN sequences_campaign k ON k.id = m.campaign_id AND k.state = 'running'
                 WHERE m.mailbox_id = c.mailbox_id AND m.state = 'deferred'
                 ORDER BY m.retry_at LIMIT 1),
               (SELECT m.retry_at FROM outbox_message m
                 WHERE m.mailbox_id = c.mailbox_id AND m.state = 'deferred' AND m.campaign_id IS NULL
                 ORDER BY m.retry_at LIMIT 1),
               now() + make_interval(secs => %(safety)s::float8)))) AS look_at
  FROM mailboxes_clock c
 -- the instants at which those stand whom it passes over (see planner/claim/leaving.py), until when it does, and the
 -- stretches between them
 CROSS JOIN LATERAL (
    SELECT array_agg(one.at) AS instants, array_agg(one.until) AS untils,
           array_prepend('-infinity', array_agg(one.at)) AS begins, array_append(array_agg(one.at), 'infinity') AS ends
      FROM (SELECT {APART_AT} AS at, own.until
              FROM mailboxes_cooldown own
              JOIN mailboxes_mailbox m ON m.id = own.mailbox_id
              JOIN mailboxes_cooldown l ON l.side = own.side AND l.until > now()
              JOIN mailboxes_mailbox o ON o.id = l.mailbox_id AND o.workspace_id = m.workspace_id
             WHERE own.mailbox_id = c.mailbox_id AND own.until > now()
             ORDER BY 1) one) apart
 WHERE c.lease_owner = %(owner)s::uuid AND c.mailbox_id = ANY(%(ids)s::bigint[])
)
UPDATE mailboxes_clock c
   SET lease_owner = CASE WHEN soon.is_soon THEN c.lease_owner END,
       lease_until = CASE WHEN soon.is_soon THEN c.lease_until END,
       look_at = CASE WHEN soon.is_soon THEN now() + interval '1 year' ELSE LEAST(c.look_at, planned.look_at) END
  FROM planned
 CROSS JOIN LATERAL (SELECT planned.look_at < now() + make_interval(secs => %(patience)s::float8) AS is_soon) soon
 WHERE c.mailbox_id = planned.mailbox_id AND c.lease_owner = %(owner)s::uuid
RETURNING c.mailbox_id, c.lease_owner IS NOT NULL, extract(epoch FROM planned.look_at - now())::float8
"""  # noqa: S608  # a condition of our own


def lease_due(*, most: int, ahead_s: float = 0.0) -> tuple[UUID, list[int]]:
    """Lease active mailboxes whose turn has come (or comes within ahead_s), also those of dead workers.

    They are leased for HANDOVER_S. Returns the owner token and the mailboxes; safe to run anywhere, any number of times
    at once.
    """
    owner = uuid4()
    return owner, _lease(owner, most=most, ahead_s=ahead_s, lease_s=HANDOVER_S)


def lease_for(owner: UUID, *, most: int) -> list[int]:
    """Lease active mailboxes whose turn has come for an owner that may hold others already."""
    return _lease(owner, most=most, ahead_s=0.0, lease_s=LEASE_S)


def _lease(owner: UUID, *, most: int, ahead_s: float, lease_s: float) -> list[int]:
    asked = {"owner": owner, "lease": lease_s, "ahead": ahead_s, "most": most, **params()}
    return [pk for (pk,) in statements.run(_LEASE, asked)]


def take_over(owner: UUID, mailbox_ids: Sequence[int]) -> tuple[UUID, list[int]]:
    """Exchange a tick's token for a worker's own. A task that is delivered twice finds nothing the second time."""
    mine = uuid4()
    with connection.cursor() as cursor:
        asked = {"mine": mine, "lease": LEASE_S, "owner": owner, "ids": list(mailbox_ids), **params()}
        cursor.execute(_TAKE_OVER, asked)
        return mine, [pk for (pk,) in cursor.fetchall()]


def renew(owner: UUID, mailbox_ids: Sequence[int], attempts: Sequence[UUID]) -> None:
    """Keep the leases of a living worker: of the mailboxes that it serves and of the messages in its hands.

    Runs in no transaction: a lease that is renewed holds nobody up.
    """
    with connection.cursor() as cursor:
        if attempts:
            cursor.execute(_RENEW_MESSAGES, [LEASE_S, list(attempts)])
        cursor.execute(_RENEW_MAILBOXES, [LEASE_S, owner, list(mailbox_ids)])
        for mailbox_id in sorted(set(mailbox_ids) - {pk for (pk,) in cursor.fetchall()}):
            cursor.execute(_RENEW_MAILBOX, [LEASE_S, owner, mailbox_id])


def release(
    owner: UUID, mailbox_ids: Sequence[int], *, patience_s: float, safety_s: float = _SAFETY_S
) -> dict[int, float | None]:
    """Give back the mailboxes whose next look is further away than patience_s, and say when that is.

    A mailbox for which nothing is planned is looked at again after safety_s. Returns by mailbox: the seconds until its
    next look where the lease is kept, None where it was given back.
    """
    asked = {"safety": float(safety_s), "owner": owner, "ids": list(mailbox_ids), "patience": patience_s}
    return {pk: max(0.0, seconds) if kept else None for pk, kept, seconds in statements.run(_RELEASE, asked)}


def give_back(owner: UUID, mailbox_ids: Sequence[int]) -> None:
    """Give mailboxes back, whenever their next look is; those that somebody else holds are not touched."""
    release(owner, mailbox_ids, patience_s=NO_PATIENCE_S)
