"""Find the enrollments whose turn it is, for many mailboxes in few queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.sequences.states import Priority
from outreach.kit import statements
from sending.pacing.looks import looked_at
from sending.planner.claim.dealing import Dealing, Found
from sending.planner.claim.facts import Sender
from sending.planner.claim.leaving import Leaving
from sending.planner.claim.refusing import Refusing
from sending.planner.claim.rotating import Rotating

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
SELECT s.campaign_id, s.mailbox_id, w.weight, COALESCE(r.mode, 'even') <> 'even'
  FROM planner_campaign_mailbox s
  JOIN sequences_campaign c ON c.id = s.campaign_id AND c.state = 'running'
  LEFT JOIN planner_campaign_rotation r ON r.campaign_id = c.id
 CROSS JOIN LATERAL (
    SELECT max(e.begun_at) AS begun_at FROM planner_enrollment e
     WHERE e.campaign_id = c.id AND e.begun_at IS NOT NULL
 ) last
 CROSS JOIN LATERAL (SELECT CASE c.priority {weights} END AS weight) w
 WHERE s.mailbox_id = ANY(%s::bigint[])
 ORDER BY w.weight * extract(epoch FROM %s - last.begun_at) DESC NULLS FIRST, s.campaign_id, s.mailbox_id
""".replace("{weights}", " ".join(f"WHEN '{one}' THEN {one.weight}" for one in Priority))
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


def due(  # noqa: PLR0913  # whom each campaign and mailbox may have
    wishes: Mapping[int, Wish],
    *,
    now: datetime,
    spare: int,
    rotating: Rotating,
    leaving: Leaving,
    closed: Collection[int] = frozenset(),
) -> list[Candidate]:
    """Return due enrollments, locked: first the follow-ups of each mailbox, then the new leads dealt out to it.

    `spare` are looked at for each free place, since some will be held by their gates. The `closed` campaigns begin
    nobody at the moment: however many wait in them, none is read. `rotating` says whom each mailbox may be dealt, and
    is told of the campaigns that do not rotate evenly; `leaving`, whom it passes over.
    """
    if not wishes:
        return []
    follow_ups = _follow_ups(wishes, now=now, spare=spare)
    dealt = _new_leads(wishes, now=now, spare=spare, rotating=rotating, leaving=leaving, closed=closed)
    new_leads = {pk: [_new_lead(one, pk) for one in some] for pk, some in dealt.items()}
    return [one for pk in wishes for one in (*follow_ups.get(pk, []), *new_leads.get(pk, []))]


def _new_lead(one: Found, mailbox_id: int) -> Candidate:
    return Candidate(
        one.enrollment_id, one.workspace_id, one.campaign_id, one.contact_id, one.next_position, mailbox_id,
        is_new_lead=True,
    )  # fmt: skip


def _follow_ups(wishes: Mapping[int, Wish], *, now: datetime, spare: int) -> dict[int, list[Candidate]]:
    found: dict[int, list[Candidate]] = {}
    asked = {pk: looked_at(wish.places, spare) for pk, wish in wishes.items() if wish.takes_follow_ups}
    if not asked:
        return found
    for row in statements.run(_FOLLOW_UPS, [list(asked), list(asked.values()), now]):
        pk, workspace_id, campaign_id, contact_id, position, mailbox_id = row
        one = Candidate(pk, workspace_id, campaign_id, contact_id, position, mailbox_id, is_new_lead=False)
        found.setdefault(mailbox_id, []).append(one)
    return found


def _new_leads(  # noqa: PLR0913  # whom each campaign and mailbox may have
    wishes: Mapping[int, Wish],
    *,
    now: datetime,
    spare: int,
    rotating: Rotating,
    leaving: Leaving,
    closed: Collection[int],
) -> dict[int, list[Found]]:
    """Deal each campaign's new leads out to its mailboxes, and let each mailbox take from its campaigns in turn.

    A mailbox asks each of its campaigns for a part of what it wants, by its weight: however many campaigns share it,
    as many people are looked at.
    """
    wishes = {pk: wish for pk, wish in wishes.items() if wish.new_places > 0}
    if not wishes:
        return {}
    carriers: dict[int, list[int]] = {}
    weights: dict[int, int] = {}
    uneven: dict[int, list[int]] = {}
    for campaign_id, mailbox_id, weight, is_uneven in statements.run(_SENDERS, [list(wishes), now]):
        if is_uneven:
            uneven.setdefault(campaign_id, []).append(mailbox_id)
        if campaign_id not in closed:
            weights[campaign_id] = weight
            carriers.setdefault(campaign_id, []).append(mailbox_id)
    rotating.load(uneven)
    carriers = {
        campaign_id: going
        for campaign_id, pks in carriers.items()
        if (going := [pk for pk in pks if not rotating.is_waiting(campaign_id, pk, wishes[pk].sender.pace)])
    }
    if not carriers:
        return {}
    for pks in carriers.values():
        pks.sort(key=lambda pk: (wishes[pk].sender.facts.usage.new_leads_day, pk))
    parts = Counter[int]()
    for campaign_id, pks in carriers.items():
        parts.update(dict.fromkeys(pks, weights[campaign_id]))
    wanted = {
        campaign_id: {pk: weights[campaign_id] * wishes[pk].new_places / parts[pk] for pk in pks}
        for campaign_id, pks in carriers.items()
    }
    leaving.load(wanted, {pk: wish.sender for pk, wish in wishes.items()})
    refusing = Refusing({pk for pk, wish in wishes.items() if wish.sender.may_be_refused})
    dealing = Dealing(rotating, leaving, refusing, wanted, spare=spare)
    return {pk: _interleaved(of_mailbox, weights) for pk, of_mailbox in dealing.dealt(now).items()}


def _interleaved(queues: Mapping[int, list[Found]], weights: Mapping[int, int]) -> list[Found]:
    """Let campaigns take turns by their weights, each one turn at first, in the order in which they are given."""
    turns = [
        (place / weights[campaign_id], order, one)
        for order, (campaign_id, queue) in enumerate(queues.items())
        for place, one in enumerate(queue)
    ]
    return [one for _, _, one in sorted(turns, key=lambda turn: turn[:2])]
