"""A running campaign that is edited in any way: nobody gets a step twice, nobody is passed over."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from campaigns.calendar import ClosedSpan, Wait, WaitUnit, Window
from campaigns.contacts.models import Contact
from campaigns.sequences import services
from campaigns.sequences.errors import SequenceError
from campaigns.sequences.models import Branch, Campaign, Path, Step, Variant
from campaigns.sequences.plans import plans
from campaigns.sequences.positions import MAIN, block_of, path_of, place_in
from campaigns.sequences.services import Fork, Schedule, Text
from campaigns.sequences.states import BranchKind, ReplyClass, StepThread
from campaigns.sequences.versions import version_of
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.services import record
from sending.mailboxes.cooling import cool_down
from sending.mailboxes.models import MailboxClock
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.jobs import Result
from sending.outbox.leading import lead_on_at_rest, reached_by
from sending.outbox.marks import mark
from sending.outbox.models import OutboundMessage
from sending.outbox.records import record_results
from sending.outbox.sweeper import sweep
from sending.pacing import HoldCode
from sending.pacing.history import Cause
from sending.pacing.rotation import Rotation
from sending.planner.entries import entry_of
from sending.planner.explain.present import present_of
from sending.planner.explain.reasons import with_reasons
from sending.planner.models import Enrollment
from sending.planner.progress.leading import Answer, lead, take_back_lead
from sending.planner.services import pause, resume, set_senders, stop, write_again
from sending.planner.services.limits import set_throttles
from sending.planner.states import EnrollmentState, StopReason
from sending.smtp import Accepted, Deferred, Outcome, Reply
from sending.smtp import Phase as SmtpPhase
from tests.builders import make_contact, make_running_campaign
from tests.sending.planner.hours import set_time
from tests.sending.planner.life import committed
from tests.sending.planner.stage import DAY, HOUR, make_sender, make_team
from tests.sending.planner.stories import tell

START = datetime(2027, 3, 24, 8, tzinfo=UTC)
FATES: dict[str, Outcome | None] = {
    "accepted": Accepted(Reply(250, "2.0.0", "OK")),
    "greylisted": Deferred(SmtpPhase.RCPT, Reply(450, "4.7.1", "Greylisted")),
    "killed before the dot": None,
}
ANY = st.integers(0, 5)
DURATIONS = st.sampled_from([timedelta(0), HOUR, DAY, DAY, 2 * DAY])
ANSWERS = (ReplyClass.POSITIVE, ReplyClass.OUT_OF_OFFICE, ReplyClass.NEGATIVE)
WAYS = [
    Fork(BranchKind.FIELD, None, where="title is boss"),
    Fork(BranchKind.FIELD, None, where="not title is boss"),
    Fork(BranchKind.CLICK, None),
    Fork(BranchKind.REPLY, None, reply=ReplyClass.POSITIVE),
    Fork(BranchKind.REPLY, None, reply=ReplyClass.OUT_OF_OFFICE),
    Fork(BranchKind.EVERYBODY, None),
]
OPEN_STATES = {"claimed", "dot_pending", "deferred", "in_doubt"}


class Edits(RuleBasedStateMachine):
    """Work and edits in any order. What a service refuses changes nothing, and is as good an act as any."""

    def __init__(self) -> None:
        super().__init__()
        self._all = transaction.atomic()
        self._all.__enter__()
        self.now = START
        set_time(START)
        self.member = make_team()
        people = tuple(
            make_contact(
                self.member.workspace,
                f"p{n}@example{n // 2}.com",
                title="boss" if n % 2 else "",
                time_zone="Asia/Tokyo" if n == 5 else "",
            )
            for n in range(6)
        )
        self.mailboxes = [make_sender(self.member), make_sender(self.member, "you@acme.example")]
        self.campaign = make_running_campaign(self.member, people, (self.mailboxes[0],), steps=2)
        self.made: dict[int, tuple[object, ...]] = {}  # messages as they were made
        self.at_the_end: dict[tuple[int, int], int] = {}  # who has finished on which path, and its steps then
        path = services.add_path(self.campaign, "Bosses")
        Variant.objects.filter(step__position=101).update(subject="Hello", body_text="For bosses")
        services.add_branch(self._step(0), Fork(BranchKind.FIELD, path.pk, where="title is boss"))
        services.add_branch(self._step(0), Fork(BranchKind.REPLY, path.pk, reply=ReplyClass.POSITIVE))

    # --- work

    @rule(duration=DURATIONS, fate=st.sampled_from(["accepted"] * 4 + list(FATES)))
    def work(self, duration: timedelta, fate: str) -> None:
        self.now += duration
        set_time(self.now)
        MailboxClock.objects.update(synced_at=self.now)
        with committed():
            sweep()
        owner, due = leases.lease_due(most=10)
        while due:
            plan = plans([self.campaign.pk])[self.campaign.pk]
            with committed():
                jobs = claim(owner, due)
            if not jobs:
                break
            for job in jobs:
                letter = job.letter
                if letter.attempt_number == 1:
                    dealt = next(one for one in plan.steps if one.id == letter.step_id).variant_for(letter.contact_id)
                    assert letter.variant_id == dealt.id
            outcome = FATES[fate]
            if outcome is None:
                return  # the leases stay until they run out
            if isinstance(outcome, Accepted):
                assert mark(jobs) == [True] * len(jobs)
            with committed():
                record_results([Result(job, outcome, self.now, self.now) for job in jobs])
        leases.release(owner, due, patience_s=-1e9)
        if due and self._campaign().state == "running":
            waiting = Enrollment.objects.filter(state=EnrollmentState.ACTIVE, due_at__lte=self.now)
            for row in with_reasons(waiting):
                assert row.why_code or self._has_a_reason(row), "somebody is passed over, and nothing says why"

    @rule()
    def pause_or_resume(self) -> None:
        campaign = self._campaign()
        with committed():
            (pause if campaign.state == "running" else resume)(self.member, campaign)

    @rule(number=ANY)
    def stop_somebody(self, number: int) -> None:
        with committed():
            stop(Enrollment.objects.order_by("pk")[number], StopReason.REMOVED)

    @rule(number=ANY, reply=st.sampled_from(ANSWERS))
    def answer(self, number: int, reply: ReplyClass) -> None:
        """Do what the inbox does with an answer that a person has labelled."""
        row = Enrollment.objects.select_related("contact").order_by("pk")[number]
        if not reached_by(row.pk).left:
            return
        with committed():
            if reply is not ReplyClass.OUT_OF_OFFICE:
                stop(row, StopReason.REPLIED)
            before = row.next_position
            led = lead(row, Answer(reply, self.now), partial(reached_by, row.pk))
            assert led.words
            lead_on_at_rest([row.pk])
        row.refresh_from_db()
        assert row.next_position >= before

    @rule(number=ANY)
    def take_the_answer_back(self, number: int) -> None:
        row = Enrollment.objects.select_related("contact", "workspace").order_by("pk")[number]
        with committed():
            take_back_lead(row, partial(reached_by, row.pk), words="It was no answer.")

    @rule(number=ANY)
    def click(self, number: int) -> None:
        row = Enrollment.objects.order_by("pk")[number]
        if reached_by(row.pk).left:
            record([entry_of(row, EventKind.CLICKED, self.now)])

    @rule(number=ANY, is_boss=st.booleans())
    def another_title(self, number: int, *, is_boss: bool) -> None:
        row = Enrollment.objects.order_by("pk")[number]
        Contact.objects.filter(pk=row.contact_id).update(title="boss" if is_boss else "buyer")

    # --- edits

    @rule(number=ANY, weight=st.integers(0, 3), is_empty=st.booleans())
    def write(self, number: int, weight: int, *, is_empty: bool) -> None:
        variant = self._variant(number)
        text = "" if is_empty else f"Text {number} of {self.now}"
        with suppress(SequenceError):
            services.save_variant(variant, Text("Hello", text, weight=weight))

    @rule(number=ANY, weight=st.integers(0, 100))
    def share(self, number: int, weight: int) -> None:
        variant = self._variant(number)
        with suppress(SequenceError):
            services.save_variant(variant, Text(variant.subject, variant.body_text, weight=weight))

    @rule(number=ANY, version=st.integers(1, 5))
    def bring_back(self, number: int, version: int) -> None:
        with suppress(SequenceError):
            services.restore_variant(self._variant(number), version)

    @rule(number=ANY, is_copy=st.booleans())
    def add_wording(self, number: int, *, is_copy: bool) -> None:
        variant = self._variant(number)
        services.add_variant(variant.step, like=variant if is_copy else None)

    @rule(number=ANY)
    def take_the_share(self, number: int) -> None:
        with suppress(SequenceError):
            services.remove_variant(self._variant(number))

    @rule(number=ANY, is_copy=st.booleans())
    def add_step(self, number: int, *, is_copy: bool) -> None:
        step = self._step(number)
        if place_in(step.position) < 4:
            services.duplicate_step(step) if is_copy else services.add_step(self.campaign)

    @rule(number=ANY, to=st.integers(1, 4), is_removed=st.booleans())
    def move_or_remove_step(self, number: int, to: int, *, is_removed: bool) -> None:
        step = self._step(number)
        with suppress(SequenceError):
            services.remove_step(step) if is_removed else services.place_step(step, to=to)

    @rule(number=ANY, wait=st.integers(1, 3), unit=st.sampled_from(list(WaitUnit)), thread=st.sampled_from(StepThread))
    def wait_otherwise(self, number: int, wait: int, unit: WaitUnit, thread: StepThread) -> None:
        with suppress(SequenceError):
            services.save_step(self._step(number), services.Joining(Wait(wait, unit), thread))

    @rule(number=ANY, way=st.sampled_from(WAYS), path=st.integers(0, 2))
    def set_branch(self, number: int, way: Fork, path: int) -> None:
        with suppress(SequenceError, ValueError):
            services.add_branch(self._step(number), self._fork(way, path))

    @rule(number=ANY, way=st.sampled_from(WAYS), path=st.integers(0, 2))
    def change_branch(self, number: int, way: Fork, path: int) -> None:
        branch = self._branch(number)
        if branch is not None:
            with suppress(SequenceError, ValueError):
                services.change_branch(branch, self._fork(way, path))

    @rule(number=ANY, by=st.sampled_from([-1, 1, 0]))
    def move_or_remove_branch(self, number: int, by: int) -> None:
        branch = self._branch(number)
        if branch is not None:
            services.move_branch(branch, by=by) if by else services.remove_branch(branch)

    @rule(is_removed=st.booleans())
    def add_or_remove_path(self, *, is_removed: bool) -> None:
        row = Path.objects.filter(campaign=self.campaign).order_by("-number").first()
        if is_removed and row is not None:
            with suppress(SequenceError):
                services.remove_path(row)
        elif Path.objects.filter(campaign=self.campaign).count() < 2:
            services.add_path(self.campaign, "Others")

    # --- settings

    @rule(weekdays=st.sets(st.integers(1, 7), min_size=1), is_theirs=st.booleans(), daily=st.sampled_from([None, 1, 2]))
    def schedule_otherwise(self, weekdays: set[int], daily: int | None, *, is_theirs: bool) -> None:
        windows = [Window(weekday, 540, 1020) for weekday in sorted(weekdays)]
        with committed():
            services.save_schedule(
                self.campaign, Schedule("UTC", is_theirs, windows, new_leads_per_day=daily, daily_limit=daily)
            )
        self._nobody_waits_for_what_stands_no_more({HoldCode.WINDOW, HoldCode.CAMPAIGN_LIMIT})

    @rule(first=st.integers(0, 3), days=st.integers(0, 3))
    def close_days(self, first: int, days: int) -> None:
        begin = self.now.date() + timedelta(days=first)
        spans = [ClosedSpan(begin, begin + timedelta(days=days - 1))] if days else []
        with committed():
            services.close(self.member.workspace, spans)

    @rule(company=st.sampled_from([None, 1]), domain=st.sampled_from([None, 1, 2]))
    def throttle(self, company: int | None, domain: int | None) -> None:
        with committed():
            set_throttles(self.member.workspace, {"company_per_day": company, "domain_per_day": domain})

    @rule(mailboxes=st.sets(st.integers(0, 1), min_size=1), rotation=st.sampled_from(Rotation))
    def send_from_others(self, mailboxes: set[int], rotation: Rotation) -> None:
        with committed():
            set_senders(self.member, self.campaign, [self.mailboxes[one].pk for one in mailboxes], rotation=rotation)

    @rule(number=st.integers(0, 1), domain=st.integers(0, 2), is_over=st.booleans())
    def leave_alone(self, number: int, domain: int, *, is_over: bool) -> None:
        mailbox, side = self.mailboxes[number], f"example{domain}.com"
        with committed():
            if is_over:
                write_again(mailbox, side)
            else:
                cool_down(mailbox.pk, side, "550 Spam")

    def _has_a_reason(self, row: Enrollment) -> bool:
        """Say whether a question about somebody finds why they wait: not that the next message is theirs."""
        return present_of(row, now=self.now).binding.code != Cause.IN_LINE

    def _nobody_waits_for_what_stands_no_more(self, codes: set[HoldCode]) -> None:
        assert not Enrollment.objects.filter(hold_code__in=codes).exists()

    # --- what holds after every act

    @invariant()
    def each_message_stays_as_it_was_made(self) -> None:
        for one in OutboundMessage.objects.select_related("variant"):
            facts = (one.enrollment_id, one.step_id, one.variant_id, one.wording_version, one.subject, one.body_text)
            assert self.made.setdefault(one.pk, facts) == facts
            assert one.variant is not None
            version = version_of(one.variant, one.wording_version)
            assert version is not None
            assert f"{version.body_text.rstrip()}\n\n1 Main Street, Springfield\n" == one.body_text, (
                "its version says something else"
            )

    @invariant()
    def nobody_gets_a_step_twice_and_nobody_is_passed_over(self) -> None:
        messages: dict[int, list[tuple[int, str]]] = {}
        for pk, position, state in OutboundMessage.objects.values_list("enrollment", "step__position", "state"):
            messages.setdefault(pk, []).append((position, state))
        led: dict[int, list[int | None]] = {}
        for event in Event.objects.filter(kind=EventKind.BRANCHED).order_by("pk"):
            assert event.data["words"]
            led.setdefault(event.enrollment_id or 0, []).append(event.data["path"])
        for row in Enrollment.objects.filter(campaign=self.campaign):
            self._stands_right(row, sorted(messages.get(row.pk, [])), led.get(row.pk, []))

    def _stands_right(self, row: Enrollment, own: list[tuple[int, str]], led: list[int | None]) -> None:
        """Assert that somebody has had every step of their way, in order and once, and that each turn has a reason.

        own: the positions and states of their messages; led: the paths of the branches that they took.
        """
        positions = [position for position, _ in own]
        done = [position for position, state in own if state not in OPEN_STATES]
        assert len(set(positions)) == len(positions)
        assert len(set(led)) == len(led), "a branch was taken twice"
        here = path_of(row.next_position)
        on_path = {
            path: [place_in(one) for one in positions if path_of(one) == path] for path in map(path_of, positions)
        }
        for path, places in on_path.items():
            assert places == list(range(1, len(places) + 1)), "a step of a path was passed over"
            assert path in {MAIN, here, *led}
        assert {*on_path, here} <= {MAIN, *led}, "they are on a path, and no event says why"
        if row.state in {EnrollmentState.ACTIVE, EnrollmentState.FINISHED}:
            assert done == positions
            assert len(on_path.get(here, [])) == place_in(row.next_position) - 1
            assert all(position < row.next_position for position in positions)
        elif row.state == EnrollmentState.SENDING:
            assert positions[-1] == row.next_position
            assert done == positions[:-1] or done == positions
        else:
            assert row.stop_reason
        if row.state == EnrollmentState.FINISHED and None not in led:
            steps = Step.objects.filter(campaign=self.campaign, position__range=block_of(here)).count()
            assert len(on_path.get(here, [])) == self.at_the_end.setdefault((row.pk, here), steps)

    def teardown(self) -> None:
        try:
            campaign = self._campaign()
            if campaign.state == "paused":
                with committed():
                    resume(self.member, campaign)
            with committed():
                services.close(self.member.workspace, [])
                set_throttles(self.member.workspace, {})
                windows = [Window(weekday, 0, 1440) for weekday in range(1, 8)]
                services.save_schedule(self.campaign, Schedule("UTC", use_contact_zone=True, windows=windows))
            for variant in Variant.objects.filter(step__campaign=campaign).select_related("step__campaign"):
                services.save_variant(variant, Text("Hello", "Whole", weight=1))
            self._run_out()
        finally:
            transaction.set_rollback(True)
            self._all.__exit__(None, None, None)

    def _run_out(self) -> None:
        for _ in range(100):
            self.work(DAY, "accepted")
            self.each_message_stays_as_it_was_made()
            self.nobody_gets_a_step_twice_and_nobody_is_passed_over()
            if not Enrollment.objects.filter(state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING]).exists():
                return
        raise AssertionError("somebody was forgotten")

    def _campaign(self) -> Campaign:
        return Campaign.objects.get(pk=self.campaign.pk)

    def _step(self, number: int) -> Step:
        rows = Step.objects.filter(campaign=self.campaign).order_by("position")
        return rows[number % rows.count()]

    def _branch(self, number: int) -> Branch | None:
        rows = list(Branch.objects.filter(step__campaign=self.campaign).select_related("step").order_by("pk"))
        return rows[number % len(rows)] if rows else None

    def _fork(self, way: Fork, path: int) -> Fork:
        row = Path.objects.filter(campaign=self.campaign, number=path).first()
        return replace(way, path=row.pk if row else None)

    def _variant(self, number: int) -> Variant:
        rows = Variant.objects.filter(step__campaign=self.campaign).select_related("step__campaign")
        return rows.order_by("step__position", "label")[number % rows.count()]


@pytest.mark.django_db
def test_whatever_is_edited_while_it_runs_nobody_gets_a_step_twice_or_is_passed_over() -> None:
    tell(Edits, examples=10)
