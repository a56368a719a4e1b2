"""How the campaigns of a claim share out their new contacts: by the weights of mailboxes, or by provider.

A claim reads what each mailbox of the campaign has left behind, and writes only the rows of those that it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outreach.kit import statements
from sending.mailboxes.presets import receiver_at
from sending.pacing import Hold, Pace, Send, Verdict
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation, Turn, Turns, matched, receivers_for, takes

# A mailbox has no place for a new contact while anything but its gap holds it, as its last look has left it.
_SHARINGS = """
SELECT r.campaign_id, r.mode, s.id, s.mailbox_id, s.weight, s.moved, s.is_keen, s.waits_since, s.receivers,
       m.address, m.smtp_host, m.sign_in, m.state = 'active', k.free_at,
       (k.hold_code NOT IN ('', 'gap') AND k.hold_until > %(now)s)
           OR COALESCE(k.new_hold_until > %(now)s OR k.backoff_until > %(now)s, false)
  FROM planner_campaign_rotation r
  JOIN planner_campaign_mailbox s ON s.campaign_id = r.campaign_id
  JOIN mailboxes_mailbox m ON m.id = s.mailbox_id
  JOIN mailboxes_clock k ON k.mailbox_id = s.mailbox_id
 WHERE r.campaign_id = ANY(%(campaigns)s::bigint[]) AND r.mode <> 'even'
 ORDER BY r.campaign_id, s.mailbox_id
"""
# In the order of their ids: whoever sets the senders of a campaign locks them in it, too.
_STORE = """
WITH locked AS (
    SELECT id FROM planner_campaign_mailbox WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
)
UPDATE planner_campaign_mailbox s
   SET moved = v.moved, is_keen = v.is_keen, waits_since = v.waits_since, held_until = v.held_until,
       receivers = string_to_array(v.receivers, ',')
  FROM locked
  JOIN unnest(%(ids)s::bigint[], %(moved)s::float8[], %(keen)s::boolean[], %(since)s::timestamptz[],
              %(until)s::timestamptz[], %(receivers)s::varchar[])
    AS v(id, moved, is_keen, waits_since, held_until, receivers) ON v.id = locked.id
 WHERE s.id = locked.id
"""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A mailbox of a campaign, as far as rotation asks: its row, its provider, and whose people it was said to take."""

    row_id: int
    provider: Receiver
    is_usable: bool
    receivers: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Sharing:
    """How one campaign that does not rotate evenly shares out its new contacts; carriers are by mailbox.

    among: the providers whose people are left to mailboxes of their own.
    """

    mode: Rotation
    turns: Turns
    carriers: Mapping[int, Carrier]
    among: frozenset[Receiver]

    def receivers_of(self, mailbox_id: int) -> tuple[Receiver, ...] | None:
        """Return whose people the mailbox begins; None for everybody's."""
        if self.mode is not Rotation.PROVIDER or mailbox_id not in self.carriers:
            return None
        return receivers_for(self.carriers[mailbox_id].provider, self.among)

    def may_begin(self, mailbox_id: int, receiver: str) -> bool:
        """Say whether somebody at `receiver` is one of those whom the mailbox begins."""
        carrier = self.carriers.get(mailbox_id)
        return carrier is None or takes(carrier.provider, Receiver(receiver), self.among)


def sharings_of(campaign_ids: Collection[int], *, now: datetime) -> dict[int, Sharing]:
    """Return how campaigns share out their new contacts, by id; those that rotate evenly are absent."""
    if not campaign_ids:
        return {}
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in statements.run(_SHARINGS, {"now": now, "campaigns": sorted(campaign_ids)}):
        found.setdefault(row[0], []).append(row)
    return {pk: _sharing(rows) for pk, rows in found.items()}


def _sharing(rows: list[tuple[Any, ...]]) -> Sharing:
    turns, names, carriers = [], {}, {}
    free: dict[int, datetime] = {}
    mode = Rotation.EVEN
    for _, name, pk, box, weight, moved, keen, since, receivers, address, host, sign_in, active, free_at, held in rows:
        mode = Rotation(name)
        turns.append(Turn(box, weight, moved, keen, since))
        names[box] = address
        known = None if receivers is None else tuple(receivers)
        carriers[box] = Carrier(pk, receiver_at(host, address, sign_in), active, known)
        if active and not held:
            free[box] = free_at
    found = Turns(turns, names)
    for box, at in free.items():
        found.see(box, at)
    of_their_own = (one.provider for one in carriers.values() if one.is_usable and mode is Rotation.PROVIDER)
    return Sharing(mode, found, carriers, matched(of_their_own))


