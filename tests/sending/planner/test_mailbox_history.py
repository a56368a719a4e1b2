"""Why a mailbox sent nothing is kept for later: what lasts, not the gap behind each message."""

from __future__ import annotations

import pytest

from campaigns.sequences.models import Campaign
from sending.ledger.models import Stretch
from sending.mailboxes.models import Mailbox, MailboxClock
from tests.builders import make_running_campaign
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    database_time,
    make_people,
    make_sender,
    make_spending,
    make_team,
    pick,
)

pytestmark = pytest.mark.django_db


def test_a_spent_day_is_kept_until_its_first_place_comes_back() -> None:
    member = make_team()
    mailbox = make_sender(member, daily_limit=2)
    make_running_campaign(member, make_people(member, 1), (mailbox,))
    make_spending(mailbox, 2, ago=3 * HOUR)
    assert pick(mailbox) == []
    kept = Stretch.objects.get()
    assert (kept.workspace_id, kept.mailbox_id, kept.code) == (member.workspace.pk, mailbox.pk, "daily_limit")
    assert kept.until == database_time() + DAY - 3 * HOUR
    assert "2 of 2" in kept.words


def test_a_limit_that_is_raised_ends_it() -> None:
    member = make_team()
    mailbox = make_sender(member, daily_limit=2)
    make_running_campaign(member, make_people(member, 1), (mailbox,))
    make_spending(mailbox, 2, ago=3 * HOUR)
    pick(mailbox)
    Mailbox.objects.update(daily_limit=3)
    assert len(pick(mailbox)) == 1
    assert Stretch.objects.get().until == database_time()


def test_the_gap_behind_a_message_leaves_nothing() -> None:
    member = make_team()
    mailbox = make_sender(member)
    MailboxClock.objects.update(free_at=database_time() + HOUR)
    assert pick(mailbox) == []
    assert MailboxClock.objects.get().hold_code == "gap"
    assert not Stretch.objects.exists()


def test_an_unread_mailbox_holds_its_follow_ups_and_nobody_else() -> None:
    member = make_team()
    mailbox = make_sender(member)
    MailboxClock.objects.update(synced_at=database_time() - HOUR)
    pick(mailbox)
    kept = Stretch.objects.get()
    assert (kept.scope, kept.code, kept.mailbox_id) == ("follow_ups", "sync_stale", mailbox.pk)
    MailboxClock.objects.update(synced_at=database_time())
    pick(mailbox)
    assert Stretch.objects.get().until == database_time()


def test_new_contacts_that_are_used_up_are_kept_with_their_campaign() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, make_people(member, 2), (mailbox,), new_leads_per_day=1)
    assert len(pick(mailbox)) == 1
    kept = Stretch.objects.get()
    assert (kept.scope, kept.code, kept.campaign_id, kept.mailbox_id) == (
        "new_leads", "new_leads_limit", campaign.pk, 0,
    )  # fmt: skip
    assert kept.until == database_time() + DAY
    Campaign.objects.update(new_leads_per_day=2)
    assert len(pick(mailbox)) == 1
