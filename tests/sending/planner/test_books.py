"""Promised first: new contacts take no place that a follow-up of the coming day needs; a page shows whose is whose."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.planner.claim.books import books_of
from sending.planner.claim.facts import senders_of
from tests.builders import make_running_campaign
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    database_time,
    make_people,
    make_sender,
    make_spending,
    make_team,
    make_waiting,
    pick,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_team()


def make_crowd(member: Member, mailbox: Mailbox, *, new: int, promised: int, due_in: float) -> Campaign:
    """Make a campaign with new contacts who are due, and follow-ups that fall due so many hours from now."""
    campaign = make_running_campaign(member, make_people(member, new, name="new"), (mailbox,), steps=2)
    for person in make_people(member, promised, name="old"):
        make_waiting(campaign, person, mailbox, due_at=database_time() + due_in * HOUR)
    return campaign


@pytest.mark.parametrize(
    ("promised", "due_in", "begun"),
    [
        (0, 20, 10),
        (4, 20, 6),
        (6, 20, 4),
        (7, 20, 3),
        (30, 20, 3),  # three of ten are theirs in any case
        (30, 24, 10),  # whoever is due in a day finds the places of today back
        (30, 23.9, 3),
    ],
)
def test_new_contacts_get_what_the_follow_ups_of_the_coming_day_leave(
    member: Member, promised: int, due_in: float, begun: int
) -> None:
    mailbox = make_sender(member, daily_limit=10)
    make_crowd(member, mailbox, new=20, promised=promised, due_in=due_in)
    assert len(pick(mailbox)) == begun
    (book,) = books_of(senders_of([mailbox], now=database_time()), now=database_time()).values()
    assert book.total == 10


def test_places_that_come_back_in_time_are_not_kept(member: Member) -> None:
    mailbox = make_sender(member, daily_limit=10)
    make_crowd(member, mailbox, new=20, promised=5, due_in=20)
    make_spending(mailbox, 5, ago=10 * HOUR)  # they come back in 14 hours
    assert len(pick(mailbox)) == 5


def test_a_paused_campaign_promises_nothing(member: Member) -> None:
    mailbox = make_sender(member, daily_limit=10)
    paused = make_crowd(member, mailbox, new=1, promised=9, due_in=20)
    Campaign.objects.filter(pk=paused.pk).update(state="paused")
    make_running_campaign(member, make_people(member, 20, name="more"), (mailbox,), name="Other")
    assert len(pick(mailbox)) == 10


def test_the_promise_is_kept_when_it_falls_due(member: Member) -> None:
    mailbox = make_sender(member, daily_limit=10, hourly_limit=1_000)
    campaign = make_crowd(member, mailbox, new=20, promised=6, due_in=1)
    make_spending(mailbox, len(pick(mailbox)), ago=0 * HOUR, is_new_lead=True)
    campaign.enrollments.filter(next_position=2, due_at__gt=database_time()).exclude(last_sent_at=None).update(
        due_at=database_time()
    )
    assert Counter(one.is_new_lead for one in pick(mailbox)) == {False: 6}


def test_a_mailbox_that_keeps_all_its_places_says_so_until_it_may_begin_somebody(member: Member) -> None:
    mailbox = make_sender(member, daily_limit=10)
    campaign = make_crowd(member, mailbox, new=20, promised=7, due_in=20)
    make_spending(mailbox, 3, ago=2 * HOUR, is_new_lead=True)
    assert pick(mailbox) == []
    clock = MailboxClock.objects.get()
    assert clock.new_hold_words == "Of 10 places a day 3 are used and 7 kept for follow-ups to come."
    assert clock.new_hold_until == database_time() + 22 * HOUR
    campaign.enrollments.filter(mailbox=mailbox).update(due_at=database_time() + 2 * DAY)
    assert len(pick(mailbox)) == 7
    assert MailboxClock.objects.get().new_hold_until is None


def test_books_cost_one_question_however_many_mailboxes(member: Member) -> None:
    mailboxes = [make_sender(member, f"me{n}@acme.example", daily_limit=5) for n in range(12)]
    for n, mailbox in enumerate(mailboxes):
        make_spending(mailbox, n)
    now = database_time()
    senders = senders_of(mailboxes, now=now)
    with CaptureQueriesContext(connection) as asked:
        books = books_of(senders, now=now)
    assert len(asked) == 1
    assert [(books[one.pk].spent, books[one.pk].total) for one in mailboxes] == [(n, max(5, n)) for n in range(12)]


def test_the_page_shows_whose_the_places_are(member: Member, client: Client) -> None:
    mailbox = make_sender(member, daily_limit=10)
    make_crowd(member, mailbox, new=20, promised=5, due_in=20)
    make_spending(mailbox, 2, is_new_lead=True)
    client.force_login(member.user)
    page = client.get(member.url("planner:book", mailbox.pk)).content.decode()
    assert 'aria-label="2 spent, 5 kept for follow-ups, 3 free"' in page
    assert (
        member.url("planner:book", mailbox.pk)
        in client.get(member.url("mailboxes:detail", mailbox.pk)).content.decode()
    )
    region = client.get(member.url("planner:book", mailbox.pk), headers={"HX-Request": "true"}).content.decode()
    assert region.strip().startswith('<div id="book">')
    assert region.strip() in page
