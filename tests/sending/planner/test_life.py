"""Weeks of a team in any order of acts: work, faults, pauses, answers, opt-outs; and time that passes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from campaigns.contacts.models import Contact
from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.states import ReplyClass
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing.rotation import Rotation
from sending.planner.models import Enrollment
from sending.planner.services import enroll_audience, pause, postpone, release, resume, stop
from sending.planner.states import StopReason
from tests.sending.planner.hours import virtual_time
from tests.sending.planner.life import BRANCHED, FATES, MINUTE, Life, committed
from tests.sending.planner.stage import DAY, HOUR
from tests.sending.planner.stories import tell

PEOPLE = st.integers(0, 3) | st.integers(0, 11)
CAMPAIGNS = st.integers(0, 2)
BRANCHING = st.integers(0, 3)
WEIGHTS = st.integers(1, 4)
DURATIONS = st.sampled_from(
    [timedelta(0), MINUTE, 10 * MINUTE, 16 * MINUTE, HOUR, 3 * HOUR, DAY, DAY, DAY + timedelta(seconds=1), 3 * DAY]
)


class Weeks(RuleBasedStateMachine):
    """Anything may happen at any time; what leaves is judged when it leaves (see life.py)."""

    def __init__(self) -> None:
        super().__init__()
        self._all = transaction.atomic()
        self._all.__enter__()
        self.life = Life.begin()

    def person(self, number: int) -> Enrollment:
        """Return one of the people, those who were written to last first."""
        rows = Enrollment.objects.select_related("contact", "campaign")
        return rows.order_by(F("last_sent_at").desc(nulls_last=True), "pk")[number]

    def branching(self, number: int) -> Enrollment:
        """Return one of the people of the campaign with further paths."""
        return (
            Enrollment.objects.select_related("contact")
            .filter(campaign=self.life.campaigns[BRANCHED])
            .order_by("pk")[number]
        )

    @initialize()
    def begin_with_some(self) -> None:
        for _ in range(2):
            self.life.read_mailboxes()
            self.life.work("accepted")
            self.life.pass_time(HOUR)

    @rule(duration=DURATIONS, fate=st.sampled_from(["accepted"] * 6 + list(FATES)), is_read=st.booleans())
    def work_later(self, duration: timedelta, fate: str, *, is_read: bool) -> None:
        self.life.pass_time(duration)
        if is_read:
            self.life.read_mailboxes()
        self.life.work(fate)

    @rule(duration=DURATIONS)
    def settle_later(self, duration: timedelta) -> None:
        self.life.pass_time(duration)
        self.life.settle()

    @rule()
    def wake_up(self) -> None:
        self.life.wake_up()

    @rule(number=CAMPAIGNS)
    def pause_or_resume_campaign(self, number: int) -> None:
        campaign = self.life.campaigns[number]
        campaign.refresh_from_db()
        with committed():
            (pause if campaign.state == "running" else resume)(self.life.member, campaign)

    @rule(which=st.sampled_from(["slow", "fresh"]))
    def pause_or_resume_mailbox(self, which: str) -> None:
        mailbox = Mailbox.objects.get(pk=getattr(self.life, which).pk)
        self.life.set_mailbox(mailbox, MailboxState.PAUSED if mailbox.state == "active" else MailboxState.ACTIVE)

    @rule(number=CAMPAIGNS, rotation=st.sampled_from(Rotation), slow=WEIGHTS, fresh=WEIGHTS)
    def rotate(self, number: int, rotation: Rotation, slow: int, fresh: int) -> None:
        self.life.rotate(number, rotation, (slow, fresh))

    @rule(number=PEOPLE, reason=st.sampled_from([StopReason.REPLIED, StopReason.REMOVED]))
    def stop(self, number: int, reason: StopReason) -> None:
        row = self.person(number)
        stop(row, reason)
        self.life.call_off([row], reason)

    @rule(number=PEOPLE)
    def suppress(self, number: int) -> None:
        contact = self.person(number).contact
        suppress(self.life.member.workspace, contact.email_key, SuppressionReason.OPTED_OUT)
        self.life.call_off(Enrollment.objects.filter(contact=contact), "suppressed")

    @rule(number=BRANCHING, title=st.sampled_from(["", "boss", "late"]))
    def be_called(self, number: int, title: str) -> None:
        contact = self.branching(number).contact
        Contact.objects.filter(pk=contact.pk).update(title=title)

    @rule(number=BRANCHING, reply=st.sampled_from(["positive", "negative", "out_of_office"]))
    def answer(self, number: int, reply: str) -> None:
        self.life.answer(self.branching(number), ReplyClass(reply))

    @rule(number=PEOPLE, days=st.sampled_from([0, 1, 5]), is_lifted=st.booleans())
    def be_away(self, number: int, days: int, *, is_lifted: bool) -> None:
        row = self.person(number)
        postpone(row, self.life.now + days * DAY, words="Out of office")
        if is_lifted:
            self.lift(row)

    @rule(number=PEOPLE)
    def look_again(self, number: int) -> None:
        self.lift(self.person(number))

    def lift(self, row: Enrollment) -> None:
        with committed():
            release(row)

    @rule(number=CAMPAIGNS)
    def enroll_again(self, number: int) -> None:
        assert enroll_audience(self.life.campaigns[number]) == 0

    @invariant()
    def everybody_is_somewhere(self) -> None:
        self.life.check()

    def teardown(self) -> None:
        try:
            for campaign in self.life.campaigns:
                campaign.refresh_from_db()
                if campaign.state == "paused":
                    with committed():
                        resume(self.life.member, campaign)
            for mailbox in Mailbox.objects.exclude(state="active"):
                self.life.set_mailbox(mailbox, MailboxState.ACTIVE)
            self.life.run_out()
        finally:
            transaction.set_rollback(True)
            self._all.__exit__(None, None, None)


@pytest.mark.django_db
def test_whatever_happens_in_whatever_order_each_promise_is_kept() -> None:
    tell(Weeks, examples=15)


@pytest.mark.django_db
@pytest.mark.parametrize("rotation", Rotation)
def test_undisturbed_everybody_gets_both_messages(rotation: Rotation) -> None:
    with virtual_time():
        life = Life.begin()
        life.rotate(0, rotation, (1, 3))
        life.run_out()
        assert len(life.book) == 2 * Enrollment.objects.count() == 24
        assert life.now - life.book[0].at < 20 * DAY
