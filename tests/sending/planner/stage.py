"""A stage for picks: mailboxes that may send, people who are due, and a claim without any outbox behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models.functions import Now

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.mailboxes.states import MailboxState
from sending.planner.claim import picking
from sending.planner.claim.picking import Pick
from sending.planner.models import Enrollment
from tests.builders import (
    make_contact,
    make_enrollment,
    make_mailbox,
    make_member,
    make_running_campaign,
    make_workspace,
)
from tests.locks import somebody_waits

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def make_team(slug: str = "acme") -> Member:
    return make_member(make_workspace(slug))


def make_people(member: Member, count: int, *, name: str = "p", **values: object) -> tuple[Contact, ...]:
    """Make contacts p0@example.com, p1@example.com ..."""
    return tuple(make_contact(member.workspace, f"{name}{n}@example.com", **values) for n in range(count))


def make_sender(member: Member, address: str = "me@acme.example", **values: object) -> Mailbox:
    """Make an active mailbox, read just now, without gap and ramp."""
    columns = {
        "state": MailboxState.ACTIVE, "daily_limit": 1_000, "hourly_limit": 1_000, "gap_min_s": 0, "gap_max_s": 0,
        "ramp_on": False, **values,
    }  # fmt: skip
    mailbox = make_mailbox(member.workspace, address, **columns)
    now = database_time()  # of the transaction, as the claim will see it
    MailboxClock.objects.filter(mailbox=mailbox).update(synced_at=now, free_at=now, look_at=now)
    return mailbox


def make_empty_campaign(member: Member, *mailboxes: Mailbox) -> Campaign:
    """Make a running campaign of two steps that nobody is in."""
    bystander = make_contact(member.workspace, "bystander@example.com")
    campaign = make_running_campaign(member, (bystander,), mailboxes, steps=2)
    Enrollment.objects.filter(campaign=campaign).delete()
    return campaign


def make_waiting(campaign: Campaign, contact: Contact, mailbox: Mailbox, *, due_at: datetime) -> Enrollment:
    """Enroll somebody whose first message went out from the mailbox four days ago."""
    sent_at = database_time() - 4 * DAY
    return make_enrollment(
        campaign, contact, mailbox=mailbox, next_position=2, begun_at=sent_at, last_sent_at=sent_at, due_at=due_at
    )


def make_spending(mailbox: Mailbox, count: int, *, ago: timedelta = HOUR * 2, is_new_lead: bool = False) -> None:
    spent_at = database_time() - ago
    rows = [Spending(mailbox=mailbox, spent_at=spent_at, is_new_lead=is_new_lead) for _ in range(count)]
    Spending.objects.bulk_create(rows)


def happen(
    campaign: Campaign | None,
    mailbox: Mailbox,
    kind: EventKind,
    times: int = 1,
    *,
    ago: timedelta = HOUR,
    contact_id: int | None = None,
    **data: object,
) -> None:
    """Record an event of a mailbox, of a campaign and a contact where there are some, as often as is said."""
    at, campaign_id = database_time() - ago, campaign.pk if campaign else None
    one = Entry(
        mailbox.workspace_id, kind, at, campaign_id=campaign_id, contact_id=contact_id, mailbox_id=mailbox.pk, data=data
    )
    record([one] * times)


def pick(*mailboxes: Mailbox) -> list[Pick]:
    """Pick for mailboxes as a worker does that holds their lease."""
    owner = lease(mailboxes)
    with transaction.atomic():
        return picking.pick(picking.begin(owner, [mailbox.pk for mailbox in mailboxes]))


def lease(mailboxes: Sequence[Mailbox]) -> Any:
    owner = uuid4()
    MailboxClock.objects.filter(mailbox__in=mailboxes).update(lease_owner=owner, lease_until=Now() + HOUR)
    return owner


def emails(picks: Sequence[Pick]) -> list[str]:
    return [one.contact.email for one in picks]


def put_to_sleep() -> None:
    """Let every mailbox rest for an hour, as when nothing is due."""
    MailboxClock.objects.update(look_at=Now() + HOUR)


def sleepers() -> list[str]:
    """Return the addresses of the mailboxes that nobody looks at for a while."""
    rows = MailboxClock.objects.filter(look_at__gt=Now() + HOUR / 2)
    return list(rows.order_by("mailbox_id").values_list("mailbox__address", flat=True))


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        found: datetime = cursor.fetchone()[0]
        return found


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run calls in threads that begin together; return what each returned or raised."""
    results: list[object] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(place: int) -> None:
        try:
            barrier.wait(10)
            results[place] = calls[place]()
        except Exception as error:  # noqa: BLE001  # handed to the test
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), "two of them wait for each other"
    return results


def wait_for_a_lock(*, seconds: float = 10) -> None:
    """Wait until another session waits for a lock of ours."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if somebody_waits():
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")
