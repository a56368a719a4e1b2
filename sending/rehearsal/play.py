"""Play a campaign on the stage: real leases, claims, marks, records and readings, each at its virtual instant."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from campaigns.contacts.models import ContactList, ListMember
from campaigns.sequences.models import AudienceList, Campaign
from campaigns.sequences.services import move_campaign
from campaigns.sequences.states import CampaignState
from outreach.accounts.models import Workspace
from outreach.kit import clock, statements
from sending.imap import RawMail
from sending.inbox.models import InboundMessage
from sending.inbox.services import take_in
from sending.mailboxes.models import Mailbox
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.jobs import Job, Result
from sending.outbox.marks import mark, why_called_back
from sending.outbox.records import record_results
from sending.outbox.sweeper import settle_stopped
from sending.pacing import RECHECK, UNTIL_MENDED, Pace
from sending.pacing.rotation import Rotation
from sending.planner.forecast.people import draft_number
from sending.planner.models import CampaignRotation, Enrollment
from sending.planner.progress.advancing import Sent, advance
from sending.planner.services import enroll_audience
from sending.planner.states import EnrollmentState
from sending.rehearsal.casting import Cast
from sending.rehearsal.script import TAKEN, Coming, Recipients, Script
from sending.rehearsal.stage import FAR, set_time, tidy
from sending.smtp import Outcome, Withdrawn

MOST_MESSAGES = 20_000
MOST_S = 600.0
_MENDED = [code.value for code in UNTIL_MENDED]
_ALL = 10_000  # mailboxes
_FIRST_TIDY = 20  # messages
_NEVER_S = 366 * 86_400
_LOOK_LATER = "UPDATE mailboxes_clock SET look_at = %s::timestamptz WHERE mailbox_id = ANY(%s::bigint[])"
_DUE = "SELECT count(*) FROM planner_enrollment WHERE state = 'active' AND due_at <= %s::timestamptz"
# Whether the campaign runs, and somebody of it is still to get something; and each mailbox's next look.
_STANDING = """
SELECT (SELECT c.state = 'running' FROM sequences_campaign c WHERE c.id = %(campaign)s::bigint),
       EXISTS (SELECT FROM planner_enrollment e
                WHERE e.campaign_id = %(campaign)s::bigint AND e.state IN ('active', 'sending')
                  AND NOT e.hold_code = ANY(%(mended)s::varchar[])),
       looks.ids, looks.instants
  FROM (SELECT array_agg(k.mailbox_id) AS ids, array_agg(k.look_at) AS instants
          FROM mailboxes_clock k JOIN mailboxes_mailbox m ON m.id = k.mailbox_id
         WHERE m.state = 'active') looks
"""
# Nobody mends a wording or a contact in a rehearsal: whoever waits for that is not looked at again.
_SET_ASIDE = """
UPDATE planner_enrollment SET due_at = %s::timestamptz
 WHERE state = 'active' AND hold_code = ANY(%s::varchar[]) AND due_at < %s::timestamptz
