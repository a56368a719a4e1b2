"""Find the enrollments whose turn it is, for many mailboxes in few queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from math import ceil

from campaigns.sequences.states import Priority
from outreach.kit import statements
from sending.pacing.looks import looked_at
from sending.pacing.receivers import Receiver
from sending.planner.claim.facts import Sender
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
# New leads belong to their campaign until a mailbox takes them, and stand in line as they were enrolled: by their
# number, whenever they are due. What puts somebody off, a closed window for one, gives their turn to nobody. Of each
# instant at which some are due the first are found by the index, and these few are put in order; of many instants the
# earliest and the latest, in which those stand who were put off. Nobody else is read, and nobody more is locked.
_NEW_LEADS = """
SELECT e.id, e.workspace_id, e.campaign_id, e.contact_id, e.next_position{also}
  FROM unnest({lines}, %s::integer[]) AS a({keys}, most)
 CROSS JOIN (SELECT %s::timestamptz AS now) clock
 CROSS JOIN LATERAL (
    WITH RECURSIVE early(number, due_at) AS (
        (SELECT 1, e.due_at FROM planner_enrollment e WHERE {waits} ORDER BY e.due_at LIMIT 1)
         UNION ALL
        SELECT i.number + 1, next.due_at
          FROM early i
         CROSS JOIN LATERAL (
            SELECT e.due_at FROM planner_enrollment e WHERE {waits} AND e.due_at > i.due_at ORDER BY e.due_at LIMIT 1
         ) next
         WHERE i.number < GREATEST({instants}, a.most)
    ), late(number, due_at) AS (
        (SELECT 1, e.due_at FROM planner_enrollment e WHERE {waits} AND e.due_at > (SELECT max(due_at) FROM early)
          ORDER BY e.due_at DESC LIMIT 1)
         UNION ALL
        SELECT i.number + 1, next.due_at
          FROM late i
         CROSS JOIN LATERAL (
            SELECT e.due_at FROM planner_enrollment e
             WHERE {waits} AND e.due_at > (SELECT max(due_at) FROM early) AND e.due_at < i.due_at
             ORDER BY e.due_at DESC LIMIT 1
         ) next
         WHERE i.number < {instants}
    )
    SELECT e.*
      FROM (
        SELECT e.id
          FROM (SELECT due_at FROM early UNION ALL SELECT due_at FROM late) i
         CROSS JOIN LATERAL (
            SELECT e.id FROM planner_enrollment e WHERE {waits} AND e.due_at = i.due_at
             ORDER BY e.id LIMIT a.most + {in_hands}
         ) e
         ORDER BY e.id LIMIT a.most + {in_hands}
      ) line
     CROSS JOIN LATERAL (
        SELECT e.id, e.workspace_id, e.campaign_id, e.contact_id, e.next_position, e.receiver
          FROM planner_enrollment e
         WHERE e.id = line.id AND {waits}
           FOR UPDATE OF e SKIP LOCKED
     ) e
     LIMIT a.most
 ) e
 ORDER BY e.id
