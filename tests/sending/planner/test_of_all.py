"""Verdicts that bind everybody of a campaign or a mailbox: kept once, explained to each, at a flat cost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.services import note_synced
from sending.outbox import leases
from sending.pacing import HoldCode
from sending.planner.explain.reasons import with_reasons
from sending.planner.models import CampaignHold, Enrollment
from sending.planner.queries import held_by_reason, people_of, standing_of
from tests.builders import make_running_campaign
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    database_time,
    emails,
    lease,
    make_empty_campaign,
    make_people,
    make_sender,
    make_team,
    make_waiting,
    pick,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def make_full(member: Member, mailbox: Mailbox, *, waiting: int, name: str = "full") -> Campaign:
    """Make a campaign that has begun the one contact that it may begin in a day."""
    people = make_people(member, waiting + 1, name=name)
    campaign = make_running_campaign(member, people, (mailbox,), name=name, new_leads_per_day=1)
    assert len(pick(mailbox)) == 1
    return campaign


def rows_of(campaign: Campaign) -> list[tuple[object, ...]]:
    """Return the rows of the people, with the transaction that wrote each last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT e.*, e.xmin, e.ctid FROM planner_enrollment e WHERE campaign_id = %s", [campaign.pk])
        return sorted(cursor.fetchall())


def next_look(mailbox: Mailbox) -> datetime:
    """Return when a worker that gives the mailbox back will have it looked at."""
    owner = lease([mailbox])
    MailboxClock.objects.update(look_at=database_time() + 365 * DAY)  # as the lease leaves it
    leases.release(owner, [mailbox.pk], patience_s=0)
    return MailboxClock.objects.get(mailbox=mailbox).look_at


def test_a_full_campaign_is_held_once_and_nobody_in_it_is_written() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_full(member, mailbox, waiting=30)
    before = rows_of(campaign)
    for _ in range(3):
        assert pick(mailbox) == []
    assert rows_of(campaign) == before
    assert not Event.objects.filter(kind=EventKind.HELD).exists()
    hold = CampaignHold.objects.get()
    assert (hold.code, hold.words) == (
        HoldCode.NEW_LEADS_LIMIT, "1 of 1 new contacts of the last 24 hours are begun.",
    )  # fmt: skip
    assert hold.until == database_time() + DAY


def test_everybody_who_waits_in_it_is_told_why_and_until_when() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_full(member, mailbox, waiting=5)
    absent = Enrollment.objects.filter(campaign=campaign, state="active").order_by("pk")[0]
    Enrollment.objects.filter(pk=absent.pk).update(
        hold_code=HoldCode.ABSENT, hold_detail="Away", due_at=database_time() + HOUR
    )
    later = Enrollment.objects.filter(campaign=campaign, state="active").order_by("-pk")[0]
    Enrollment.objects.filter(pk=later.pk).update(due_at=database_time() + HOUR)
    told = {row.pk: (row.why_code, row.why_until) for row in people_of(campaign, state="active")}
    assert told.pop(absent.pk) == (HoldCode.ABSENT, database_time() + HOUR)
    assert told.pop(later.pk) == ("", database_time() + HOUR), "not due yet: nothing holds them"
    assert set(told.values()) == {(HoldCode.NEW_LEADS_LIMIT, database_time() + DAY)}
    assert held_by_reason(campaign) == {HoldCode.NEW_LEADS_LIMIT: 3, HoldCode.ABSENT: 1, "": 1}
    assert standing_of([campaign.pk])[campaign.pk].held == 4
    assert people_of(campaign, hold=HoldCode.NEW_LEADS_LIMIT).count() == 3
    assert people_of(campaign, hold="any").count() == 4


def test_a_hold_of_another_campaign_or_of_yesterday_says_nothing() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_full(member, mailbox, waiting=2)
    other = make_running_campaign(member, make_people(member, 2, name="other"), (mailbox,), name="other")
    CampaignHold.objects.update(until=database_time())
    assert held_by_reason(campaign) == {"": 2}
    CampaignHold.objects.update(campaign=other, until=database_time() + DAY)
    assert held_by_reason(campaign) == {"": 2}


def test_a_claim_costs_the_same_for_ten_who_wait_and_for_a_thousand() -> None:
    member = make_team()
    asked, read = [], []
    for size in (10, 1_000):
        mailbox = make_sender(member, f"of{size}@acme.example")
        make_full(member, mailbox, waiting=size, name=f"full{size}")
        owner = lease([mailbox])
        with CaptureQueriesContext(connection) as queries:
            assert pick(mailbox) == []
            leases.release(owner, [mailbox.pk], patience_s=0)
        asked.append(len(queries))
        read += [
            one["sql"] for one in queries if "FOR UPDATE OF e" in one["sql"] and "mailbox_id IS NULL" in one["sql"]
        ]
    assert asked[0] == asked[1]
    assert read == [], "the people of a full campaign are not looked at"


def test_a_raised_limit_counts_from_the_next_claim() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_full(member, mailbox, waiting=5)
    Campaign.objects.update(new_leads_per_day=3)
    assert len(pick(mailbox)) == 2
    assert CampaignHold.objects.exists()
    Campaign.objects.update(new_leads_per_day=None)
    assert len(pick(mailbox)) == 3
    assert not CampaignHold.objects.exists(), "nothing holds it any more"
    assert standing_of([campaign.pk])[campaign.pk].held == 0


def test_a_mailbox_rests_until_its_full_campaign_may_begin_somebody_or_for_ten_minutes() -> None:
    member = make_team()
    mailbox = make_sender(member)
    make_full(member, mailbox, waiting=5)
    now = database_time()
    for until, rests in ((5 * MINUTE, 5 * MINUTE), (DAY, 10 * MINUTE)):
        CampaignHold.objects.update(until=now + until)
        assert next_look(mailbox) == now + rests


def test_an_unread_mailbox_holds_its_follow_ups_at_itself() -> None:
    member = make_team()
    mailbox = make_sender(member)
    new, *old = make_people(member, 4)
    campaign = make_running_campaign(member, (new,), (mailbox,), steps=2)
    for person in old:
        make_waiting(campaign, person, mailbox, due_at=database_time() - HOUR)
    MailboxClock.objects.update(synced_at=database_time() - 16 * MINUTE)
    Enrollment.objects.filter(contact=new).update(due_at=database_time() + DAY)
    before = rows_of(campaign)
    assert pick(mailbox) == []
    assert rows_of(campaign) == before
    assert held_by_reason(campaign) == {HoldCode.SYNC_STALE: 3, "": 1}
    row = with_reasons(Enrollment.objects.filter(contact=old[0])).get()
    assert "a follow-up waits until we know that there is no reply" in row.why_words
    assert next_look(mailbox) == database_time() + MINUTE
    note_synced(mailbox.pk, database_time())
    assert sorted(emails(pick(mailbox))) == sorted(person.email for person in old)
    assert MailboxClock.objects.get().follow_up_hold_until is None


def test_no_hold_of_a_campaign_binds_others_than_new_contacts() -> None:
    campaign = make_empty_campaign(member := make_team(), make_sender(member))
    now = database_time()
    with pytest.raises(IntegrityError, match="planner_known_hold_scope"), transaction.atomic():
        CampaignHold.objects.create(campaign=campaign, scope="all", code="new_leads_limit", since=now, until=now)
