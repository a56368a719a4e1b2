"""The durable mark before the first byte of a body: after it a message is never sent again by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import transaction

from campaigns.contacts.prints import refusal_keys
from campaigns.contacts.queries import rare_keys, rare_scopes, suppressed_keys
from campaigns.contacts.states import SuppressionScope
from outreach.kit import clock, gate, statements
from sending.guard.clause import MAY_SEND, STANDS_STILL, params
from sending.mailboxes.aliases import aliases_of
from sending.mailboxes.cooling import side_of
from sending.mailboxes.spending import spend
from sending.outbox import leases
from sending.outbox.jobs import Job
from sending.planner.claim.refusals import Refusals

# What holds a company, an address, and a mailbox's way to a provider; of an answer that a person writes nobody asks. By
# the row of the message (m) and what is known of its recipient (a). OR NOT EXISTS: each is looked up by its key.
_PAUSED = """
EXISTS (SELECT FROM planner_pause p
         WHERE p.workspace_id = m.workspace_id AND p.value IN (a.recipient, a.domain)
           AND (p.until IS NULL OR p.until > clock_timestamp()))
"""
_COOLED = """
EXISTS (SELECT FROM mailboxes_cooldown l
         WHERE l.mailbox_id = m.mailbox_id AND l.until > clock_timestamp()
           AND l.side = COALESCE((SELECT d.provider FROM contacts_mail_domain d
                                   WHERE d.domain = a.domain AND d.verdict = 'mail'
                                     AND d.provider IN ('google', 'microsoft', 'yahoo')), a.side))
"""
_ASKED = """
unnest(%(ids)s::bigint[], %(attempts)s::uuid[], %(owners)s::uuid[], %(recipients)s::varchar[], %(domains)s::varchar[],
       %(sides)s::varchar[]) AS a(id, attempt, owner, recipient, domain, side)
"""
# Everything that can have changed since the claim is asked again in the statement that sets the mark. The gates are
# held open around it (see outreach.kit.gate), so a stop or an opt-out that was acknowledged before always wins.
# clock_timestamp(): now() is the instant at which the wait for the gates began. Each row is to be found by
# its key: the planner takes what passes quickly for rare, and would compare all that is claimed, or all of a worker's
# mailboxes, with all that is asked. So the state is hidden from it, and nothing is joined that is looked up.
_MARK = f"""
WITH forbidden AS (
    SELECT k.id
      FROM unnest(%(key_ids)s::bigint[], %(workspaces)s::bigint[], %(scopes)s::varchar[], %(values)s::varchar[])
        AS k(id, workspace_id, scope, value)
      JOIN contacts_suppression s USING (workspace_id, scope, value)
      -- an answer that a person confirmed in spite of it
     WHERE ((SELECT d.despite_until FROM outbox_message d WHERE d.id = k.id) >= s.confirmed_at) IS NOT TRUE
)
UPDATE outbox_message m
   SET state = 'dot_pending', dot_at = clock_timestamp(),
       lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
  FROM {_ASKED}
 WHERE m.id = a.id AND m.attempt = a.attempt AND m.state || '' = 'claimed'
   AND m.lease_until > clock_timestamp() AND m.not_after > clock_timestamp()
   AND (m.enrollment_id IS NULL OR (SELECT e.state FROM planner_enrollment e WHERE e.id = m.enrollment_id) = 'sending')
   AND (m.campaign_id IS NULL OR (SELECT c.state FROM sequences_campaign c WHERE c.id = m.campaign_id) = 'running')
   AND (SELECT b.state FROM mailboxes_mailbox b WHERE b.id = m.mailbox_id) = 'active'
   AND (SELECT k.lease_owner FROM mailboxes_clock k WHERE k.mailbox_id = m.mailbox_id) = a.owner
   AND m.id NOT IN (SELECT id FROM forbidden)
   AND (m.campaign_id IS NULL OR NOT ({_PAUSED} OR {_COOLED}))
   AND {MAY_SEND}
