"""Judge a rehearsal by what left, as one would judge the real engine: by its promises. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Leg:
    """One message that a recipient's server took."""

    person: int
    contact_id: int
    position: int
    mailbox_id: int
    at: datetime
    message_id: str
    answers: str  # the Message-ID in In-Reply-To
    is_in_window: bool
    wording: str  # subject and text


@dataclass(frozen=True, slots=True)
class Departure:
    """One message that left a mailbox, of whatever campaign; is_played: it did so in the rehearsal."""

    mailbox_id: int
    at: datetime
    contact_id: int | None
    is_played: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """One promise, how often it was broken, and some of those to whom that happened, as ids of contacts."""

    promise: str
    broken: int
    examples: tuple[int, ...] = ()


def check(
    legs: Sequence[Leg],
    *,
    ended: Mapping[int, datetime],
    left: Sequence[Departure],
    daily: Mapping[int, int],
    day: timedelta,
) -> list[Check]:
    """Return every promise with how it was kept.

    ended: when somebody's sequence was called off for good. left: all that left the mailboxes, from the day before on.
    daily: the most messages of a rolling day, by mailbox. day: how long that is at the pace of the workspace.
    """
    by_person: dict[int, list[Leg]] = defaultdict(list)
    for leg in sorted(legs, key=lambda one: one.at):
        by_person[leg.person].append(leg)
    return [
        _check("Nobody got a message twice", _twice(by_person)),
        _check("Steps came in their order", _out_of_order(by_person)),
        _check(
            "Nothing left after an answer, a bounce or an opt-out",
            [one for one in legs if one.person in ended and one.at > ended[one.person]],
        ),
        _check("Every message left inside the recipient's window", [one for one in legs if not one.is_in_window]),
        _check("No mailbox sent more in a day than its limit", _too_many(left, daily, day)),
        _check("Follow-ups stayed with their mailbox", _moved(by_person)),
        _check("Answers in a thread name a message that the person got", _torn(by_person)),
        _check("No token of the template language was left in a text", [one for one in legs if _is_raw(one.wording)]),
    ]


def _check(promise: str, broken: Iterable[Leg | Departure]) -> Check:
    found = list(broken)
    people = dict.fromkeys(one.contact_id for one in found if one.contact_id is not None)
    return Check(promise, len(found), tuple(people)[:_EXAMPLES])


def _twice(by_person: Mapping[int, Sequence[Leg]]) -> list[Leg]:
    found = []
    for legs in by_person.values():
        seen: set[int] = set()
        for leg in legs:
            if leg.position in seen:
                found.append(leg)
            seen.add(leg.position)
    return found


def _out_of_order(by_person: Mapping[int, Sequence[Leg]]) -> list[Leg]:
    return [
        after for legs in by_person.values() for before, after in pairwise(legs) if after.position < before.position
    ]


def _moved(by_person: Mapping[int, Sequence[Leg]]) -> list[Leg]:
    return [leg for legs in by_person.values() for leg in legs[1:] if leg.mailbox_id != legs[0].mailbox_id]


def _torn(by_person: Mapping[int, Sequence[Leg]]) -> list[Leg]:
    """Return answers to what the person did not get; a first message may answer one from before the rehearsal."""
    found = []
    for legs in by_person.values():
        known = {leg.message_id for leg in legs}
        found += [leg for leg in legs[1:] if leg.answers and leg.answers not in known]
    return found


def _too_many(left: Sequence[Departure], daily: Mapping[int, int], day: timedelta) -> list[Departure]:
    found = []
    sent: dict[int, deque[datetime]] = defaultdict(deque)
    for one in sorted(left, key=lambda one: one.at):
        of_day = sent[one.mailbox_id]
        while of_day and one.at - of_day[0] >= day:
            of_day.popleft()
        of_day.append(one.at)
        if one.is_played and len(of_day) > daily.get(one.mailbox_id, len(of_day)):
            found.append(one)
    return found


def _is_raw(wording: str) -> bool:
    return "{{" in wording or "{%" in wording
