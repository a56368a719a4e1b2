"""Deal the new contacts of campaigns out to the mailboxes that ask for some: by turns, by weights, by provider.

A mailbox may leave some people alone for a while. It passes over those to whom another one of the campaign may write:
they are read once, get an instant of their own, and are not read for it again (see leaving.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate, cycle
from math import ceil
from typing import NamedTuple

from outreach.kit import statements
from sending.pacing.looks import looked_at
from sending.pacing.receivers import Receiver
from sending.planner.claim.leaving import Leaving
from sending.planner.claim.refusing import Refusing
from sending.planner.claim.rotating import Rotating

# So often a claim reads on behind people whom it has passed over, and so many of them: their number is another's work.
_MANY = (100, *[1_000] * 6)
# New leads belong to their campaign until a mailbox takes them, and stand in line as they were enrolled: by their
# number, whenever they are due. What puts somebody off, a closed window for one, gives their turn to nobody. Of each
# instant at which some are due the first are found by the index, and these few are put in order; of many instants the
# earliest and the latest, in which those stand who were put off. Nobody else is read, and nobody more is locked. At the
# instants of `shut` those stand whom the mailboxes pass over that ask (see leaving.py): however many, none is read.
_NEW_LEADS = """
SELECT e.id, e.workspace_id, e.campaign_id, e.contact_id, e.next_position, e.receiver, e.due_at
  FROM unnest({lines}, %s::varchar[], %s::integer[]) AS a({keys}, shut, most)
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
            -- by a range, and in the order of the index: for an equal instant the primary key has the order, too, and
            -- is read past everybody who is due at another one
            SELECT e.id FROM planner_enrollment e WHERE {waits} AND e.due_at BETWEEN i.due_at AND i.due_at
             ORDER BY e.due_at, e.id LIMIT a.most + {in_hands}
         ) e
         WHERE NOT i.due_at = ANY(string_to_array(a.shut, ',')::timestamptz[])
         ORDER BY e.id LIMIT a.most + {in_hands}
      ) line
     CROSS JOIN LATERAL (
        SELECT e.id, e.workspace_id, e.campaign_id, e.contact_id, e.next_position, e.receiver, e.due_at
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
_OF_ALL = _NEW_LEADS.format(lines="%s::bigint[]", keys="id", waits=_WAITS.format(of=""), **_BOUNDS)
# The same where mailboxes begin only the people of some providers: those of each provider have a line of their own.
_OF_RECEIVER = _NEW_LEADS.format(
    lines="%s::bigint[], %s::varchar[]",
    keys="id, receiver",
    waits=_WAITS.format(of=" AND e.receiver = a.receiver"),
    **_BOUNDS,
)


class Found(NamedTuple):
    """Somebody new who is due, locked."""

    enrollment_id: int
    workspace_id: int
    campaign_id: int
    contact_id: int
    next_position: int
    receiver: str
    due_at: datetime


class _Line(NamedTuple):
    """People of a campaign in their order: those of one provider ("" = of all), without whom mailboxes pass over."""

    campaign_id: int
    receiver: str
    passed: frozenset[str]  # sides
    most: int


class Dealing:
    """New contacts on their way to mailboxes."""

    def __init__(
        self,
        rotating: Rotating,
        leaving: Leaving,
        refusing: Refusing,
        wanted: Mapping[int, Mapping[int, float]],
        *,
        spare: int,
    ) -> None:
        """wanted: of each campaign, how many each of its mailboxes asks for, in the order in which they get some."""
        self._rotating, self._leaving, self._wanted, self._spare = rotating, leaving, wanted, spare
        self._refusing = refusing
        self._begins = {
            campaign_id: {pk: rotating.receivers_of(campaign_id, pk) for pk in asking}
            for campaign_id, asking in wanted.items()
        }
        self._passed = {
            campaign_id: {pk: leaving.passed(campaign_id, pk) for pk in asking}
            for campaign_id, asking in wanted.items()
        }
        self._matched = {pk for pk, begins in self._begins.items() if any(one is not None for one in begins.values())}
        self._asked: dict[tuple[int, str], tuple[int, ...]] = {}
        self._turns: dict[tuple[int, str, tuple[int, ...]], Iterator[int]] = {}

    def dealt(self, now: datetime) -> dict[int, dict[int, list[Found]]]:
        """Return by mailbox and campaign who is dealt to it; a campaign begins where its order of mailboxes does."""
        asking = {pk for some in self._wanted.values() for pk in some}
        queues: dict[int, dict[int, list[Found]]] = {pk: {one: [] for one in self._wanted} for pk in asking}
        lines = [line for campaign_id in self._wanted for line in self._lines_of(campaign_id)]
        found = {one.enrollment_id: one for one in self._read(lines, now)}
        around = {campaign_id for campaign_id, passed in self._passed.items() if any(passed.values())}
        sides = self._pass_over(found, [line for line in lines if line.campaign_id in around], now) if around else {}
        refused = self._refused(found, lines, now) if self._refusing else {}
        if around and refused:  # of those who were found behind whoever refuses a mailbox
            sides |= self._leaving.sides_of([one.contact_id for one in found.values() if one.contact_id not in sides])
        for _, one in sorted(found.items()):
            campaign_id, receiver = one.campaign_id, self._receiver(one.campaign_id, one.receiver)
            able = self._askers(campaign_id, receiver)
            if campaign_id in around:
                side, passed = sides[one.contact_id], self._passed[campaign_id]
                able = tuple(
                    pk for pk in able
                    if side not in passed[pk] and len(queues[pk][campaign_id]) < self._most(campaign_id, [pk])
                )  # fmt: skip
            if not_by := refused.get((campaign_id, one.contact_id)):
                able = tuple(pk for pk in able if pk not in not_by)
            if able:
                queues[next(self._turn(campaign_id, receiver, able))][campaign_id].append(one)
        idle = {(one, pk) for (one, _), not_by in refused.items() for pk in not_by if not queues[pk][one]}
        self._refusing.look_later(idle, now)
        return queues

    def _refused(
        self, found: dict[int, Found], lines: Sequence[_Line], now: datetime
    ) -> dict[tuple[int, int], set[int]]:
        """Find who refuses which of the mailboxes that ask, and who stands behind those people."""
        refused: dict[tuple[int, int], set[int]] = {}
        asking = {campaign_id: set(some) for campaign_id, some in self._wanted.items()}
        fresh: Collection[Found] = list(found.values())
        for more in accumulate(_MANY):  # all of a line again: whoever refuses stands where they stood
            refused |= self._refusing.among([(one.campaign_id, one.contact_id) for one in fresh], asking)
            short = [line for line in lines if self._is_blocked(line, found.values(), refused)]
            if not short:
                break
            again = [line._replace(most=line.most + more) for line in short]
            fresh = [one for one in self._read(again, now) if one.enrollment_id not in found]
            if not fresh:
                break
            found |= {one.enrollment_id: one for one in fresh}
        return refused

    def _is_blocked(
        self, line: _Line, found: Collection[Found], refused: Mapping[tuple[int, int], Collection[int]]
    ) -> bool:
        """Say whether those who refuse a mailbox stand where others would be seen."""
        there = self._standing_in(line, found)
        free = sum((one.campaign_id, one.contact_id) not in refused for one in there)
        return free < line.most <= len(there)

    def _pass_over(self, found: dict[int, Found], lines: Sequence[_Line], now: datetime) -> dict[int, str]:
        """Set those apart whom a mailbox that asks passes over, and find who stands behind them.

        Returns on which side each contact is.
        """
        campaigns = {line.campaign_id for line in lines}
        fresh = [one for one in found.values() if one.campaign_id in campaigns]
        sides: dict[int, str] = {}
        for many in (*_MANY, None):
            sides |= self._leaving.sides_of([one.contact_id for one in fresh])
            aside = [one for one in fresh if self._is_to_be_set_apart(one, sides[one.contact_id])]
            if not aside:
                break
            self._leaving.set_apart([(one.enrollment_id, one.campaign_id, sides[one.contact_id]) for one in aside])
            short = [line for line in lines if self._is_short(line, found.values(), sides)]
            if not short or many is None:
                break
            again = [line._replace(most=max(line.most, many)) for line in short]
            fresh = [one for one in self._read(again, now) if one.enrollment_id not in found]
            found |= {one.enrollment_id: one for one in fresh}
        return sides

    def _is_short(self, line: _Line, found: Collection[Found], sides: Mapping[int, str]) -> bool:
        """Say whether a line of mailboxes that pass over some has shown fewer others than they ask for."""
        if not line.passed:
            return False
        return sum(sides[one.contact_id] not in line.passed for one in self._standing_in(line, found)) < line.most

    def _standing_in(self, line: _Line, found: Collection[Found]) -> list[Found]:
        at = line.campaign_id, line.receiver
        return [one for one in found if (one.campaign_id, self._receiver(one.campaign_id, one.receiver)) == at]

    def _is_to_be_set_apart(self, one: Found, side: str) -> bool:
        askers = self._askers(one.campaign_id, self._receiver(one.campaign_id, one.receiver))
        passed = self._passed[one.campaign_id]
        is_passed = any(side in passed[pk] for pk in askers)
        return is_passed and one.due_at not in self._leaving.apart_in(one.campaign_id, {side})

    def _lines_of(self, campaign_id: int) -> Iterator[_Line]:
        """Yield what is read: for each provider where providers are matched, for all who pass over the same."""
        for receiver in Receiver if campaign_id in self._matched else ("",):
            askers = self._askers(campaign_id, receiver)
            passed = {pk: self._passed[campaign_id][pk] for pk in askers}
            for sides in dict.fromkeys(passed.values()):
                most = self._most(campaign_id, [pk for pk in askers if passed[pk] == sides])
                yield _Line(campaign_id, receiver, sides, most)

    def _receiver(self, campaign_id: int, receiver: str) -> str:
        """Return the line of somebody at a provider: "" where all stand in one."""
        return receiver if campaign_id in self._matched else ""

    def _askers(self, campaign_id: int, receiver: str) -> tuple[int, ...]:
        """Return the mailboxes that ask for people of a line."""
        key = campaign_id, receiver
        if key not in self._asked:
            begins = self._begins[campaign_id].items()
            self._asked[key] = tuple(pk for pk, some in begins if some is None or receiver in some)
        return self._asked[key]

    def _most(self, campaign_id: int, mailbox_ids: Collection[int]) -> int:
        return looked_at(ceil(sum(self._wanted[campaign_id][pk] for pk in mailbox_ids)), self._spare)

    def _turn(self, campaign_id: int, receiver: str, able: tuple[int, ...]) -> Iterator[int]:
        """Return in which order mailboxes get those of a line who may go to any of them."""
        key = campaign_id, receiver, able
        if key not in self._turns:
            self._turns[key] = self._rotating.dealt(campaign_id, able) or cycle(able)
        return self._turns[key]

    def _read(self, lines: Sequence[_Line], now: datetime) -> Iterator[Found]:
        """Yield those who are due, locked; of each line as many as it asks for."""
        of_all = [line for line in lines if not line.receiver]
        if of_all:
            asked = [line.campaign_id for line in of_all], *self._shut_and_most(of_all)
            yield from (Found(*row) for row in statements.run(_OF_ALL, [*asked, now]))
        matched = [line for line in lines if line.receiver]
        if matched:
            receivers = [str(line.receiver) for line in matched]
            asked_at = [line.campaign_id for line in matched], receivers, *self._shut_and_most(matched)
            yield from (Found(*row) for row in statements.run(_OF_RECEIVER, [*asked_at, now]))

    def _shut_and_most(self, lines: Sequence[_Line]) -> tuple[list[str], list[int]]:
        return [self._shut(line) for line in lines], [line.most for line in lines]

    def _shut(self, line: _Line) -> str:
        if not line.passed:
            return ""
        return ",".join(one.isoformat() for one in self._leaving.apart_in(line.campaign_id, line.passed))
