"""Find the enrollments whose turn it is, for many mailboxes in two queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from sending.pacing import new_leads_first
from sending.planner.facts import Sender

# Looked at per free place: some will be held by their gates.
_SPARE = 4

# Follow-ups keep their mailbox. SKIP LOCKED: a row in another transaction's hands is simply not due now.
_FOLLOW_UPS = """
SELECT e.id, e.workspace_id, e.campaign_id, e.contact_id, e.next_position, a.id
  FROM unnest(%s::bigint[], %s::integer[]) AS a(id, most)
 CROSS JOIN LATERAL (
    SELECT e.id, e.workspace_id, e.campaign_id, e.contact_id, e.next_position
      FROM planner_enrollment e
      JOIN sequences_campaign c ON c.id = e.campaign_id AND c.state = 'running'
     WHERE e.mailbox_id = a.id AND e.state = 'active' AND e.due_at <= %s
     ORDER BY e.due_at, e.id
     LIMIT a.most
       FOR UPDATE OF e SKIP LOCKED
 ) e
"""
_SENDERS = """
SELECT s.campaign_id, s.mailbox_id
  FROM planner_campaign_mailbox s
  JOIN sequences_campaign c ON c.id = s.campaign_id AND c.state = 'running'
 WHERE s.mailbox_id = ANY(%s)
 ORDER BY s.campaign_id, s.mailbox_id
"""
# New leads belong to their campaign until a mailbox takes them.
_NEW_LEADS = """
SELECT e.id, e.workspace_id, e.campaign_id, e.contact_id, e.next_position
  FROM unnest(%s::bigint[], %s::integer[]) AS a(id, most)
 CROSS JOIN LATERAL (
    SELECT e.id, e.workspace_id, e.campaign_id, e.contact_id, e.next_position
      FROM planner_enrollment e
     WHERE e.campaign_id = a.id AND e.state = 'active' AND e.mailbox_id IS NULL AND e.due_at <= %s
     ORDER BY e.due_at, e.id
     LIMIT a.most
       FOR UPDATE OF e SKIP LOCKED
 ) e
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An enrollment whose step is due, with the mailbox that would carry it."""

    enrollment_id: int
    workspace_id: int
    campaign_id: int
    contact_id: int
    next_position: int
    mailbox_id: int
    is_new_lead: bool


def due(senders: Mapping[int, Sender], room: Mapping[int, int], *, now: datetime) -> list[Candidate]:
    """Return due enrollments, locked, in the order in which their mailboxes should take them."""
    wanting = {pk: places for pk, places in room.items() if places > 0}
    if not wanting:
        return []
    follow_ups = _follow_ups(wanting, now=now)
    new_leads = _new_leads(wanting, now=now)
    ordered: list[Candidate] = []
    for pk in wanting:
        facts = senders[pk].facts
        if new_leads_first(facts.limits, facts.usage):
            ordered += new_leads.get(pk, []) + follow_ups.get(pk, [])
        else:
            ordered += follow_ups.get(pk, []) + new_leads.get(pk, [])
    return ordered


def _follow_ups(wanting: Mapping[int, int], *, now: datetime) -> dict[int, list[Candidate]]:
    found: dict[int, list[Candidate]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW_UPS, [list(wanting), [places * _SPARE for places in wanting.values()], now])
        for row in cursor.fetchall():
            pk, workspace_id, campaign_id, contact_id, position, mailbox_id = row
            one = Candidate(pk, workspace_id, campaign_id, contact_id, position, mailbox_id, is_new_lead=False)
            found.setdefault(mailbox_id, []).append(one)
    return found


def _new_leads(wanting: Mapping[int, int], *, now: datetime) -> dict[int, list[Candidate]]:
    with connection.cursor() as cursor:
        cursor.execute(_SENDERS, [list(wanting)])
        carriers: dict[int, list[int]] = {}
        for campaign_id, mailbox_id in cursor.fetchall():
            carriers.setdefault(campaign_id, []).append(mailbox_id)
        most = [sum(wanting[pk] for pk in pks) * _SPARE for pks in carriers.values()]
        cursor.execute(_NEW_LEADS, [list(carriers), most, now])
        rows = cursor.fetchall()
    found: dict[int, list[Candidate]] = {}
    turn = dict.fromkeys(carriers, 0)
    for pk, workspace_id, campaign_id, contact_id, position in rows:
        pks = carriers[campaign_id]
        mailbox_id = pks[turn[campaign_id] % len(pks)]
        turn[campaign_id] += 1
        one = Candidate(pk, workspace_id, campaign_id, contact_id, position, mailbox_id, is_new_lead=True)
        found.setdefault(mailbox_id, []).append(one)
    return found
