"""Time that stands still and time that jumps: no burst after a downtime, nothing twice, nobody lost.

Where each invariant of sending is proved (its number, what it says, the tests):
I1-I6, I8, I21, I22  windows, zones, waits                tests/campaigns/calendar/test_invariants.py, test_windows.py
I7   planning again changes nothing                       test_of_all.py (rows untouched), test_life.py (enroll_again)
I9   no step of a person twice, in any order of acts      test_life.py, outbox/test_races.py, sending/chaos
I10  a follow-up never before its wait                    life.py (_judge_person), test_sequel.py
I11  after a stop nothing is marked                       life.py (called_off), outbox/test_marks.py, test_races.py
I12  rolling day, gap, hour of a mailbox                  life.py (_judge_mailbox), here, test_shares.py
I13  one company a day, one sequence a campaign           test_throttles.py, test_standing.py (enrolled once)
I14  a domain's hour and day, with workers at once        test_throttles.py, pacing/test_throttles.py
I15  nobody starves                                       test_priorities.py, life.py (run_out: everybody ends)
I16  downtime, then the usual rate                        here
I17  clock steps back and forward                         here
I18  new zone data                                        windows are reckoned anew at each claim: test_closed_days.py
I19  everybody is somewhere at every commit               life.py (check)
I20  deletion frees no suppressed address                 tests/campaigns/contacts/test_suppressions.py
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import TestCase

from outreach.kit import clock
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.jobs import Result
from sending.outbox.marks import mark
from sending.outbox.records import record_results
from sending.planner.models import Enrollment
from sending.smtp import Accepted, Reply
from tests.builders import make_running_campaign
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.life import START as LIFE_START
from tests.sending.planner.life import Life
from tests.sending.planner.stage import DAY, HOUR, make_people, make_sender, make_team, make_waiting

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
START = datetime(2027, 3, 24, 8, tzinfo=UTC)
_TAKEN = Accepted(Reply(250, "2.0.0", "OK"))
Sent = tuple[datetime, int, bool]  # when, from which mailbox, whether to a new contact


@pytest.fixture(autouse=True)
def _hours() -> Iterator[None]:
    with virtual_time():
        set_time(START)
        yield


def live(begin: datetime, end: datetime) -> list[Sent]:
    """Let a tick and its worker come by every minute."""
    now, sent = begin, []
    while now < end:
        set_time(now)
        MailboxClock.objects.update(synced_at=now)
        with TestCase.captureOnCommitCallbacks(execute=True):
            owner, due = leases.lease_due(most=100)
        while jobs := claim(owner, due):
            assert mark(jobs) == [True] * len(jobs)
            record_results([Result(job, _TAKEN, now, now) for job in jobs])
            sent += [(now, job.letter.mailbox_id, job.letter.position == 1) for job in jobs]
        leases.release(owner, due, patience_s=-1e9)
        now += MINUTE
    return sent


def most_within(instants: list[datetime], span: timedelta) -> int:
    return max((sum(at <= other < at + span for other in instants) for at in instants), default=0)


def make_backlog(*, new_leads_per_day: int) -> list[Mailbox]:
    """Make two mailboxes with the usual limits, new contacts, and follow-ups that are long overdue."""
    member = make_team()
    mailboxes = [
        make_sender(member, f"me{n}@acme.example", daily_limit=30, hourly_limit=8, gap_min_s=360, gap_max_s=720)
        for n in range(2)
    ]
    people = make_people(member, 60)
    campaign = make_running_campaign(
        member, people[:40], tuple(mailboxes), steps=2, time_zone="UTC", new_leads_per_day=new_leads_per_day
    )
    for place, person in enumerate(people[40:]):
        make_waiting(campaign, person, mailboxes[place % 2], due_at=START + place * HOUR)
    return mailboxes


def test_after_three_days_of_downtime_the_rate_is_the_usual_one() -> None:
    mailboxes = make_backlog(new_leads_per_day=7)
    before = live(START, START + 2 * HOUR)
    assert before, "it had begun"
    back = START + 3 * DAY + 2 * HOUR
    after = live(back, back + 6 * HOUR)
    for mailbox in mailboxes:
        own = [at for at, pk, _ in after if pk == mailbox.pk]
        assert len(own) > 8, "it goes on"
        assert most_within(own, 6 * MINUTE) == 1, "one at a time, also in the first minutes"
        assert most_within(own, HOUR) <= 8
        assert most_within(own, DAY) <= 30
    assert most_within([at for at, _, is_new in after if is_new], DAY) <= 7
    in_first_hour = sum(at < back + HOUR for at, _, _ in after)
    later = Counter((at - back) // HOUR for at, _, _ in after)
    assert in_first_hour <= max(later.values()), "the first hour is no busier than any other"


@pytest.mark.parametrize("jump", [61 * MINUTE / 60, -61 * MINUTE / 60, DAY, -DAY, 3 * DAY, -HOUR])
def test_whatever_the_clock_does_nothing_goes_twice_or_too_fast_and_everybody_is_reached(jump: timedelta) -> None:
    set_time(LIFE_START)
    life = Life.begin()  # each message is judged when it leaves: see life.py
    for turn in range(24):
        if turn == 9:
            life.pass_time(jump)
        life.read_mailboxes()
        life.settle()
        life.work("accepted")
        life.check()
        life.pass_time(10 * MINUTE)
    life.run_out()
    assert len(life.book) == 2 * Enrollment.objects.count() == 24, "without a title everybody gets the two steps"
    assert len({(one.enrollment_id, one.position) for one in life.book}) == 24


@pytest.mark.parametrize("skew", [5 * MINUTE, -5 * MINUTE, -DAY])
def test_a_worker_whose_own_clock_is_wrong_sends_the_same_at_the_same_instants(
    skew: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backlog(new_leads_per_day=7)
    wrong = clock.now
    monkeypatch.setattr(clock, "now", lambda: wrong() + skew)
    sent = live(START, START + 3 * HOUR)
    monkeypatch.undo()
    instants = {pk: [at for at, one, _ in sent if one == pk] for pk in {pk for _, pk, _ in sent}}
    assert len(instants) == 2
    for own in instants.values():
        assert own[0] == START, "the clock of the database decides"
        assert most_within(own, 6 * MINUTE) == 1
        assert most_within(own, HOUR) <= 8
