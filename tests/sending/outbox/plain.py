"""A stage without a sandbox: mailboxes at servers that follow a script, and calls that run beside the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django.db import connections
from django.db.models.functions import Now

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.chaos.faultsmtpd import Act, FaultServer
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.states import MailboxState
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.jobs import Job
from sending.outbox.models import OutboundMessage
from sending.planner.models import Enrollment
from sending.smtp import Security
from tests.builders import make_contact, make_mailbox, make_member, make_running_campaign, make_workspace

T = TypeVar("T")


@dataclass
class Picky(FaultServer):
    """Answers RCPT as told for some people, by the part of their address before the @."""

    people: Mapping[str, Act] = field(default_factory=dict)

    def act(self, step: str) -> Act:
        name = self.commands[-1].partition("<")[2].partition("@")[0] if step == "rcpt" else ""
        return self.people.get(name) or super().act(step)

    def asked_for(self, name: str) -> int:
        """Return how often the person was named in RCPT."""
        return sum(command.startswith(f"RCPT TO:<{name}@") for command in self.commands)


@dataclass
class Telling(FaultServer):
    """Calls somebody, once, in a thread that knows the database, before it does a step."""

    step: str = "dot"
    then: Callable[[], object] = lambda: None
    has_told: bool = False

    def act(self, step: str) -> Act:
        if step == self.step and not self.has_told:
            self.has_told = True
            Beside(self.then).result()
        return super().act(step)


@dataclass(frozen=True)
class Post:
    """A workspace whose one mailbox writes to its people."""

    member: Member
    mailbox: Mailbox
    campaign: Campaign
    people: tuple[Contact, ...]

    @property
    def messages(self) -> list[OutboundMessage]:
        return list(self.campaign.messages.order_by("id"))

    @property
    def clock(self) -> MailboxClock:
        return MailboxClock.objects.get(mailbox=self.mailbox)

    def message_to(self, name: str) -> OutboundMessage:
        return OutboundMessage.objects.get(campaign=self.campaign, recipient__startswith=f"{name}@")

    def enrollment_of(self, name: str) -> Enrollment:
        return Enrollment.objects.get(campaign=self.campaign, contact__email__startswith=f"{name}@")


def make_post(
    server: FaultServer, *names: str, slug: str = "acme", steps: int = 1, mailbox: dict[str, object] | None = None
) -> Post:
    """Launch a campaign to <name>@x.test of each name, from a mailbox without gap and ramp at the server."""
    member = make_member(make_workspace(slug))
    columns = {
        "smtp_port": server.port,
        "smtp_security": Security.PLAIN,
        "state": MailboxState.ACTIVE,
        "daily_limit": 100_000,
        "hourly_limit": 100_000,
        "gap_min_s": 0,
        "gap_max_s": 0,
        "ramp_on": False,
        **(mailbox or {}),
    }
    box = make_mailbox(member.workspace, f"me@{slug}.example", **columns)
    people = tuple(make_contact(member.workspace, f"{name}@x.test") for name in names)
    return Post(member, box, make_running_campaign(member, people, (box,), steps=steps), people)


def claim_all() -> list[Job]:
    """Lease whatever is due and claim it, as a worker does; the jobs in the order of their messages."""
    owner, mailboxes = leases.lease_due(most=100)
    return sorted(claim(owner, mailboxes), key=lambda job: job.letter.pk)


def end_backoff() -> None:
    """Push time forward by an hour or so: gaps and backoffs are over, waits of messages are not."""
    MailboxClock.objects.update(look_at=Now(), free_at=Now(), backoff_until=None, hold_until=None)


def wait_until(done: Callable[[], object], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


class Beside(Generic[T]):
    """A call that runs in a thread of its own, from now on."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._answers: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def result(self, seconds: float = 20) -> T:
        """Wait for its end; raises what it raised."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"it still runs after {seconds} s"
        if self._error is not None:
            raise self._error
        return self._answers[0]

    def _run(self) -> None:
        try:
            self._answers.append(self._call())
        except BaseException as error:  # noqa: BLE001  # raised where the result is asked for
            self._error = error
        finally:
            connections.close_all()
