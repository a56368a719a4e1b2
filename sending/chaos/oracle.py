"""The oracle of every crash test: what the servers accepted against what the database believes.

O1 no Message-ID, and no step of a person, was accepted twice. O2 what counts as sent was accepted. O3 what was accepted
counts as sent, in doubt or assumed sent. O4 what is deferred, failed or called off was not accepted. O5 nothing is in a
worker's hand. O6 every person has an outcome, and a message for each step behind them. O7 no more is in doubt than was
in the hands of whatever was broken. O8 nothing left after a stop that had been acknowledged. O9 no mailbox spent more
than its limits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sending.chaos.receiver import Acceptance
from sending.chaos.results import Findings
from sending.mailboxes.models import Mailbox
from sending.outbox.events import position_of
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState

_MAYBE_ACCEPTED = {MessageState.SENT, MessageState.IN_DOUBT, MessageState.ASSUMED_SENT}
_NOT_ACCEPTED = {MessageState.CLAIMED, MessageState.DEFERRED, MessageState.FAILED, MessageState.CANCELLED}
_IN_HAND = {MessageState.CLAIMED, MessageState.DOT_PENDING}
_OPEN = {MessageState.CLAIMED, MessageState.DOT_PENDING, MessageState.DEFERRED, MessageState.IN_DOUBT}
_PROVED = "Proved by: a copy in the Sent folder"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop that a person was told of: nothing to this contact, or of this campaign, may be marked from then on.

    from_ is the database's instant after the commit; until, of a pause, the one before the campaign went on.
    """

    from_: datetime
    until: datetime | None = None
    contact_id: int | None = None
    campaign_id: int | None = None

    def forbids(self, row: OutboundMessage) -> bool:
        concerns = row.contact_id == self.contact_id or row.campaign_id == self.campaign_id
        is_late = row.dot_at is not None and row.dot_at > self.from_ and (self.until is None or row.dot_at < self.until)
        return concerns and is_late


@dataclass(frozen=True, slots=True)
class Case:
    """What a run may have done to whom: its workspaces, its people, its stops, and the most that may be in doubt."""

    workspaces: Sequence[int]
    people: int
    bound: int = 0
    stops: Sequence[Stop] = ()
    deleted: int = 0  # people who were deleted meanwhile, with their messages
    witnessed: Sequence[int] = ()  # of the workspaces, those whose mailboxes have a Sent folder


def judge(case: Case, log: Sequence[Acceptance]) -> Findings:
    """Compare the servers' log with every message of the workspaces, when nothing moves any more."""
    rows = list(OutboundMessage.objects.filter(workspace__in=case.workspaces).select_related("step", "workspace"))
    taken = Counter(one.message_id for one in log)
    by_id = {row.message_id: row for row in rows}
    doubts = [row for row in rows if row.state in {MessageState.IN_DOUBT, MessageState.ASSUMED_SENT}]
    lost = [row for row in rows if row.state == MessageState.SENT and row.message_id not in taken]
    violations = [
        *_twice(log, by_id, may_be_unknown=case.deleted > 0),
        *(f"O2 sent, yet never accepted: {row.pk}" for row in lost),
        *_forgotten(taken, rows),
        *(f"O5 in hand: {row.pk} is {row.state}" for row in rows if row.state in _IN_HAND),
        *_unsettled(case, rows),
        *(f"O8 {row.pk} left after its stop" for row in rows for stop in case.stops if stop.forbids(row)),
        *_overspent(rows),
    ]
    if unproved := [row.pk for row in doubts if row.message_id in taken and row.workspace_id in case.witnessed]:
        violations.append(f"O7 {len(unproved)} in doubt although a Sent folder has the copy: {unproved[:_SHOWN]}")
    if len(doubts) > case.bound:
        violations.append(f"O7 {len(doubts)} in doubt, {case.bound} allowed")
    return Findings(
        accepted=len(taken),
        duplicates=taken.total() - len(taken),
        lost=len(lost),
        in_doubt=len(doubts),
        proved=sum(row.state == MessageState.SENT and row.reason.startswith(_PROVED) for row in rows),
        bound=case.bound,
        violations=tuple(violations),
    )