RETURNING m.id, extract(epoch FROM m.dot_at)::float8
"""  # noqa: S608  # a condition of our own
# The same questions, one by one, for those that were called back.
_WHY = f"""
SELECT CASE
         WHEN NOT {MAY_SEND} THEN '{STANDS_STILL}'
         WHEN e.state <> 'sending' THEN 'the sequence was called off (' || replace(e.stop_reason, '_', ' ') || ')'
         WHEN %(is_suppressed)s THEN 'the address is suppressed'
         WHEN %(is_refused)s THEN 'they want no more from this mailbox'
         WHEN c.state <> 'running' THEN 'the campaign is ' || c.state
         WHEN b.state = 'needs_sign_in' THEN 'the mailbox needs a new sign-in'
         WHEN b.state <> 'active' THEN 'the mailbox is ' || b.state
         WHEN m.campaign_id IS NOT NULL AND {_PAUSED} THEN 'the company or the address is paused'
         WHEN m.campaign_id IS NOT NULL AND {_COOLED} THEN 'the mailbox leaves the recipient''s provider alone for now'
         WHEN m.not_after <= clock_timestamp() THEN 'the sending window had closed'
         ELSE 'another worker has taken over'
       END
  FROM outbox_message m
  JOIN {_ASKED} ON a.id = m.id
  LEFT JOIN planner_enrollment e ON e.id = m.enrollment_id
  LEFT JOIN sequences_campaign c ON c.id = m.campaign_id
  JOIN mailboxes_mailbox b ON b.id = m.mailbox_id
"""  # noqa: S608  # a condition of our own


def mark(jobs: Sequence[Job]) -> list[bool]:
    """Mark messages as leaving; False for each that must not leave any more. Durable when it returns."""
    places = [job.letter.workspace_id for job in jobs]
    with transaction.atomic():
        statements.commit_durably()  # a mark that could be lost would be a message sent twice
        gate.hold_open(places)
        # Behind the gate: nobody is suppressed between this and the mark. Where a workspace has no wildcards, nobody
        # erased and nobody who refuses a sender, nobody's are looked up.
        keys = [(job, *key) for job, found in zip(jobs, _keys(jobs, places), strict=True) for key in found]
        rows = statements.run(
            _MARK,
            {
                **_asked(jobs),
                "key_ids": [job.letter.pk for job, _, _ in keys],
                "workspaces": [job.letter.workspace_id for job, _, _ in keys],
                "scopes": [scope for _, scope, _ in keys],
                "values": [value for _, _, value in keys],
                "lease": leases.LEASE_S,
                **params(),
            },
        )
        marked = {pk: clock.instant(dot_at) for pk, dot_at in rows}
        spend([job.spent_at(marked[job.letter.pk]) for job in jobs if job.letter.pk in marked])
    return [job.letter.pk in marked for job in jobs]


def _asked(jobs: Sequence[Job]) -> dict[str, list[Any]]:
    """Return the columns of _ASKED."""
    domains = [job.recipient_key.rpartition("@")[2] for job in jobs]
    return {
        "ids": [job.letter.pk for job in jobs],
        "attempts": [job.letter.attempt for job in jobs],
        "owners": [job.owner for job in jobs],
        "recipients": [job.recipient_key for job in jobs],
        "domains": domains,
        "sides": [side_of(one) for one in domains],
    }


def _keys(jobs: Sequence[Job], places: Sequence[int]) -> Iterator[Sequence[tuple[str, str]]]:
    """Yield for each job the suppressions (scope, value) that would forbid it."""
    rare = rare_scopes(places)
    refused = {place for place, scope in rare if scope == SuppressionScope.SENDER}
    aliases = aliases_of(refused) if refused else {}
    for job, place in zip(jobs, places, strict=True):
        further = [one for key in job.asked_keys for one in rare_keys(place, key, rare)] if rare else []
        if place in refused:
            senders = {job.sender.lower(), *aliases.get(job.letter.mailbox_id, {}).values()}
            further += [one for key in job.asked_keys for one in refusal_keys(place, key, sorted(senders))]
        yield (*job.suppression_keys, *further) if further else job.suppression_keys


def why_called_back(job: Job) -> str:
    """Return, in words, why a message was not marked; the reason may have gone meanwhile."""
    place, pk = job.letter.workspace_id, job.letter.mailbox_id
    barred = bool(suppressed_keys(place, job.asked_keys))
    refusals = Refusals({(place, key) for key in job.asked_keys})
    refused = any(refusals.words(pk, (place, key)) for key in job.asked_keys)
    rows = statements.run(_WHY, {"is_suppressed": barred, "is_refused": refused, **_asked([job]), **params()})
    return rows[0][0] if rows else "the message is gone"
