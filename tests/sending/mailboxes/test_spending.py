"""What a message costs its mailbox: a place in the book, the gap, a day of the ramp; old entries are forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from outreach.accounts.access import Member
from sending.mailboxes.budgets import budgets_of, database_now
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.mailboxes.spending import Spent, spend, trim
from sending.mailboxes.states import MailboxState
from tests.builders import make_mailbox

pytestmark = pytest.mark.django_db

HOUR, DAY, INSTANT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)


def spent(mailbox: Mailbox, ago: timedelta = timedelta(0), *, gap_s: float = 600) -> Spent:
    return Spent(mailbox.pk, database_now() - ago, is_new_lead=False, gap_s=gap_s, day_s=DAY.total_seconds())


def clock_of(mailbox: Mailbox) -> MailboxClock:
    return MailboxClock.objects.get(mailbox=mailbox)


@pytest.fixture
def mailbox(member: Member) -> Mailbox:
    return make_mailbox(member.workspace, state=MailboxState.ACTIVE)


def test_each_message_takes_its_place_in_the_book_of_its_mailbox(member: Member, mailbox: Mailbox) -> None:
    other = make_mailbox(member.workspace, "other@acme.example", state=MailboxState.ACTIVE)
    spend([spent(mailbox, 2 * HOUR), replace(spent(mailbox), is_new_lead=True), spent(other)])
    usages = [(book.usage.hour, book.usage.day, book.usage.new_leads_day) for book in budgets_of([mailbox, other])]
    assert usages == [(1, 2, 1), (1, 1, 0)]


def test_nothing_spent_changes_nothing(mailbox: Mailbox) -> None:
    before = clock_of(mailbox).free_at
    spend([])
    assert clock_of(mailbox).free_at == before
    assert not Spending.objects.exists()


def test_the_gap_runs_from_the_last_message_and_is_never_shortened(mailbox: Mailbox) -> None:
    now = database_now()
    spend([spent(mailbox, timedelta(minutes=9), gap_s=60), spent(mailbox, gap_s=600)])
    assert clock_of(mailbox).free_at == now + timedelta(minutes=10)
    spend([spent(mailbox, gap_s=60)])
    assert clock_of(mailbox).free_at == now + timedelta(minutes=10)


def test_a_day_of_the_ramp_is_done_when_a_message_leaves_after_it(mailbox: Mailbox) -> None:
    now = database_now()
    seen = []
    for ago in (3 * DAY, 3 * DAY - HOUR, 2 * DAY + INSTANT, 2 * DAY, timedelta(0)):
        spend([spent(mailbox, ago)])
        seen.append((clock_of(mailbox).ramp_days, now - (clock_of(mailbox).ramp_day_at or now)))
    # The day begins with its first message and is over a day later; days without a message do not count.
    assert seen == [(0, 3 * DAY), (0, 3 * DAY), (0, 3 * DAY), (1, 2 * DAY), (2, timedelta(0))]


def test_what_no_campaign_sends_is_no_day_of_the_ramp_and_ends_none(mailbox: Mailbox) -> None:
    for ago in (3 * DAY, 2 * DAY, DAY):
        spend([replace(spent(mailbox, ago), climbs=False)])
    assert (clock_of(mailbox).ramp_days, clock_of(mailbox).ramp_day_at) == (0, None)
    spend([spent(mailbox, 2 * DAY)])
    spend([replace(spent(mailbox), climbs=False)])
    assert clock_of(mailbox).ramp_days == 0
    spend([spent(mailbox), replace(spent(mailbox), climbs=False)])
    assert clock_of(mailbox).ramp_days == 1


def test_many_messages_at_once_are_one_day_of_the_ramp(mailbox: Mailbox) -> None:
    spend([spent(mailbox, 2 * DAY)])
    spend([spent(mailbox), spent(mailbox), spent(mailbox)])
    assert clock_of(mailbox).ramp_days == 1


def test_where_time_runs_faster_a_day_of_the_ramp_is_shorter(mailbox: Mailbox) -> None:
    for ago in (timedelta(minutes=3), timedelta(0)):
        spend([replace(spent(mailbox, ago), day_s=60)])
    assert clock_of(mailbox).ramp_days == 1


def test_what_no_budget_looks_at_any_more_is_forgotten(mailbox: Mailbox) -> None:
    spend([spent(mailbox, ago) for ago in (5 * DAY, 2 * DAY + INSTANT, 2 * DAY, DAY - INSTANT)])
    assert trim() == 2
    assert Spending.objects.count() == 2
    assert budgets_of([mailbox])[0].usage.day == 1
    assert trim() == 0