def _twice(log: Sequence[Acceptance], rows: dict[str, OutboundMessage], *, may_be_unknown: bool) -> Iterable[str]:
    """O1, by Message-ID and by person and step: a second message under another name is a second message, too."""
    for message_id, count in Counter(one.message_id for one in log).most_common(_SHOWN):
        if count > 1:
            yield f"O1 {message_id} was accepted {count} times"
    known = [(one.recipient, rows[one.message_id]) for one in log if one.message_id in rows]
    steps = Counter((row.campaign_id, person, row.step_id) for person, row in known)
    for (_, person, step), count in steps.most_common(_SHOWN):
        if count > 1:
            yield f"O1 {person} got step {step} {count} times"
    if not may_be_unknown and (strange := {one.message_id for one in log} - set(rows)):
        yield f"O3 accepted, and nobody knows of it: {sorted(strange)[:_SHOWN]}"


def _forgotten(taken: Counter[str], rows: Sequence[OutboundMessage]) -> Iterable[str]:
    """O3 and O4, which are one rule read from both ends."""
    for row in rows:
        if row.message_id in taken and row.state not in _MAYBE_ACCEPTED:
            rule = "O4" if row.state in _NOT_ACCEPTED else "O3"
            yield f"{rule} {row.pk} is {row.state}, yet it was accepted"


def _unsettled(case: Case, rows: Sequence[OutboundMessage]) -> Iterable[str]:
    """O6: a message in hand or in doubt keeps its person SENDING; whoever is past it has a message for each step."""
    people = list(Enrollment.objects.filter(workspace__in=case.workspaces))
    if len(people) + case.deleted != case.people:
        yield f"O6 {case.people} people began, {len(people)} are here"
    rows = [row for row in rows if row.enrollment_id is not None]  # answers are nobody's step
    made = {(row.enrollment_id, position_of(row)): row for row in rows}
    if len(made) != len(rows):
        yield "O6 two messages of one step"
    busy = {row.enrollment_id for row in rows if row.state in _OPEN}
    for person in people:
        if person.state == EnrollmentState.SENDING and person.pk not in busy:
            yield f"O6 person {person.pk} waits for a message that nobody holds"
        if person.state in {EnrollmentState.ACTIVE, EnrollmentState.FINISHED}:
            if person.pk in busy:
                yield f"O6 person {person.pk} went on while a message was open"
            done = [made.get((person.pk, position)) for position in range(1, person.next_position)]
            if not all(row and row.state in {MessageState.SENT, MessageState.ASSUMED_SENT} for row in done):
                yield f"O6 person {person.pk} is past a step without its message"


def _overspent(rows: Sequence[OutboundMessage]) -> Iterable[str]:
    """O9: of what was marked, so many in any rolling day and hour, and so far apart, as the mailbox allows."""
    marks: dict[int, list[datetime]] = defaultdict(list)
    scales: dict[int, int] = {}
    for row in rows:
        if row.dot_at is not None:
            marks[row.mailbox_id].append(row.dot_at)
            scales[row.mailbox_id] = row.workspace.time_scale
    for mailbox in Mailbox.objects.filter(pk__in=marks):
        times, scale = sorted(marks[mailbox.pk]), scales[mailbox.pk]
        for name, most, span in (
            ("day", mailbox.daily_limit, timedelta(days=1) / scale),
            ("hour", mailbox.hourly_limit, timedelta(hours=1) / scale),
        ):
            if (worst := _most_within(times, span)) > most:
                yield f"O9 mailbox {mailbox.pk} marked {worst} in one {name}, {most} are allowed"
        gap = timedelta(seconds=mailbox.gap_min_s) / scale
        nearest = min((later - sooner for sooner, later in pairwise(times)), default=gap)
        if nearest < gap:
            yield f"O9 mailbox {mailbox.pk} kept a gap of {nearest}, {gap} is asked for"


def _most_within(times: Sequence[datetime], span: timedelta) -> int:
    """Return how many of the sorted instants lie in the fullest half-open interval of this length."""
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - span:
            first += 1
        most = max(most, last - first + 1)
    return most
