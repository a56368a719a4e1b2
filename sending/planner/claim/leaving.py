"""What mailboxes leave alone for a while, as it concerns new contacts: another one of the campaign may write to them.

Where one may, the mailbox passes over them, and nothing holds them: they stay due, with their turn. All who are passed
over on one side are due at one instant, which is nobody else's, just before the cooldown began: whoever leaves the side
alone reads nobody there, however many they are, and to all others it is an instant like any. Where none may, the
mailbox that opens first is the reason why they wait.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.contacts.queries import providers_of
from outreach.kit import statements
from sending.mailboxes.cooling import APART_AT, Cooling, side_of
from sending.pacing.receivers import Receiver
from sending.planner.claim.facts import Sender
from sending.planner.claim.rotating import Rotating

# Prepared: each claim of a mailbox that leaves somebody alone asks them.
_LEFT_ALONE = f"""
SELECT m.workspace_id, l.mailbox_id, l.side, l.until, l.words, l.reported, {APART_AT}
  FROM mailboxes_cooldown l
  JOIN mailboxes_mailbox m ON m.id = l.mailbox_id
 WHERE l.until > %s AND m.workspace_id = ANY(%s::bigint[])
 ORDER BY l.id
"""  # noqa: S608  # our own words
_CARRIERS = """
SELECT s.campaign_id, s.mailbox_id
  FROM planner_campaign_mailbox s
  JOIN mailboxes_mailbox m ON m.id = s.mailbox_id AND m.state = 'active'
  JOIN mailboxes_clock k ON k.mailbox_id = s.mailbox_id AND k.cold_hold_words = ''
 WHERE s.campaign_id = ANY(%s::bigint[])
"""
_DOMAINS = "SELECT id, domain FROM contacts_contact WHERE id = ANY(%s::bigint[])"
_SET_APART = """
UPDATE planner_enrollment e SET due_at = v.at, hold_code = '', hold_detail = '', held_since = NULL
  FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, at)
 WHERE e.id = v.id AND e.state || '' = 'active'
"""


@dataclass(frozen=True, slots=True)
class _LeftAlone:
    """A side that a mailbox leaves alone, and where those stand who are passed over for it."""

    mailbox_id: int
    cooling: Cooling
    apart_at: datetime


class Leaving:
    """The campaigns of a claim of which some mailbox leaves people alone; in all others nobody passes over anybody."""

    def __init__(self, rotating: Rotating, *, now: datetime) -> None:
        self._rotating, self._now = rotating, now
        self._by_workspace: dict[int, list[_LeftAlone]] = {}
        self._workspaces: dict[int, int] = {}  # by campaign
        self._carriers: dict[int, list[int]] = {}  # those that carry mail, by campaign
        self._firsts: dict[tuple[int, str], _LeftAlone | None] = {}

    def load(self, asked: Mapping[int, Collection[int]], senders: Mapping[int, Sender]) -> None:
        """Take in the campaigns for which some of these mailboxes ask that leave anybody alone."""
        fresh = {
            campaign_id: next(senders[pk].workspace_id for pk in pks)
            for campaign_id, pks in asked.items()
            if campaign_id not in self._workspaces and any(senders[pk].is_cooling for pk in pks)
        }
        if not fresh:
            return
        self._workspaces |= fresh
        if workspaces := set(fresh.values()) - self._by_workspace.keys():
            self._by_workspace |= {pk: [] for pk in workspaces}
            for workspace_id, pk, side, until, words, reported, at in statements.run(
                _LEFT_ALONE, [self._now, sorted(workspaces)]
            ):
                self._by_workspace[workspace_id].append(_LeftAlone(pk, Cooling(side, until, words, reported), at))
        for campaign_id, pk in statements.run(_CARRIERS, [sorted(fresh)]):
            self._carriers.setdefault(campaign_id, []).append(pk)

    def passed(self, campaign_id: int, mailbox_id: int) -> frozenset[str]:
        """Return the sides that a mailbox leaves alone while another one of the campaign may write there."""
        own = {one.cooling.side for one in self._left_alone(campaign_id) if one.mailbox_id == mailbox_id}
        return frozenset(side for side in own if self._first(campaign_id, side) is None)

    def first_to_open(self, campaign_id: int, side: str) -> Cooling | None:
        """Return what ends first where all mailboxes of the campaign leave a side alone; None where one does not."""
        found = self._first(campaign_id, side)
        return found.cooling if found else None

    def apart_in(self, campaign_id: int, sides: Collection[str]) -> list[datetime]:
        """Return the instants at which those of some sides are due who were passed over."""
        return [one.apart_at for one in self._left_alone(campaign_id) if one.cooling.side in sides]

    def set_apart(self, people: Iterable[tuple[int, int, str]]) -> None:
        """Let people (enrollment, campaign, side), whom the caller has locked, stand at the instant of their side."""
        rows = [(pk, self.apart_in(campaign_id, {side})[0]) for pk, campaign_id, side in people]
        statements.run(_SET_APART, [[pk for pk, _ in rows], [at for _, at in rows]])

    @staticmethod
    def sides_of(contact_ids: Collection[int]) -> dict[int, str]:
        """Return on which side contacts are, by their id."""
        if not contact_ids:
            return {}
        domains = dict(statements.run(_DOMAINS, [list(contact_ids)]))
        known = providers_of(set(domains.values()))
        return {pk: side_of(domain, known=known.get(domain, "")) for pk, domain in domains.items()}

    def _left_alone(self, campaign_id: int) -> list[_LeftAlone]:
        workspace_id = self._workspaces.get(campaign_id)
        return [] if workspace_id is None else self._by_workspace[workspace_id]

    def _first(self, campaign_id: int, side: str) -> _LeftAlone | None:
        """Return which ends first where all mailboxes that begin such people leave a side alone."""
        key = campaign_id, side
        if key not in self._firsts:
            self._firsts[key] = self._found_first(campaign_id, side)
        return self._firsts[key]

    def _found_first(self, campaign_id: int, side: str) -> _LeftAlone | None:
        receiver = side if side in set(Receiver) else Receiver.OTHER
        takers = {pk for pk in self._carriers.get(campaign_id, ()) if self._takes(campaign_id, pk, receiver)}
        left = {
            one.mailbox_id: one
            for one in self._left_alone(campaign_id)
            if one.cooling.side == side and one.mailbox_id in takers
        }
        return min(left.values(), key=lambda one: one.cooling.until) if left and left.keys() == takers else None

    def _takes(self, campaign_id: int, mailbox_id: int, receiver: str) -> bool:
        begins = self._rotating.receivers_of(campaign_id, mailbox_id)
        return begins is None or receiver in begins