"""
_WAITS = "e.campaign_id = a.id{of} AND e.state = 'active' AND e.mailbox_id IS NULL AND e.due_at <= clock.now"
# in_hands: so many at most are passed over who are in other transactions' hands.
_BOUNDS = {"instants": 50, "in_hands": 64}
_NEW_LEADS_OF_ALL = _NEW_LEADS.format(lines="%s::bigint[]", keys="id", also="", waits=_WAITS.format(of=""), **_BOUNDS)
# The same where mailboxes begin only the people of some providers: those of each provider have a line of their own.
_NEW_LEADS_AT = _NEW_LEADS.format(
    lines="%s::bigint[], %s::varchar[]",
    keys="id, receiver",
    also=", e.receiver",
    waits=_WAITS.format(of=" AND e.receiver = a.receiver"),
    **_BOUNDS,
)
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
    wishes: Mapping[int, Wish],
    *,
    now: datetime,
    spare: int,
    rotating: Rotating,
    closed: Collection[int] = frozenset(),
) -> list[Candidate]:
    """Return due enrollments, locked: first the follow-ups of each mailbox, then the new leads dealt out to it.

    `spare` are looked at for each free place, since some will be held by their gates. The `closed` campaigns begin
    nobody at the moment: however many wait in them, none is read. `rotating` says whom each mailbox may be dealt, and
    is told of the campaigns that do not rotate evenly.
    """
    if not wishes:
        return []
    follow_ups = _follow_ups(wishes, now=now, spare=spare)
    new_leads = _new_leads(wishes, now=now, spare=spare, rotating=rotating, closed=closed)
    return [one for pk in wishes for one in (*follow_ups.get(pk, []), *new_leads.get(pk, []))]


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


def _new_leads(
    wishes: Mapping[int, Wish], *, now: datetime, spare: int, rotating: Rotating, closed: Collection[int]
) -> dict[int, list[Candidate]]:
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
    dealing = _Dealing(rotating, list(wishes), wanted, spare=spare)
    return {pk: _interleaved(of_mailbox, weights) for pk, of_mailbox in dealing.dealt(now).items()}


class _Dealing:
    """New leads on their way to mailboxes. wanted: of each campaign, how many each of its mailboxes asks for."""

    def __init__(
        self, rotating: Rotating, mailbox_ids: list[int], wanted: Mapping[int, Mapping[int, float]], *, spare: int
    ) -> None:
        self._wanted, self._spare = wanted, spare
        self._queues: dict[int, dict[int, list[Candidate]]] = {pk: {one: [] for one in wanted} for pk in mailbox_ids}
        self._turns: dict[tuple[int, str], Iterator[int]] = {}
        self._most: dict[int, int] = {}
        self._most_at: dict[tuple[int, str], int] = {}
        for campaign_id, asking in wanted.items():
            self._ask(campaign_id, asking, rotating)

    def _ask(self, campaign_id: int, asking: Mapping[int, float], rotating: Rotating) -> None:
        """Reckon how many people are read, and in which order the mailboxes get them; of each provider, if need be."""
        begins = {pk: rotating.receivers_of(campaign_id, pk) for pk in asking}
        if all(one is None for one in begins.values()):
            self._most[campaign_id] = looked_at(ceil(sum(asking.values())), self._spare)
            self._turns[campaign_id, ""] = rotating.dealt(campaign_id, asking) or cycle(asking)
            return
        for receiver in Receiver:
            pks = [pk for pk, some in begins.items() if some is None or receiver in some]
            if pks:
                self._most_at[campaign_id, receiver] = looked_at(ceil(sum(asking[pk] for pk in pks)), self._spare)
                self._turns[campaign_id, receiver] = cycle(pks)

    def dealt(self, now: datetime) -> dict[int, dict[int, list[Candidate]]]:
        """Return by mailbox and campaign who is dealt to it; a campaign begins where its order of mailboxes does."""
        if self._most:
            for row in statements.run(_NEW_LEADS_OF_ALL, [list(self._most), list(self._most.values()), now]):
                self._deal(*row, receiver="")
        if self._most_at:
            campaigns, receivers = (list(some) for some in zip(*self._most_at, strict=True))
            asked = [campaigns, [str(one) for one in receivers], list(self._most_at.values()), now]
            for found in statements.run(_NEW_LEADS_AT, asked):
                self._deal(*found[:-1], receiver=found[-1])
        return self._queues

    def _deal(  # noqa: PLR0913  # a row
        self, pk: int, workspace_id: int, campaign_id: int, contact_id: int, position: int, *, receiver: str
    ) -> None:
        mailbox_id = next(self._turns[campaign_id, receiver])
        one = Candidate(pk, workspace_id, campaign_id, contact_id, position, mailbox_id, is_new_lead=True)
        self._queues[mailbox_id][campaign_id].append(one)


def _interleaved(queues: Mapping[int, list[Candidate]], weights: Mapping[int, int]) -> list[Candidate]:
    """Let campaigns take turns by their weights, each one turn at first, in the order in which they are given."""
    turns = [
        (place / weights[campaign_id], order, one)
        for order, (campaign_id, queue) in enumerate(queues.items())
        for place, one in enumerate(queue)
    ]
    return [one for _, _, one in sorted(turns, key=lambda turn: turn[:2])]
