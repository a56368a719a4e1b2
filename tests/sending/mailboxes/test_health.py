"""The health of a mailbox over its days: what cuts it, what mends it, what is kept of it and shown."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

from outreach.accounts.access import Member
from sending.mailboxes.budgets import budgets_of, database_now
from sending.mailboxes.health import newest_changes, note
from sending.mailboxes.models import HealthChange, Mailbox, MailboxClock
from sending.mailboxes.services import resume, shut_out
from sending.mailboxes.spending import Spent, spend
from sending.mailboxes.states import MailboxState
from sending.pacing.health import Cause, Health, Signal, replay
from tests.builders import make_mailbox

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def mailbox(member: Member) -> Mailbox:
    return make_mailbox(
        member.workspace, "me@acme.test", state=MailboxState.ACTIVE, daily_limit=40, ramp_on=True, ramp_start=5
    )


def send(mailbox: Mailbox, at: datetime) -> None:
    spend([Spent(mailbox.pk, at, is_new_lead=False, gap_s=0, day_s=DAY.total_seconds())])


def clock(mailbox: Mailbox) -> MailboxClock:
    return MailboxClock.objects.get(mailbox=mailbox)


def story(mailbox: Mailbox) -> list[tuple[str, int]]:
    return list(HealthChange.objects.filter(mailbox=mailbox).order_by("id").values_list("cause", "percent"))


def test_a_block_halves_it_and_clean_days_give_it_back_in_steps(mailbox: Mailbox) -> None:
    first = database_now() - 20 * DAY
    send(mailbox, first)
    note(mailbox.pk, Cause.BLOCK, "550 5.7.1 go away", at=first + DAY / 2)
    for day in range(1, 9):
        send(mailbox, first + day * DAY)
    assert story(mailbox) == [("block", 50), *[("clean_day", percent) for percent in (60, 70, 80, 90, 100)]]
    assert clock(mailbox).health == 100


def test_the_ramp_does_not_climb_behind_a_day_with_a_bad_signal(mailbox: Mailbox) -> None:
    first = database_now() - 20 * DAY
    climbed = []
    for day, cause in enumerate((None, Cause.REFUSAL, None, Cause.BLOCK, None)):
        send(mailbox, first + day * DAY)
        climbed.append(clock(mailbox).ramp_days)
        if cause:
            note(mailbox.pk, cause, "refused", at=first + day * DAY + DAY / 2)
    assert climbed == [0, 1, 1, 2, 2]


def test_idle_time_halves_it_at_once_and_is_written_down_with_the_next_message(mailbox: Mailbox) -> None:
    Mailbox.objects.update(ramp_on=False)
    mailbox.refresh_from_db()
    now = database_now()
    send(mailbox, now - 61 * DAY)
    (book,) = budgets_of([mailbox])
    assert (book.health, book.budget, book.bound) == (25, 10, "its health leaves 10 of 40")
    assert story(mailbox) == []
    send(mailbox, now)
    assert story(mailbox) == [("idle", 50), ("idle", 25)]
    (book,) = budgets_of([mailbox])
    assert (book.health, book.budget) == (25, 10)
    send(mailbox, now + DAY)
    assert story(mailbox)[-1] == ("clean_day", 35)


def test_who_is_shut_out_and_resumed_goes_on_at_half(mailbox: Mailbox) -> None:
    Mailbox.objects.update(ramp_on=False)
    mailbox.refresh_from_db()
    assert shut_out(mailbox.pk, "550 5.7.1 go away", cause=Cause.BLOCK)
    resume(mailbox.pk)
    (book,) = budgets_of([mailbox])
    assert (book.health, book.budget) == (50, 20)
    shut_out(mailbox.pk, "550 5.7.1 go away", cause=Cause.BLOCK)
    assert clock(mailbox).health == 50, "once in a day"


def test_a_fault_of_its_own_settings_says_nothing_about_its_reputation(mailbox: Mailbox) -> None:
    assert shut_out(mailbox.pk, "The display name cannot be written into a header.")
    assert (clock(mailbox).health, story(mailbox)) == (100, [])


def test_the_stored_rows_tell_the_whole_story_again(mailbox: Mailbox) -> None:
    at = database_now() - 100 * DAY
    for hours, cause in (
        (0, Cause.BLOCK), (3, Cause.COMPLAINT), (24, Cause.CLEAN_DAY), (30, Cause.BOUNCES), (31, Cause.REFUSAL),
        (60, Cause.IDLE), (70, Cause.CLEAN_DAY), (95, Cause.CLEAN_DAY), (96, Cause.BLOCK),
    ):  # fmt: skip
        note(mailbox.pk, cause, "signal", at=at + timedelta(hours=hours))
    rows = HealthChange.objects.filter(mailbox=mailbox).order_by("id")
    told = replay(Signal(Cause(row.cause), row.at) for row in rows)
    assert told == Health(clock(mailbox).health, clock(mailbox).cut_at)
    assert [row.percent for row in rows] == [
        replay(Signal(Cause(one.cause), one.at) for one in rows[: place + 1]).percent for place in range(len(rows))
    ]


def test_the_page_tells_what_cut_it_and_what_binds_the_budget(mailbox: Mailbox, admin: Client, member: Member) -> None:
    note(mailbox.pk, Cause.BLOCK, "550 5.7.1 blocked by <b>policy</b>")
    page = admin.get(member.url("mailboxes:detail", mailbox.pk)).content.decode()
    assert "550 5.7.1 blocked by &lt;b&gt;policy&lt;/b&gt;" in page
    assert "the ramp allows 5 of 40; its health leaves 2 of 5" in page
    assert [one.percent for one in newest_changes(mailbox)] == [50]


def test_the_ceiling_of_the_provider_binds_and_is_named(member: Member) -> None:
    mailbox = make_mailbox(
        member.workspace, "me@gmail.com", smtp_host="smtp.gmail.com", state=MailboxState.ACTIVE, daily_limit=900,
        ramp_on=False,
    )  # fmt: skip
    (book,) = budgets_of([mailbox])
    assert book.budget == 500
    assert book.bound == "Gmail bears 500 a day, the limit is 900"