"""
_NUMBER = "UPDATE planner_enrollment SET id = %s + contact_id WHERE campaign_id = %s"


class Ending(StrEnum):
    """Why a rehearsal was over."""

    DONE = "done"  # nothing is left to do
    STOPPED = "stopped"  # the campaign was paused, by a guard for one
    DAYS = "days"  # the days that were asked for had passed
    MESSAGES = "messages"  # as many messages as a rehearsal has
    TIME = "time"  # it took too long


@dataclass(frozen=True, slots=True)
class Tried:
    """A try of a message, as the recipient's server and the program saw it."""

    job: Job
    at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that came back, and what the inbox took it for."""

    coming: Coming
    row: InboundMessage | None


def begin(cast: Cast) -> None:
    """Let the campaign run, as a launch or a resumption does; whatever was under way has arrived."""
    sending = Enrollment.objects.filter(state=EnrollmentState.SENDING).order_by("pk")
    advance([Sent(pk, position, cast.begins_at) for pk, position in sending.values_list("pk", "next_position")])
    if cast.state is CampaignState.RUNNING:
        return
    is_draft = cast.state is CampaignState.DRAFT
    move_campaign(cast.campaign_id, CampaignState.RUNNING, launched_at=cast.begins_at if is_draft else None)
    if is_draft:
        _enroll(Campaign.objects.get(pk=cast.campaign_id), cast)


def _enroll(campaign: Campaign, cast: Cast) -> None:
    """Enroll the audience by way of a list of its own, under the numbers that a forecast gives to its people."""
    everybody = ContactList.objects.create(
        workspace_id=cast.workspace_id, name=f"Rehearsed {cast.begins_at.isoformat()}"
    )
    ListMember.objects.bulk_create(
        (ListMember(contact_list=everybody, contact_id=pk) for pk in cast.audience), batch_size=5_000
    )
    for_now = AudienceList.objects.create(campaign=campaign, contact_list=everybody)
    enroll_audience(campaign)
    for_now.delete()  # a decision about the law stands for the lists and segments that the campaign has itself
    statements.run(_NUMBER, [draft_number(0), campaign.pk])


class Play:
    """A campaign under way on the stage."""

    def __init__(self, cast: Cast, script: Script, *, tell: Callable[[Tried | Arrived | datetime], None]) -> None:
        """Tell each try and each mail that came back, and the instant whenever the clock has moved."""
        steps = Campaign.objects.get(pk=cast.campaign_id).steps.count()
        self.now = cast.begins_at
        self._campaign_id = cast.campaign_id
        self._tell = tell
        self._aside = cast.begins_at + FAR
        self._recipients = Recipients(script, steps=steps)
        self._coming: list[tuple[datetime, int, Coming]] = []
        self._count = 0
        self._tidy_at = _FIRST_TIDY
        self._due = cast.begins_at, 0  # how many were due when mailboxes had looked in vain, and when that was
        self._pace = Pace(Workspace.objects.values_list("time_scale", flat=True).get(pk=cast.workspace_id))
        # Where campaigns deal out their new contacts, each mailbox asks what the last look of the others has left.
        self._takes_turns = CampaignRotation.objects.exclude(mode=Rotation.EVEN).exists()
        self._mailboxes = Mailbox.objects.select_related("workspace").in_bulk(list(cast.mailbox_ids))

    def run(self, until: datetime, *, most: int = MOST_MESSAGES, most_s: float = MOST_S) -> Ending:
        """Play until nothing is left to do, or until an instant; at most so many messages, and so long."""
        stop_at = time.monotonic() + most_s
        try:
            while self.now <= until:
                clock.move(self.now)
                set_time(self.now)
                self._tell(self.now)
                self._read()
                counts = self._work()
                self._tidy()
                asked = {"campaign": self._campaign_id, "mended": _MENDED}
                ((runs, waits, ids, instants),) = statements.run(_STANDING, asked)
                ahead = self._next(counts, dict(zip(ids or (), instants or (), strict=True)))
                if not runs and not self._coming:
                    return Ending.STOPPED
                if ahead is None or not (waits or self._coming):
                    return Ending.DONE
                if self._count >= most:
                    return Ending.MESSAGES
                if time.monotonic() > stop_at:
                    return Ending.TIME
                self.now = max(self.now, ahead)
        finally:
            clock.move(None)
        self.now = until
        return Ending.DAYS

    def _read(self) -> None:
        """Take in what has come back by now, and let the sweep settle what follows from it, within seconds in life."""
        comes = bool(self._coming) and self._coming[0][0] <= self.now
        while self._coming and self._coming[0][0] <= self.now:
            _, number, coming = heapq.heappop(self._coming)
            raw = RawMail(number, coming.at, len(coming.raw), coming.raw, truncated=False)
            self._tell(Arrived(coming, take_in(self._mailboxes[coming.mailbox_id], raw)))
        if comes:
            settle_stopped()

    def _tidy(self) -> None:
        """Tidy up whenever there are twice as many messages: statements are planned for what stands there by now."""
        if self._count >= self._tidy_at:
            self._tidy_at = 2 * self._count
            tidy()

    def _work(self) -> dict[int, int]:
        """Let the mailboxes whose turn has come send what they may; return how many messages each had."""
        owner, due = leases.lease_due(most=_ALL)
        if not due:
            return {}
        counts = {pk: self._send(owner, pk) for pk in sorted(due)}
        statements.run(_SET_ASIDE, [self._aside, _MENDED, self._aside])
        leases.release(owner, due, patience_s=leases.NO_PATIENCE_S, safety_s=_NEVER_S)
        return counts

    def _send(self, owner: UUID, mailbox_id: int) -> int:
        """Let a mailbox send what it may now; return how many messages it had."""
        count = 0
        while jobs := claim(owner, [mailbox_id]):
            self._deliver(jobs)
            count += len(jobs)
            if not self._takes_turns:
                break  # what holds it now is found at its next look
        return count

    def _deliver(self, jobs: Sequence[Job]) -> None:
        outcomes = {job.letter.pk: self._recipients.refusal(job, self.now) for job in jobs}
        leaving = [job for job in jobs if outcomes[job.letter.pk] is None]
        for job, is_marked in zip(leaving, mark(leaving) if leaving else (), strict=True):
            outcomes[job.letter.pk] = TAKEN if is_marked else Withdrawn(text=why_called_back(job))
        results = [Result(job, outcomes[job.letter.pk] or TAKEN, self.now, self.now) for job in jobs]
        record_results(results)
        for one in results:
            self._note(Tried(one.job, self.now, one.outcome))

    def _note(self, one: Tried) -> None:
        self._count += 1
        if one.outcome is TAKEN:
            coming = self._recipients.answer(one.job, self.now)
            if coming is not None:
                heapq.heappush(self._coming, (coming.at, self._count, coming))
        self._tell(one)

    def _has_put_off(self) -> bool:
        """Say whether the looks of this instant have put somebody off: then those behind are looked at, as in life."""
        ((due,),) = statements.run(_DUE, [self.now])
        before, self._due = self._due, (self.now, due)
        return bool(due) and (before[0] < self.now or due < before[1])

    def _next(self, counts: dict[int, int], looks: dict[int, datetime]) -> datetime | None:
        """Return the next instant at which something can happen, None when nothing can. looks are by mailbox."""
        idle = [pk for pk, at in looks.items() if at <= self.now and not counts.get(pk)]
        if idle and not self._has_put_off():  # who is due may not go, and no instant is known
            later = self.now + self._pace.shrink(RECHECK)
            looks |= dict.fromkeys(idle, later)
            statements.run(_LOOK_LATER, [later, idle])
        ahead = [*looks.values(), *(at for at, *_ in self._coming[:1])]
        return min(ahead, default=None)