class Rotating:
    """The rotation of the campaigns of a claim, whose mailboxes are held until its commit."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self._sharings: dict[int, Sharing] = {}
        self._before: dict[tuple[int, int], Turn] = {}
        self._asked: dict[tuple[int, int], Hold | None] = {}  # campaign and mailbox
        self._took: set[tuple[int, int]] = set()

    def load(self, asked: Mapping[int, Collection[int]]) -> None:
        """Take in campaigns that do not rotate evenly, each with those of its mailboxes that have places."""
        fresh = sharings_of(asked.keys() - self._sharings.keys(), now=self._now)
        self._sharings |= fresh
        for campaign_id, mailbox_ids in asked.items():
            for pk in mailbox_ids:
                if campaign_id in fresh and pk in fresh[campaign_id].carriers:
                    self._asked[campaign_id, pk] = None
                    self._before[campaign_id, pk] = fresh[campaign_id].turns.of[pk]

    def receivers_of(self, campaign_id: int, mailbox_id: int) -> tuple[Receiver, ...] | None:
        """Return whose people a mailbox begins; None for everybody's."""
        sharing = self._sharings.get(campaign_id)
        return None if sharing is None else sharing.receivers_of(mailbox_id)

    def dealt(self, campaign_id: int, mailbox_ids: Collection[int]) -> Iterator[int] | None:
        """Yield to which mailbox each new contact would go by weights; None where none decide."""
        sharing = self._sharings.get(campaign_id)
        if sharing is None or sharing.mode is not Rotation.WEIGHTED:
            return None
        return sharing.turns.dealt(mailbox_ids)

    def gate(self, campaign_id: int, mailbox_id: int, pace: Pace) -> Verdict:
        """Say whether a mailbox may begin somebody of the campaign now, and keep that it may not."""
        sharing = self._sharings.get(campaign_id)
        if sharing is None or sharing.mode is not Rotation.WEIGHTED or mailbox_id not in sharing.carriers:
            return Send()
        verdict = sharing.turns.gate(mailbox_id, now=self._now, pace=pace)
        self._asked[campaign_id, mailbox_id] = verdict if isinstance(verdict, Hold) else None
        return verdict

    def is_waiting(self, campaign_id: int, mailbox_id: int, pace: Pace) -> bool:
        """Say whether a mailbox that was asked in this claim still lets others go first: nobody is read for it."""
        asked = self._asked.get((campaign_id, mailbox_id))
        return asked is not None and isinstance(self.gate(campaign_id, mailbox_id, pace), Hold)

    def take(self, campaign_id: int, mailbox_id: int) -> None:
        """Count somebody whom a mailbox begins."""
        sharing = self._sharings.get(campaign_id)
        if sharing is not None and mailbox_id in sharing.carriers:
            sharing.turns.take(mailbox_id)
            self._took.add((campaign_id, mailbox_id))

    def store(self, sent: Collection[int]) -> None:
        """Write what the looks of the claim came to; `sent` are the mailboxes that have something to send."""
        rows = [row for key, hold in self._asked.items() if (row := self._row(*key, hold, sent=sent)) is not None]
        if rows:
            ids, moved, keen, since, until, receivers = map(list, zip(*rows, strict=True))
            statements.run(
                _STORE,
                {"ids": ids, "moved": moved, "keen": keen, "since": since, "until": until, "receivers": receivers},
            )

    def _row(
        self, campaign_id: int, mailbox_id: int, hold: Hold | None, *, sent: Collection[int]
    ) -> tuple[object, ...] | None:
        """Return what is to be written of a mailbox of a campaign; None where it is as it was."""
        sharing = self._sharings[campaign_id]
        carrier, turns = sharing.carriers[mailbox_id], sharing.turns
        took = (campaign_id, mailbox_id) in self._took
        turns.look(mailbox_id, now=self._now, is_held=hold is not None, took=took, sent=mailbox_id in sent)
        turn, receivers = turns.of[mailbox_id], sharing.receivers_of(mailbox_id)
        if turn == self._before[campaign_id, mailbox_id] and hold is None and receivers == carrier.receivers:
            return None
        said = None if receivers is None else ",".join(receivers)
        until = hold.until if hold else None
        return carrier.row_id, turn.moved, turn.is_keen, turn.waits_since, until, said
