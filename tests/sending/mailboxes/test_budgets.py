"""The account book of mailboxes against rows of spending: rolling hour and day, ramp, holds, in few queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from sending.mailboxes.budgets import Budget, budgets_of, database_now, facts_of, limits_of, usages_of
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.mailboxes.states import MailboxState
from sending.pacing import Hold, HoldCode, Limits, MailboxFacts, Pace, Usage
from tests.builders import make_mailbox, make_workspace

pytestmark = pytest.mark.django_db

HOUR, DAY, INSTANT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)


def active(workspace: Workspace, address: str = "me@acme.test", **values: object) -> Mailbox:
    return make_mailbox(workspace, address, state=MailboxState.ACTIVE, **values)


def spend(mailbox: Mailbox, *ages: timedelta, is_new_lead: bool = False) -> None:
    """Write down messages that left the mailbox so long ago."""
    now = database_now()
    Spending.objects.bulk_create(
        [Spending(mailbox=mailbox, spent_at=now - age, is_new_lead=is_new_lead) for age in ages]
    )


def clock_of(mailbox: Mailbox, **values: object) -> MailboxClock:
    MailboxClock.objects.filter(mailbox=mailbox).update(**values)
    return MailboxClock.objects.select_related("mailbox__workspace").get(mailbox=mailbox)


def usage_of(mailbox: Mailbox) -> Usage:
    return usages_of([clock_of(mailbox)], now=database_now())[mailbox.pk]


def book_of(mailbox: Mailbox) -> Budget:
    (book,) = budgets_of([mailbox])
    return book


def test_nothing_spent_is_nothing_used(member: Member) -> None:
    assert usage_of(active(member.workspace)) == Usage()


def test_hour_and_day_roll_and_end_to_the_instant(member: Member) -> None:
    mailbox = active(member.workspace)
    spend(mailbox, timedelta(0), HOUR - INSTANT, HOUR, HOUR + INSTANT, DAY - INSTANT, DAY, DAY + INSTANT)
    usage = usage_of(mailbox)
    assert (usage.hour, usage.day) == (2, 5)


def test_the_oldest_message_gives_its_place_back_first(member: Member) -> None:
    mailbox = active(member.workspace)
    spend(mailbox, timedelta(minutes=5), timedelta(minutes=50), timedelta(hours=20), timedelta(hours=30))
    usage, now = usage_of(mailbox), database_now()
    assert usage.hour_frees_at == now + timedelta(minutes=10)
    assert usage.day_frees_at == now + timedelta(hours=4)


def test_a_day_without_an_hour_has_no_place_to_come_back_in_the_hour(member: Member) -> None:
    mailbox = active(member.workspace)
    spend(mailbox, timedelta(hours=2))
    usage = usage_of(mailbox)
    assert (usage.hour, usage.hour_frees_at) == (0, None)
    assert usage.day_frees_at == database_now() + timedelta(hours=22)


def test_new_leads_are_counted_apart(member: Member) -> None:
    mailbox = active(member.workspace)
    spend(mailbox, HOUR, HOUR, is_new_lead=True)
    spend(mailbox, HOUR)
    spend(mailbox, DAY, is_new_lead=True)
    usage = usage_of(mailbox)
    assert (usage.day, usage.new_leads_day) == (3, 2)


def test_each_mailbox_has_its_own_book(member: Member) -> None:
    boxes = [active(member.workspace, f"{name}@acme.test") for name in ("a", "b", "c")]
    spend(boxes[0], timedelta(0))
    spend(boxes[2], timedelta(0), HOUR, 2 * HOUR)
    books = budgets_of(list(reversed(boxes)))
    assert [(book.mailbox.address, book.usage.day) for book in books] == [
        ("c@acme.test", 3),
        ("b@acme.test", 0),
        ("a@acme.test", 1),
    ]


def test_where_time_runs_faster_the_day_is_shorter(member: Member) -> None:
    quick = make_workspace("quick")
    Workspace.objects.filter(pk=quick.pk).update(time_scale=24)
    quick.refresh_from_db()
    fast, slow = active(quick), active(member.workspace)
    for mailbox in (fast, slow):
        spend(mailbox, timedelta(minutes=2), timedelta(minutes=30), timedelta(minutes=90))
    books = {book.mailbox.pk: book.usage for book in budgets_of([fast, slow])}
    assert (books[fast.pk].hour, books[fast.pk].day) == (1, 2)
    assert (books[slow.pk].hour, books[slow.pk].day) == (2, 3)
    assert books[fast.pk].day_frees_at == database_now() + timedelta(minutes=30)


@pytest.mark.parametrize(("days", "budget"), [(0, 5), (1, 7), (3, 11), (12, 29), (13, 30), (400, 30)])
def test_the_ramp_climbs_with_each_sending_day_up_to_the_limit(member: Member, days: int, budget: int) -> None:
    mailbox = active(member.workspace)
    clock_of(mailbox, ramp_days=days)
    spend(mailbox, *[timedelta(hours=2)] * 3)
    book = book_of(mailbox)
    assert (book.budget, book.free, book.usage.sending_days) == (budget, budget - 3, days)


def test_without_a_ramp_the_limit_counts(member: Member) -> None:
    assert book_of(active(member.workspace, ramp_on=False)).budget == 30


def test_more_than_the_budget_leaves_nothing_and_never_less(member: Member) -> None:
    mailbox = active(member.workspace)
    spend(mailbox, *[timedelta(hours=2)] * 9)
    assert book_of(mailbox).free == 0


def held(mailbox: Mailbox) -> Hold:
    hold = book_of(mailbox).hold
    assert hold is not None
    return hold


def test_a_full_day_holds_until_its_oldest_message_is_a_day_old(member: Member) -> None:
    mailbox = active(member.workspace)
    spend(mailbox, timedelta(hours=20), *[timedelta(hours=2)] * 4)
    hold = held(mailbox)
    assert (hold.code, hold.until) == (HoldCode.DAILY_LIMIT, database_now() + timedelta(hours=4))
    assert hold.words == "5 of 5 messages of the last 24 hours are sent (the ramp allows 5 of 30)."


def test_a_full_hour_holds_until_its_oldest_message_is_an_hour_old(member: Member) -> None:
    mailbox = active(member.workspace, ramp_on=False, hourly_limit=2)
    spend(mailbox, timedelta(minutes=45), timedelta(minutes=10))
    hold = held(mailbox)
    assert (hold.code, hold.until) == (HoldCode.HOURLY_LIMIT, database_now() + timedelta(minutes=15))


def test_gap_and_backoff_hold_until_they_are_over(member: Member) -> None:
    mailbox, now = active(member.workspace), database_now()
    clock_of(mailbox, free_at=now + timedelta(minutes=7))
    assert (held(mailbox).code, held(mailbox).until) == (HoldCode.GAP, now + timedelta(minutes=7))
    clock_of(mailbox, backoff_until=now + timedelta(minutes=9), backoff_words="421 4.7.0 later")
    assert (held(mailbox).code, held(mailbox).words) == (HoldCode.MAILBOX_BACKOFF, "421 4.7.0 later")
    clock_of(mailbox, free_at=now, backoff_until=now)
    assert book_of(mailbox).hold is None


def test_the_facts_are_what_the_rows_say(member: Member) -> None:
    mailbox, now = active(member.workspace, gap_min_s=60, gap_max_s=90, ramp_step=3), database_now()
    clock = clock_of(mailbox, synced_at=now - HOUR, free_at=now - DAY)
    usage = Usage(day=1)
    assert facts_of(clock, usage, now=now) == MailboxFacts(
        now=now,
        pace=Pace(1),
        limits=Limits(30, 8, timedelta(seconds=60), timedelta(seconds=90), ramp_start=5, ramp_step=3),
        usage=usage,
        state="",
        free_at=now - DAY,
        synced_at=now - HOUR,
    )
    mailbox.ramp_on = False
    assert limits_of(mailbox).ramp_start is None


def test_the_clock_of_the_database_decides(member: Member) -> None:
    mailbox = active(member.workspace)
    with time_machine.travel(database_now() + timedelta(days=365)):
        Spending.objects.create(mailbox=mailbox)
        usage = usage_of(mailbox)
        assert (usage.hour, usage.day) == (1, 1)
        assert usage.day_frees_at is not None
        assert abs(usage.day_frees_at - database_now() - DAY) < timedelta(minutes=1)


def test_many_mailboxes_cost_as_many_queries_as_one(member: Member) -> None:
    boxes = [active(member.workspace, f"{number}@acme.test") for number in range(20)]
    for mailbox in boxes:
        spend(mailbox, timedelta(0), HOUR)
    with CaptureQueriesContext(connection) as one:
        budgets_of(boxes[:1])
    with CaptureQueriesContext(connection) as many:
        assert [book.usage.day for book in budgets_of(boxes)] == [2] * 20
    assert len(one) == len(many) == 3
