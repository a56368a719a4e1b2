"""A stage for lives of messages: a running sandbox, a workspace, one mailbox, and time that can be pushed forward."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models.functions import Now

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.kit import loops
from sending.inbox import reading
from sending.inbox.models import MailboxSync
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.outbox import leases
from sending.outbox.courier import Courier
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState
from sending.sandbox.world import SandboxWorld
from tests.builders import make_contact, make_member, make_running_campaign, make_sandbox_mailbox, make_workspace

ACCOUNTS = {f"me{number}@acme.test": f"secret-{number}" for number in range(300)}
_accounts = itertools.count()
_PAST = timedelta(seconds=1)


@dataclass(frozen=True)
class Stage:
    world: SandboxWorld
    member: Member
    mailbox: Mailbox
    campaign: Campaign
    contact: Contact

    @property
    def message(self) -> OutboundMessage:
        """The newest message, fresh from the database."""
        return OutboundMessage.objects.order_by("-id")[0]

    @property
    def person(self) -> Enrollment:
        return Enrollment.objects.get(campaign=self.campaign, contact=self.contact)

    def accepted(self) -> list[str]:
        """Return the Message-IDs that the server took for the contact, in order."""
        return [row["message_id"] for row in self.world.accepted() if row["recipient"] == self.contact.email]


def make_stage(world: SandboxWorld, email: str, *, steps: int = 1, account: dict[str, object] | None = None) -> Stage:
    """Launch a campaign to one person, from a mailbox that no other test uses."""
    member = make_member(make_workspace())
    contact = make_contact(member.workspace, email)
    mailbox = make_sandbox_mailbox(member.workspace, world.info, f"me{next(_accounts)}@acme.test", **(account or {}))
    reading.read(sync_of(mailbox))  # its folders are known before anything comes in
    campaign = make_running_campaign(member, (contact,), (mailbox,), steps=steps)
    return Stage(world, member, mailbox, campaign, contact)


def sync_of(mailbox: Mailbox) -> int:
    MailboxSync.objects.get_or_create(mailbox=mailbox)
    return mailbox.pk


def deliver(*, work_s: float = 2.0) -> int:
    """Do what a tick and its task do. Returns how many attempts were made."""
    owner, mailboxes = leases.lease_due(most=100)
    mine, held = leases.take_over(owner, mailboxes)
    return loops.run(Courier(mine, held, work_s=work_s).run()) if held else 0


def make_due() -> None:
    """Push time forward: every wait, gap and backoff is over, and every mailbox was read just now."""
    OutboundMessage.objects.filter(state=MessageState.DEFERRED).update(retry_at=Now() - _PAST)
    Enrollment.objects.filter(state=EnrollmentState.ACTIVE).update(due_at=Now() - _PAST)
    MailboxClock.objects.update(
        look_at=Now() - _PAST, free_at=Now() - _PAST, backoff_until=None, hold_until=None, synced_at=Now()
    )


def read_until(mailbox: Mailbox, done: Callable[[], object], *, seconds: float = 15) -> None:
    """Read the mailbox until something has come in."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "nothing came in"
        time.sleep(0.1)
        found = reading.read(mailbox.pk)
        assert not found.problem, found.problem
