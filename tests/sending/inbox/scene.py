"""One person to whom one message of two was sent, and the mails that may come back for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campaigns.contacts.models import Contact, Suppression
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from sending.imap import RawMail
from sending.inbox.models import InboundMessage
from sending.inbox.services import take_in
from sending.ledger.kinds import EventKind
from sending.ledger.queries import totals
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.planner.models import Enrollment
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_mailbox,
    make_member,
    make_message,
    make_step,
    make_workspace,
)

SENT_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
CAME_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
NEXT_AT = datetime(2026, 1, 8, 9, tzinfo=UTC)
_uids = itertools.count(1)


@dataclass(frozen=True)
class Scene:
    member: Member
    mailbox: Mailbox
    campaign: Campaign
    contact: Contact
    message: OutboundMessage

    @property
    def workspace(self) -> Workspace:
        return self.member.workspace

    @property
    def person(self) -> Enrollment:
        """The enrollment, fresh from the database."""
        return Enrollment.objects.get(campaign=self.campaign, contact=self.contact)

    @property
    def stands(self) -> tuple[str, str]:
        return self.person.state, self.person.stop_reason

    def suppressed(self) -> dict[str, str]:
        rows = Suppression.objects.filter(workspace=self.workspace).order_by("value")
        return {row.value: row.reason for row in rows}

    def counted(self) -> dict[EventKind, int]:
        return {kind: count for kind, count in totals(self.workspace.pk).items() if count}


def make_scene(
    slug: str = "acme", email: str = "ada@x.example", *, box: Callable[[Workspace], Mailbox] | None = None
) -> Scene:
    """Make a workspace whose mailbox wrote step 1 to one person at SENT_AT; step 2 is due at NEXT_AT."""
    member = make_member(make_workspace(slug))
    mailbox = box(member.workspace) if box else make_mailbox(member.workspace, f"me@{slug}.example")
    campaign = make_campaign(member.workspace)
    variant = make_step(campaign, 1, subject="Hello")
    make_step(campaign, 2, subject="")
    contact = make_contact(member.workspace, email)
    message = make_message(enroll(campaign, contact, mailbox), variant, mailbox, at=SENT_AT)
    return Scene(member, mailbox, campaign, contact, message)


def enroll(campaign: Campaign, contact: Contact, mailbox: Mailbox) -> Enrollment:
    """Make an enrollment that has got step 1."""
    return make_enrollment(
        campaign, contact, mailbox=mailbox, next_position=2, due_at=NEXT_AT, begun_at=SENT_AT, last_sent_at=SENT_AT
    )


def second_campaign(scene: Scene, contact: Contact, mailbox: Mailbox) -> OutboundMessage:
    """Write step 1 of another campaign to the contact."""
    campaign = make_campaign(scene.workspace, "Winter")
    variant = make_step(campaign, 1, subject="News")
    return make_message(enroll(campaign, contact, mailbox), variant, mailbox, at=SENT_AT)


def mail(text: str = "Yes, tell me more.", *, sender: str = "Ada <ada@x.example>", **headers: str) -> bytes:
    """Write a plain mail; a header in_reply_to="<1@x>" becomes In-Reply-To."""
    fields = {"From": sender, "To": "me@acme.example", "Subject": "Re: Hello"}
    fields |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([*lines, "", text, ""]).encode()


def with_attached(content: bytes, *, name: str, content_type: str = "application/pdf", **headers: str) -> bytes:
    """Write a mail whose part 1 is attached to it; name as it stands in the header, quoted or not."""
    head = mail("", Mime_Version="1.0", Content_Type='multipart/mixed; boundary="b"', **headers).rstrip()
    disposition = f"Content-Type: {content_type}\r\nContent-Disposition: attachment; filename={name}".encode()
    return b"\r\n".join([head, b"", b"--b", b"", b"See below", b"--b", disposition, b"", content, b"--b--", b""])


def dsn(
    original: str,
    *,
    to: str = "ada@x.example",
    status: str = "5.1.1",
    action: str = "failed",
    said: str = "smtp; 550 5.1.1 No such user here",
    sender: str = "Mail Delivery System <MAILER-DAEMON@mx.example>",
    message_id: str = "<dsn-1@mx.example>",
) -> bytes:
    """Write a report on delivery (RFC 3464) about the message with this Message-ID."""
    return f"""From: {sender}
Subject: Undelivered Mail Returned to Sender
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Diagnostic-Code: {said}

--b
Content-Type: message/rfc822

From: me@acme.example
To: {to}
Subject: Hello
Message-ID: {original}

Good day
--b--
""".replace("\n", "\r\n").encode()


def complaint(original: str) -> bytes:
    """Write a feedback report (RFC 5965) about the message with this Message-ID."""
    return f"""From: staff@provider.example
Subject: FW: Hello
Message-ID: <arf-1@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1

--b
Content-Type: message/rfc822

From: me@acme.example
Subject: Hello
Message-ID: {original}

Good day
--b--
""".replace("\n", "\r\n").encode()


def raw_mail(raw: bytes, *, at: datetime | None = CAME_AT) -> RawMail:
    return RawMail(next(_uids), at, len(raw), raw, truncated=False)


def come_in(
    scene: Scene, raw: bytes, *, mailbox: Mailbox | None = None, at: datetime | None = CAME_AT
) -> InboundMessage:
    """Let a new mail come in and return it as it was stored."""
    row = take_in(mailbox or scene.mailbox, raw_mail(raw, at=at))
    assert row is not None, "it was known already"
    row.refresh_from_db()
    return row


def days(count: float) -> timedelta:
    return timedelta(days=count)
