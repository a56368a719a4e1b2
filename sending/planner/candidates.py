"""Find the enrollments whose turn it is, for many mailboxes in few queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from campaigns.sequences.states import Priority
from outreach.kit import statements
from sending.planner.facts import Sender

# More than this is never looked at for one mailbox or campaign at once, unless it may be sent.
_MOST = 1_000

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
# The campaign that has waited longest for a new contact comes first; one of a higher priority is more impatient, so
# that each has its share of the turns and none waits for ever.
_SENDERS = """
SELECT s.campaign_id, s.mailbox_id, w.weight
  FROM planner_campaign_mailbox s
  JOIN sequences_campaign c ON c.id = s.campaign_id AND c.state = 'running'
 CROSS JOIN LATERAL (
    SELECT max(e.begun_at) AS begun_at FROM planner_enrollment e
     WHERE e.campaign_id = c.id AND e.begun_at IS NOT NULL
 ) last
 CROSS JOIN LATERAL (SELECT CASE c.priority {weights} END AS weight) w
 WHERE s.mailbox_id = ANY(%s::bigint[])
 ORDER BY w.weight * extract(epoch FROM %s - last.begun_at) DESC NULLS FIRST, s.campaign_id, s.mailbox_id
""".replace("{weights}", " ".join(f"WHEN '{one}' THEN {one.weight}" for one in Priority))
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
_LOCK_LIMITED = """
SELECT c.id, c.workspace_id, c.new_leads_per_day,
       EXISTS (SELECT 1 FROM planner_campaign_hold h WHERE h.campaign_id = c.id AND h.scope = 'new')
  FROM sequences_campaign c
 WHERE c.state = 'running'
   AND (c.new_leads_per_day IS NOT NULL OR c.daily_limit IS NOT NULL  -- or had a limit, and is held by it still
        OR EXISTS (SELECT 1 FROM planner_campaign_hold h WHERE h.campaign_id = c.id AND h.scope = 'new'))
   AND c.id IN (SELECT s.campaign_id FROM planner_campaign_mailbox s WHERE s.mailbox_id = ANY(%s::bigint[]))
 ORDER BY c.id
   FOR NO KEY UPDATE OF c
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


@dataclass(frozen=True, slots=True)
class Wish:
    """A mailbox that has room, and for how many messages."""

    sender: Sender
    places: int
    new_places: int  # of them, for new contacts
    takes_follow_ups: bool = True  # False where one verdict holds all of them


@dataclass(frozen=True, slots=True)
class Limited:
    """A campaign that limits how many contacts it begins, or how many messages it sends, in a rolling day."""

    campaign_id: int
    workspace_id: int
    new_leads_per_day: int | None
    is_held: bool  # as the last claim left it


def lock_limited(mailbox_ids: Collection[int]) -> list[Limited]:
    """Return the limited campaigns of the mailboxes, held until the commit: two claims would both take the last place.

    What they have begun is to be counted after this.
    """
    return [Limited(*row) for row in statements.run(_LOCK_LIMITED, [list(mailbox_ids)])]


def due(
    wishes: Mapping[int, Wish], *, now: datetime, spare: int, closed: Collection[int] = frozenset()
) -> list[Candidate]:
    """Return due enrollments, locked: first the follow-ups of each mailbox, then the new leads dealt out to it.

    `spare` are looked at for each free place, since some will be held by their gates. The `closed` campaigns begin
    nobody at the moment: however many wait in them, none is read.
    """
    if not wishes:
        return []
    follow_ups = _follow_ups(wishes, now=now, spare=spare)
    new_leads = _new_leads(wishes, now=now, spare=spare, closed=closed)
    return [one for pk in wishes for one in (*follow_ups.get(pk, []), *new_leads.get(pk, []))]


def _follow_ups(wishes: Mapping[int, Wish], *, now: datetime, spare: int) -> dict[int, list[Candidate]]:
    found: dict[int, list[Candidate]] = {}
    asked = {pk: _most(wish.places, spare) for pk, wish in wishes.items() if wish.takes_follow_ups}
    if not asked:
        return found
    for row in statements.run(_FOLLOW_UPS, [list(asked), list(asked.values()), now]):
        pk, workspace_id, campaign_id, contact_id, position, mailbox_id = row
        one = Candidate(pk, workspace_id, campaign_id, contact_id, position, mailbox_id, is_new_lead=False)
        found.setdefault(mailbox_id, []).append(one)
    return found


def _new_leads(
    wishes: Mapping[int, Wish], *, now: datetime, spare: int, closed: Collection[int]
) -> dict[int, list[Candidate]]:
    """Deal each campaign's new leads out to its mailboxes, and let each mailbox take from its campaigns in turn.

    A mailbox asks each of its campaigns for a part of what it wants, by its weight: however many campaigns share it,
    as many people are looked at. Each campaign begins to deal where the one before it ended, so that every mailbox
    gets its part.
    """
    wishes = {pk: wish for pk, wish in wishes.items() if wish.new_places > 0}
    if not wishes:
        return {}
    carriers: dict[int, list[int]] = {}
    weights: dict[int, int] = {}
    for campaign_id, mailbox_id, weight in statements.run(_SENDERS, [list(wishes), now]):
        if campaign_id not in closed:
            weights[campaign_id] = weight
            carriers.setdefault(campaign_id, []).append(mailbox_id)
    if not carriers:
        return {}
    parts = Counter[int]()
    for campaign_id, pks in carriers.items():
        parts.update(dict.fromkeys(pks, weights[campaign_id]))
    wanted = (
        weights[campaign_id] * sum(wishes[pk].new_places / parts[pk] for pk in pks)
        for campaign_id, pks in carriers.items()
    )
    most = [_most(ceil(places), spare) for places in wanted]
    rows = statements.run(_NEW_LEADS, [list(carriers), most, now])
    for pks in carriers.values():
        pks.sort(key=lambda pk: (wishes[pk].sender.facts.usage.new_leads_day, pk))
    turn: dict[int, int] = {}
    queues: dict[int, dict[int, list[Candidate]]] = {pk: {one: [] for one in carriers} for pk in wishes}
    for dealt, (pk, workspace_id, campaign_id, contact_id, position) in enumerate(rows):
        pks = carriers[campaign_id]
        place = turn.setdefault(campaign_id, dealt)
        turn[campaign_id] += 1
        mailbox_id = pks[place % len(pks)]
        one = Candidate(pk, workspace_id, campaign_id, contact_id, position, mailbox_id, is_new_lead=True)
        queues[mailbox_id][campaign_id].append(one)
    return {pk: _interleaved(of_mailbox, weights) for pk, of_mailbox in queues.items()}


def _interleaved(queues: Mapping[int, list[Candidate]], weights: Mapping[int, int]) -> list[Candidate]:
    """Let campaigns take turns by their weights, each one turn at first, in the order in which they are given."""
    turns = [
        (place / weights[campaign_id], order, one)
        for order, (campaign_id, queue) in enumerate(queues.items())
        for place, one in enumerate(queue)
    ]
    return [one for _, _, one in sorted(turns, key=lambda turn: turn[:2])]


def _most(places: int, spare: int) -> int:
    return max(places, min(places * spare, _MOST))
