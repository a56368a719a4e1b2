"""A team whose week is lived in virtual time, and the book that is kept of all that leaves: each entry is judged."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Min, Model, Q
from django.test import TestCase

from campaigns.calendar import WaitUnit
from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign, Path, Step
from campaigns.sequences.states import ReplyClass, StepThread
from outreach.accounts.access import Member
from sending.mailboxes.models import Cooldown, Mailbox, MailboxClock
from sending.mailboxes.states import MailboxState
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.jobs import Job, Result
from sending.outbox.leading import lead_on_at_rest, reached_by
from sending.outbox.marks import mark
from sending.outbox.models import OutboundMessage
from sending.outbox.records import record_results
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation
from sending.planner.models import CampaignHold, CampaignMailbox, CampaignRotation, Enrollment
from sending.planner.progress.leading import Answer, lead
from sending.planner.queries import standing_of
from sending.planner.services import set_senders, stop
from sending.planner.states import EnrollmentState, StopReason
from sending.smtp import Accepted, Deferred, InDoubt, Outcome, Phase, Refused, Reply, Withdrawn
from tests.builders import make_branch, make_contact, make_office_hours, make_running_campaign, make_step
from tests.sending.planner.hours import set_time
from tests.sending.planner.stage import DAY, HOUR, make_sender, make_team

MINUTE = timedelta(minutes=1)
START = datetime(2027, 3, 24, 8, tzinfo=UTC)  # Wednesday, nine in Berlin; on Sunday its clocks change
ZONES = ("", "Europe/Athens", "Asia/Tokyo", "", "America/New_York")
GAP = 10 * MINUTE
DAILY, HOURLY = 4, 2
RAMP_START = 2
NEW_LEADS = 2
BRANCHED = 2  # the campaign with further paths
# What may come behind each position there, and what does by the title alone; a position without a step is an end.
FOLLOWS = {0: {1}, 1: {2, 101, 201}, 2: {3, 101, 201}, 101: {102}, 102: {103, 201}, 201: {202}}
WAYS = {
    1: {"": 2, "boss": 101, "late": 2}, 2: {"late": 201}, 101: dict.fromkeys(("", "boss", "late"), 102),
    102: dict.fromkeys(("", "boss", "late"), 201),
}  # fmt: skip
OPEN_STATES = {MessageState.CLAIMED, MessageState.DOT_PENDING, MessageState.DEFERRED, MessageState.IN_DOUBT}
FATES: dict[str, Outcome | None] = {
    "accepted": Accepted(Reply(250, "2.0.0", "OK")),
    "greylisted": Deferred(Phase.RCPT, Reply(450, "4.7.1", "Greylisted")),
    "unknown": Refused(Phase.RCPT, Reply(550, "5.1.1", "User unknown")),
    "in doubt": InDoubt(Phase.DOT, "The connection was lost."),
    "asleep before the dot": None,
    "killed before the dot": None,
    "killed after the dot": None,
}
_WITH_DOT = {"accepted", "in doubt", "killed after the dot"}


@dataclass(frozen=True, slots=True)
class Left:
    """A message that has passed its mark."""

    enrollment_id: int
    position: int
    mailbox_id: int
    at: datetime


@dataclass
class Life:
    """Two mailboxes, three campaigns of two steps, one of them with further paths, seven people in four zones."""

    member: Member
    slow: Mailbox  # one at a time with a gap, four a day, two an hour
    fresh: Mailbox  # at Google, no gap, in its ramp: two on the first day
    campaigns: list[Campaign]
    now: datetime = START
    book: list[Left] = field(default_factory=list)
    asleep: list[Job] = field(default_factory=list)  # in the hands of workers that stand still
    called_off: dict[int, str] = field(default_factory=dict)  # enrollment -> why nothing may leave any more
    led: dict[int, int] = field(default_factory=dict)  # of those, to which position an answer leads on

    @classmethod
    def begin(cls) -> Life:
        set_time(START)
        member = make_team()
        slow = make_sender(
            member, "slow@acme.example", daily_limit=DAILY, hourly_limit=HOURLY, gap_min_s=600, gap_max_s=600
        )
        fresh = make_sender(
            member, "fresh@acme.example", daily_limit=5, hourly_limit=5, ramp_on=True, ramp_start=RAMP_START,
            smtp_host="smtp.gmail.com",
        )  # fmt: skip
        domains = [f"example{n}.com" if n % 3 else "gmail.com" for n in range(7)]
        people = [
            make_contact(member.workspace, f"p{n}@{domain}", time_zone=ZONES[n % len(ZONES)])
            for n, domain in enumerate(domains)
        ]
        campaigns = [
            _campaign(member, tuple(people[:5]), (slow, fresh), name="Limited", new_leads_per_day=NEW_LEADS),
            _campaign(member, tuple(people[4:]), (slow,), name="Free"),
            _campaign(member, tuple(people[2:6]), (slow, fresh), name="Branched"),
        ]
        make_paths(campaigns[BRANCHED])
        return cls(member, slow, fresh, campaigns)

    # --- time

    def pass_time(self, duration: timedelta) -> None:
        self.now += duration
        set_time(self.now)

    def read_mailboxes(self) -> None:
        MailboxClock.objects.update(synced_at=self.now)

    def set_mailbox(self, mailbox: Mailbox, state: MailboxState) -> None:
        """Pause a mailbox, or let it carry mail again; the next tick looks at it."""
        Mailbox.objects.filter(pk=mailbox.pk).update(state=state)
        MailboxClock.objects.filter(mailbox=mailbox, look_at__gt=self.now).update(look_at=self.now)

    def rotate(self, number: int, rotation: Rotation, weights: tuple[int, int]) -> None:
        """Let the new contacts of a campaign come to its mailboxes in another way from now on."""
        campaign, boxes = self.campaigns[number], (self.slow, self.fresh)
        chosen = list(CampaignMailbox.objects.filter(campaign=campaign).values_list("mailbox", flat=True))
        by_pk = {box.pk: weight for box, weight in zip(boxes, weights, strict=True)}
        with committed():
            set_senders(self.member, campaign, chosen, rotation=rotation, weights=by_pk)

    # --- work

    def work(self, fate: str) -> int:
        """Do what a tick and its worker do; every message of it meets the same fate. Returns how many it had."""
        owner, due = leases.lease_due(most=10)
        count = 0
        while jobs := self._claimed(owner, due):
            count += len(jobs)
            for job in jobs:
                self._deliver(job, fate)
            if FATES[fate] is None:
                return count  # the leases stay until they run out
        leases.release(owner, due, patience_s=-1e9)
        return count

    def wake_up(self) -> None:
        """Let the workers that stood still go on where they were, whatever was decided meanwhile."""
        jobs, self.asleep = self.asleep, []
        for job in jobs:
            self._deliver(job, "accepted")

    def settle(self) -> dict[str, int]:
        with committed():
            return sweep()

    def _claimed(self, owner: UUID, mailboxes: list[int]) -> list[Job]:
        with committed():
            jobs = claim(owner, mailboxes)
        for job in jobs:
            self._judge_way(job)
            self._judge_match(Enrollment.objects.select_related("mailbox").get(messages=job.letter.pk))
        return jobs

    def answer(self, row: Enrollment, reply: ReplyClass) -> None:
        """Do what the inbox does with an answer that a person has labelled."""
        if not reached_by(row.pk).left:
            return
        with committed():
            if reply is not ReplyClass.OUT_OF_OFFICE:
                stop(row, StopReason.REPLIED)
                self.call_off([row], "replied")
            if lead(row, Answer(reply, self.now), partial(reached_by, row.pk)).leads:
                self.led[row.pk] = {ReplyClass.POSITIVE: 201, ReplyClass.OUT_OF_OFFICE: 101}[reply]
            lead_on_at_rest([row.pk])

    def _judge_way(self, job: Job) -> None:
        """Judge which way somebody goes whose message was made in this claim: by the title that they have now."""
        row = Enrollment.objects.select_related("contact").get(messages=job.letter.pk)
        before = [one.position for one in self.book if one.enrollment_id == row.pk]
        if row.campaign_id != self.campaigns[BRANCHED].pk or job.letter.attempt_number > 1 or not before:
            return
        if row.led_until is None:
            assert job.letter.position == WAYS[before[-1]][row.contact.title], "the wrong way"

    def _judge_match(self, row: Enrollment) -> None:
        """Judge the mailbox of somebody who was begun in this claim."""
        provider = CampaignRotation.objects.filter(campaign=row.campaign_id, mode=Rotation.PROVIDER).exists()
        carried = CampaignMailbox.objects.filter(campaign=row.campaign_id, mailbox=self.fresh, mailbox__state="active")
        if row.begun_at == self.now and provider and carried.exists() and row.receiver == Receiver.GOOGLE:
            assert row.mailbox == self.fresh, "whoever is at Google was to be written to from there"

    def _deliver(self, job: Job, fate: str) -> None:
        outcome = FATES[fate]
        if "asleep" in fate:
            self.asleep.append(job)
        if fate in _WITH_DOT:
            if mark([job]) == [True]:
                self.write_down(job)
            else:
                outcome = Withdrawn()
        if outcome is not None:
            with committed():
                record_results([Result(job, outcome, self.now, self.now)])
        if fate == "unknown":
            self.call_off(Enrollment.objects.filter(contact=job.letter.contact_id), "bounced")

    # --- judgement of what leaves

    def write_down(self, job: Job) -> None:
        """Enter a message that has passed its mark, and judge it."""
        left = Left(job.letter.enrollment_id or 0, job.letter.position, job.letter.mailbox_id, self.now)
        row = Enrollment.objects.select_related("contact", "campaign", "mailbox").get(messages=job.letter.pk)
        self._judge_person(left, row)
        self._judge_mailbox(left, row.mailbox)
        self.book.append(left)

    def _judge_person(self, left: Left, row: Enrollment) -> None:
        before = [one for one in self.book if one.enrollment_id == left.enrollment_id]
        assert left.position not in {one.position for one in before}, "a step leaves once"
        assert left.position in FOLLOWS[before[-1].position if before else 0], "in the order of the steps"
        is_led = left.position >= self.led.get(row.pk, 1_000)
        assert is_led or row.pk not in self.called_off, f"it was called off: {self.called_off[row.pk]}"
        zone = ZoneInfo(row.contact.time_zone or "Europe/Berlin")
        local = left.at.astimezone(zone)
        assert local.isoweekday() <= 5, f"outside of the window: {local}"
        assert 9 <= local.hour < 17, f"outside of the window: {local}"
        assert row.campaign.state == "running"
        if before:
            assert before[-1].mailbox_id == left.mailbox_id, "the sender stays"
            waited = local.replace(tzinfo=None) - before[-1].at.astimezone(zone).replace(tzinfo=None)
            assert waited >= (2 * DAY if left.position == 101 else DAY), f"it waited only {waited}"
            synced_at = MailboxClock.objects.get(mailbox=left.mailbox_id).synced_at
            assert synced_at is not None
            assert left.at - synced_at <= 15 * MINUTE, "a reply may lie there unread"

    def _judge_mailbox(self, left: Left, mailbox: Mailbox | None) -> None:
        assert mailbox is not None
        assert mailbox.state == "active"
        own = [one.at for one in self.book if one.mailbox_id == mailbox.pk]
        day, hour = (sum(left.at - at < span for at in own) + 1 for span in (DAY, HOUR))
        assert day <= mailbox.daily_limit, f"{day} in a day"
        assert hour <= mailbox.hourly_limit, f"{hour} in an hour"
        if mailbox.pk == self.slow.pk and own:
            assert left.at - own[-1] >= GAP, f"only {left.at - own[-1]} after the one before"
        if mailbox.pk == self.fresh.pk:
            in_first_day = sum(at - own[0] < DAY for at in [*own, left.at]) if own else 1
            assert in_first_day <= RAMP_START, "too many on the first day of the ramp"

    def call_off(self, rows: object, why: str) -> None:
        for row in rows:  # type: ignore[attr-defined]  # a query or a list
            self.called_off.setdefault(row.pk, why)
            self.led.pop(row.pk, None)

    # --- what holds after every act

    def check(self) -> None:
        """Everybody is somewhere, with exactly the messages that belong there."""
        standings = standing_of([campaign.pk for campaign in self.campaigns])
        for campaign, size in zip(self.campaigns, (5, 3, 4), strict=True):
            one = standings[campaign.pk]
            parts = (one.active, one.sending, one.finished, one.stopped_total, one.skipped_total)
            assert sum(parts) == one.enrolled == size, parts
        begun = Enrollment.objects.filter(campaign=self.campaigns[0], begun_at__gt=self.now - DAY)
        assert begun.count() <= NEW_LEADS, "new contacts of a day"
        messages: dict[int, dict[int, str]] = {}
        for pk, position, state in OutboundMessage.objects.values_list("enrollment", "step__position", "state"):
            assert position not in messages.setdefault(pk, {}), "one message for each person and step"
            messages[pk][position] = state
        for row in Enrollment.objects.all():
            self._check_person(row, messages.get(row.pk, {}))

    def _check_person(self, row: Enrollment, of_steps: dict[int, str]) -> None:
        busy = [position for position, state in of_steps.items() if state in OPEN_STATES]
        done = [position for position, state in of_steps.items() if state in {"sent", "assumed_sent"}]
        match row.state:
            case EnrollmentState.SENDING:
                assert busy == [row.next_position], "in hand, and nobody has it in hand"
            case EnrollmentState.ACTIVE | EnrollmentState.FINISHED:
                assert not busy
                self._check_way(row, sorted(done))
            case EnrollmentState.SKIPPED:
                assert not of_steps
                assert not row.begun_at
        assert (row.mailbox_id is None) == (row.begun_at is None)

    def _check_way(self, row: Enrollment, done: list[int]) -> None:
        if row.campaign_id != self.campaigns[BRANCHED].pk:
            assert done == list(range(1, row.next_position)), "a step without its message"
            return
        ways = pairwise([0, *done, *([row.next_position] if row.state == EnrollmentState.ACTIVE else [])])
        assert all(place in FOLLOWS[before] for before, place in ways), "a step without its message"

    # --- the end

    def run_out(self) -> None:
        """Let everything go on undisturbed until nothing is left to do; everybody must come to an end."""
        for _ in range(200):
            has_moved = any(self.settle().values())
            self.read_mailboxes()
            has_moved |= self.work("accepted") > 0
            to_come = Q(state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING]) | Q(led_to__isnull=False)
            is_over = not Enrollment.objects.filter(to_come).exists()
            if has_moved or is_over:  # where nothing moved, what held before holds still
                self.check()
            if is_over:
                return
            self._pass_until_something_is_due()
        stuck = list(Enrollment.objects.filter(state__in=["active", "sending"]).values())
        raise AssertionError(f"somebody was forgotten: {stuck}")

    def _pass_until_something_is_due(self) -> None:
        """Move behind the next instant that the database itself has planned; idle looks between are passed over."""
        doubted = OutboundMessage.objects.filter(state=MessageState.IN_DOUBT).aggregate(at=Min("dot_at"))["at"]
        planned = [*planned_instants(), *([doubted + DAY] if doubted else [])]
        ahead = [at for at in planned if at > self.now] or _instants(MailboxClock, "look_at")
        self.pass_time(max(min(ahead), self.now) - self.now + timedelta(seconds=1))


def make_paths(campaign: Campaign) -> None:
    """Let bosses behind step 1, and whoever is away, go to path 1; who answers well, and everybody behind it, to 2."""
    one, two = (Path.objects.create(campaign=campaign, number=number, name=f"Path {number}") for number in (1, 2))
    for position in (101, 102, 201):
        step = make_step(campaign, position, subject="", body=f"Good day {position}").step
        Step.objects.filter(pk=step.pk).update(wait_amount=2 if position == 101 else 1, thread=StepThread.REPLY)
    by = dict(Step.objects.filter(campaign=campaign).values_list("position", "pk"))
    make_branch(by[1], one, where="title is boss")
    make_branch(by[1], two, reply=ReplyClass.POSITIVE)
    make_branch(by[1], one, reply=ReplyClass.OUT_OF_OFFICE)
    make_branch(by[2], two, where="title is late")
    make_branch(by[102], two)


def planned_instants() -> list[datetime]:
    """Return every instant at which the database's rows say that something may happen."""
    return [
        *_instants(Enrollment, "due_at"),
        *_instants(CampaignHold, "until"),
        *_instants(OutboundMessage, "retry_at", "lease_until"),
        *_instants(MailboxClock, "hold_until", "free_at", "backoff_until", "lease_until"),
        *_instants(CampaignMailbox, "held_until"),
        *_instants(Cooldown, "until"),
    ]


def _instants(model: type[Model], *names: str) -> list[datetime]:
    rows = model._base_manager.values_list(*names)
    return [at for row in rows for at in row if at is not None]


def committed() -> AbstractContextManager[object]:
    """Return a context at whose end mailboxes are woken, as after a commit."""
    return TestCase.captureOnCommitCallbacks(execute=True)


def _campaign(
    member: Member, people: tuple[Contact, ...], mailboxes: tuple[Mailbox, ...], *, name: str, **values: object
) -> Campaign:
    values = {"time_zone": "Europe/Berlin", **values}
    with committed():
        campaign = make_running_campaign(member, people, mailboxes, steps=2, name=name, **values)
    Step.objects.filter(campaign=campaign, position=2).update(wait_amount=1, wait_unit=WaitUnit.DAYS)
    make_office_hours(campaign)
    return campaign
