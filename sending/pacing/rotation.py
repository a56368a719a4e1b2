"""Which mailbox of a campaign begins the next contact: whoever is free, by weights, or one at the same provider.

By weights, each mailbox's turns move on by 1 / weight with every contact that it begins, and the one that would have
moved least goes first. A mailbox with a place only asks who goes before it, from what each has left behind at its own
last look: workers that hold different mailboxes need not see each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sending.pacing.budget import Pace
from sending.pacing.caps import RECHECK
from sending.pacing.receivers import NAMES, Receiver
from sending.pacing.verdicts import Hold, HoldCode, Send, Verdict

MOST_WEIGHT = 100
# What a mailbox may catch up on after it could not take its turns: so many contacts, whatever time has passed.
CREDIT = 10
# So many contacts for each unit of its weight a mailbox without a gap begins in one look, once it has its turn.
AT_ONCE = 5
_NEAR = 1e-6  # sums of 1 / weight are not exact
# A mailbox that is free and does not come for its turn is not waited for any longer.
PATIENCE, PATIENCE_FLOOR = timedelta(minutes=1), timedelta(seconds=5)
# Behind the instant at which another may take its turn; claiming real rows takes real time also in a sandbox.
NEXT_LOOK, NEXT_LOOK_FLOOR = timedelta(seconds=5), timedelta(seconds=1)


class Rotation(StrEnum):
    """How a campaign's new contacts come to its mailboxes. Follow-ups always stay with the first one."""

    EVEN = "even"  # to whichever is free
    WEIGHTED = "weighted"  # by the weight of each mailbox
    PROVIDER = "provider"  # from a mailbox at the provider that receives the contact's mail, where there is one


@dataclass(frozen=True, slots=True)
class Turn:
    """What a mailbox has left behind in the turns of a campaign."""

    mailbox_id: int
    weight: int = 1  # 1 to MOST_WEIGHT
    moved: float = 0.0  # how far its turns have come
    is_keen: bool = True  # its last place went to a new contact of the campaign, or would have
    waits_since: datetime | None = None  # since when it lets others go before it


@dataclass(frozen=True, slots=True)
class Lineup:
    """The mailboxes that carry a campaign, each with its turns, and the rotation among them."""

    rotation: Rotation
    turns: tuple[Turn, ...]


class Turns:
    """The turns of a weighted campaign, while some of its mailboxes are looked at."""

    def __init__(self, turns: Iterable[Turn], names: Mapping[int, str] | None = None) -> None:
        """Take in all mailboxes of the campaign; names are for the words of a hold."""
        self.of = {one.mailbox_id: one for one in turns}
        self._names = names or {}
        self._free_at: dict[int, datetime] = {}  # of those that may take a turn
        self._from: dict[int, float] = {}  # of those that are looked at and have begun somebody: where their turn began
        self._line = max((one.moved - 1 / one.weight for one in self.of.values()), default=0.0)

    def see(self, mailbox_id: int, free_at: datetime | None) -> None:
        """Note when the gap of a mailbox ends; None where it has no place or carries nothing: its share is free."""
        self._free_at.pop(mailbox_id, None)
        if free_at is not None:
            self._free_at[mailbox_id] = free_at

    def gate(self, mailbox_id: int, *, now: datetime, pace: Pace) -> Verdict:
        """Say whether a mailbox with a place may begin somebody, or lets others go before it."""
        mine = self.of[mailbox_id]
        if mailbox_id in self._from and mine.moved - self._from[mailbox_id] < AT_ONCE - _NEAR:
            return Send()
        awaited = list(self._awaited(mailbox_id, now, pace))
        if not awaited:
            return Send()
        looks = [min(last, max(self._free_at[pk], now) + _next_look(pace)) for pk, last in awaited]
        until = min(max(looks), now + pace.shrink(RECHECK, floor=NEXT_LOOK_FLOOR))
        return Hold(HoldCode.ROTATION, self._words([pk for pk, _ in awaited]), until)

    def take(self, mailbox_id: int) -> None:
        """Move the turns of a mailbox on: it begins somebody."""
        turn = self.of[mailbox_id]
        start = self._start(turn)
        self._from.setdefault(mailbox_id, start)
        self.of[mailbox_id] = replace(turn, moved=start + 1 / turn.weight)
        self._line = max(self._line, start)

    def look(self, mailbox_id: int, *, now: datetime, is_held: bool, took: bool, sent: bool) -> None:
        """Note what a look of a mailbox with places came to: held by this gate, took somebody, sent anything at all."""
        turn = self.of[mailbox_id]
        self._from.pop(mailbox_id, None)
        is_keen = is_held or took or (turn.is_keen and not sent)
        since = (turn.waits_since or now) if is_held and not took else None
        self.of[mailbox_id] = replace(turn, is_keen=is_keen, waits_since=since)

    def dealt(self, mailbox_ids: Collection[int]) -> Iterator[int]:
        """Yield to which of the mailboxes one contact after the other would go; endlessly, and nothing is moved."""
        moved = {pk: self._start(self.of[pk]) for pk in mailbox_ids}
        while moved:
            pk = min(moved, key=lambda one: (moved[one] + 1 / self.of[one].weight, one))
            moved[pk] += 1 / self.of[pk].weight
            yield pk

    def _awaited(self, mailbox_id: int, now: datetime, pace: Pace) -> Iterator[tuple[int, datetime]]:
        """Yield who goes before a mailbox and is waited for, and until when."""
        mine = self.of[mailbox_id]
        place, since = self._place(mine), mine.waits_since or now
        for pk, free_at in self._free_at.items():
            other = self.of[pk]
            last = max(free_at, since) + _patience(pace)
            if pk != mailbox_id and other.is_keen and now < last and self._place(other) < place:
                yield pk, last

    def _place(self, turn: Turn) -> tuple[float, int]:
        return self._start(turn) + 1 / turn.weight, turn.mailbox_id

    def _start(self, turn: Turn) -> float:
        return max(turn.moved, self._line - CREDIT / turn.weight)

    def _words(self, before: Collection[int]) -> str:
        if len(before) > 1:
            return f"By the weights of the campaign {len(before)} other mailboxes go first."
        (pk,) = before
        name = self._names.get(pk, "another mailbox")
        return f"By the weights of the campaign {name} (weight {self.of[pk].weight}) goes first."


def matched(providers: Iterable[Receiver]) -> frozenset[Receiver]:
    """Return the providers whose people only a mailbox of their own writes to; `providers` are of usable mailboxes."""
    return frozenset(providers) - {Receiver.OTHER}


def takes(provider: Receiver, receiver: Receiver, among: Collection[Receiver]) -> bool:
    """Say whether a mailbox at `provider` may begin somebody at `receiver`; `among` is from `matched`."""
    return receiver is provider or receiver not in among


def receivers_for(provider: Receiver, among: Collection[Receiver]) -> tuple[Receiver, ...]:
    """Return whose people a mailbox at `provider` may begin."""
    return tuple(one for one in Receiver if takes(provider, one, among))


def match_words(receiver: Receiver) -> str:
    """Return, in words, why somebody waits although other mailboxes are free."""
    return f"Waits for a {NAMES[receiver]} mailbox of the campaign; the others leave its people to it."


def _patience(pace: Pace) -> timedelta:
    return pace.shrink(PATIENCE, floor=PATIENCE_FLOOR)


def _next_look(pace: Pace) -> timedelta:
    return pace.shrink(NEXT_LOOK, floor=NEXT_LOOK_FLOOR)
