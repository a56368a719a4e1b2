"""Who wanted no more: opt-outs by their way and complaints, against what was delivered; and when that is out of line.

Pure. What is delivered: accepted by the mailbox's server, and not come back since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from outreach.kit.words import percent
from sending.ledger.kinds import OPT_OUT_WAYS, EventKind, How
from sending.reports.results import Rate, rate

KINDS = (
    EventKind.SENT, EventKind.ASSUMED_SENT, EventKind.BOUNCED_HARD, EventKind.BOUNCED_SOFT, EventKind.OPTED_OUT,
    EventKind.COMPLAINED,
)  # fmt: skip
WAY_WORDS: Mapping[How, str] = {
    How.ONE_CLICK: "By the button of their mail program",
    How.PAGE: "On the opt-out page",
    How.SENDER: "On the opt-out page, of one mailbox alone",
    How.MAIL: "By a mail to the address for opt-outs",
    How.ANSWER: "In the words of an answer",
    How.MEMBER: "Read in an answer by a person of the team",
    How.API: "Said by a program, over the API",
    How.PLAIN: "By a way that was not noted yet",
}
# Below these a rate says nothing: one angry afternoon is no pattern.
_FEWEST_OPT_OUTS = 5
_FEWEST_OF_OTHERS = 200
_TIMES = 2.0
_ALONE = 0.02  # where there is nobody to compare with: one of fifty messages

Counts = Mapping[tuple[EventKind, How], int]


@dataclass(frozen=True, slots=True)
class Objections:
    """The opt-outs and complaints of a campaign or a mailbox, both of the messages that were delivered."""

    delivered: int
    opt_outs: Rate
    complaints: Rate
    ways: Sequence[tuple[How, int]]  # those that happened, in the order of WAY_WORDS; they add up to the opt-outs

    @property
    def told_ways(self) -> Sequence[tuple[str, int]]:
        return [(WAY_WORDS[how], count) for how, count in self.ways]


def objections_of(*counted: Counts) -> Objections:
    """Return what counts, added up, come to; KINDS says what has to be in them."""

    def total(kind: EventKind, *hows: How) -> int:
        return sum(counts.get((kind, how), 0) for counts in counted for how in hows or How)

    returned = sum(total(kind, How.RETURNED) for kind in (EventKind.BOUNCED_HARD, EventKind.BOUNCED_SOFT))
    delivered = max(0, total(EventKind.SENT) + total(EventKind.ASSUMED_SENT) - returned)
    ways = [(how, count) for how in (*OPT_OUT_WAYS, How.PLAIN) if (count := total(EventKind.OPTED_OUT, how))]
    return Objections(
        delivered=delivered,
        opt_outs=rate("Opt-outs", sum(count for _, count in ways), delivered),
        complaints=rate("Complaints", total(EventKind.COMPLAINED), delivered),
        ways=ways,
    )


def out_of_line(mine: Objections, everybody: Objections, *, days: int) -> str:
    """Return in words how far the opt-outs of a mailbox are beyond chance, "" where they are not.

    everybody: all mailboxes of the workspace, this one among them. The lower end of its interval is held against
    twice the rate of the others; where they have delivered too little to compare with, against one of fifty.
    """
    found = mine.opt_outs
    if found.hits < _FEWEST_OPT_OUTS or found.share is None:
        return ""
    others = rate("Others", everybody.opt_outs.hits - found.hits, everybody.delivered - mine.delivered)
    compares = others.total >= _FEWEST_OF_OTHERS
    usual = others.share or 0.0
    if found.low <= (_TIMES * usual if compares else _ALONE):
        return ""
    beside = (
        f"The other mailboxes are at {percent(usual, 1)} ({others.hits:,} of {others.total:,})."
        if compares
        else f"More than {percent(_ALONE, 1)} is much, and no other mailbox has delivered enough to compare with."
    )
    low, high = percent(found.low, 1), percent(found.high, 1)
    return (
        f"{found.hits:,} of {found.total:,} messages delivered in {days} days led to an opt-out, "
        f"{percent(found.share, 1)}; with 95 % confidence {low} to {high}. {beside} "
        "Look at whom it writes to, at its wording, and at how often it writes."
    )
