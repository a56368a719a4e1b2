"""Plain builders: each makes one row with explicit values. Rooms add their own below."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.db.models.functions import Now

from campaigns.contacts.models import Contact, ContactImport, ContactList, ListMember, Segment, Suppression
from campaigns.contacts.states import LegalBasis, SuppressionReason
from campaigns.library.models import Snippet, StepTemplate
from campaigns.sequences.models import AudienceList, Branch, Campaign, Path, SendWindow, Step, Variant
from campaigns.sequences.states import BranchKind, ReplyClass, StepThread
from outreach.accounts.access import Member
from outreach.accounts.models import Membership, User, Workspace
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.addresses import parse_address
from sending.bounces import Kind
from sending.domains.keys import sealed as sealed_key
from sending.domains.models import DomainKey
from sending.inbox.models import InboundMessage, SetAside
from sending.links.models import TrackingDomain
from sending.links.states import DomainState, Finding
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.services import store_passwords
from sending.mailboxes.states import MailboxState
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.lawful.covering import cover
from sending.planner.models import CampaignGround, CampaignMailbox, Enrollment
from sending.planner.services import launch
from sending.planner.services.limits import set_throttles
from sending.planner.states import EnrollmentState
from sending.sandbox.world import WorldInfo
from sending.smtp import Security
from sending.smtp.dkim import SigningKey, make_private_key

PASSWORD = "correct horse battery"


def make_user(email: str = "owner@example.com", *, name: str = "Olive Owner") -> User:
    return User.objects.create_user(email, PASSWORD, name=name)


def make_workspace(slug: str = "acme", *, name: str = "Acme") -> Workspace:
    """Make a workspace without throttles: the people of a test share a domain."""
    workspace = Workspace.objects.create(slug=slug, name=name, postal_address="1 Main Street, Springfield")
    set_throttles(workspace, {})
    return workspace


def make_member(workspace: Workspace, role: Role = Role.OWNER, *, email: str = "") -> Member:
    """Make a user with this role in the workspace; the address defaults to <role>@<slug>.example."""
    user = make_user(email or f"{role}@{workspace.slug}.example", name=f"{role.title()} of {workspace.name}")
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return Member(user=user, workspace=workspace, role=role)


def make_contact(workspace: Workspace, email: str = "ada@example.com", **values: object) -> Contact:
    address = parse_address(email)
    return Contact.objects.create(
        workspace=workspace, email=address.email, email_key=address.key, domain=address.domain, **values
    )


def make_list(workspace: Workspace, name: str = "Leads", contacts: tuple[Contact, ...] = ()) -> ContactList:
    row = ContactList.objects.create(workspace=workspace, name=name)
    ListMember.objects.bulk_create([ListMember(contact_list=row, contact=contact) for contact in contacts])
    return row


def make_segment(workspace: Workspace, name: str = "Warm", where: str = "tag is warm") -> Segment:
    return Segment.objects.create(workspace=workspace, name=name, where=where)


def make_suppression(workspace: Workspace, value: str = "never@example.com", **values: object) -> Suppression:
    columns = {"reason": SuppressionReason.MANUAL, **values}
    return Suppression.objects.create(workspace=workspace, value=value, **columns)


def make_import(workspace: Workspace, filename: str = "leads.csv", **values: object) -> ContactImport:
    columns = {"size_bytes": 0, **values}
    return ContactImport.objects.create(workspace=workspace, filename=filename, **columns)


def make_campaign(workspace: Workspace, name: str = "Autumn", **values: object) -> Campaign:
    return Campaign.objects.create(workspace=workspace, name=name, **values)


def make_step(campaign: Campaign, position: int = 1, *, subject: str = "Hello", body: str = "Good day") -> Variant:
    """Make a step with its one wording, and return the wording."""
    step = Step.objects.create(campaign=campaign, position=position)
    return Variant.objects.create(step=step, label="A", subject=subject, body_text=body)


def make_template(
    workspace: Workspace,
    name: str = "First letter",
    *,
    subject: str = "Hello",
    text: str = "Good day",
    html: str = "",
) -> StepTemplate:
    at = datetime(2026, 1, 5, 9, tzinfo=UTC)
    return StepTemplate.objects.create(
        workspace=workspace, name=name, subject=subject, body_text=text, body_html=html, updated_at=at
    )


def make_snippet(workspace: Workspace, name: str = "Who we are", text: str = "We are Acme.") -> Snippet:
    return Snippet.objects.create(
        workspace=workspace, name=name, text=text, updated_at=datetime(2026, 1, 5, 9, tzinfo=UTC)
    )


def make_branch(step_id: int, path: Path | None, *, where: str = "", reply: ReplyClass | None = None) -> Branch:
    """Make a branch behind a step: by a condition, by an answer, or for everybody."""
    kind = BranchKind.FIELD if where else BranchKind.REPLY if reply else BranchKind.EVERYBODY
    place = Branch.objects.filter(step=step_id).count() + 1
    return Branch.objects.create(step_id=step_id, place=place, kind=kind, where=where, reply=reply or "", path=path)


def make_audience(campaign: Campaign, contact_list: ContactList) -> AudienceList:
    return AudienceList.objects.create(campaign=campaign, contact_list=contact_list)


def make_mailbox(workspace: Workspace, address: str = "me@acme.example", **values: object) -> Mailbox:
    """Make a mailbox with sealed passwords and a clock, at a port where nobody listens."""
    columns = {
        "smtp_host": "127.0.0.1",
        "smtp_port": 1,
        "smtp_username": address,
        "imap_host": "127.0.0.1",
        "imap_port": 1,
        "imap_username": address,
        **values,
    }
    mailbox = Mailbox.objects.create(workspace=workspace, address=address, **columns)
    store_passwords(mailbox, smtp=PASSWORD, imap=PASSWORD)
    MailboxClock.objects.get_or_create(mailbox=mailbox)
    return mailbox


def make_sender(campaign: Campaign, mailbox: Mailbox) -> CampaignMailbox:
    return CampaignMailbox.objects.create(campaign=campaign, mailbox=mailbox)


def make_enrollment(campaign: Campaign, contact: Contact, **values: object) -> Enrollment:
    columns = {"state": EnrollmentState.ACTIVE, "due_at": datetime(2026, 1, 5, 9, tzinfo=UTC), **values}
    return Enrollment.objects.create(workspace=campaign.workspace, campaign=campaign, contact=contact, **columns)


def make_message(
    enrollment: Enrollment, variant: Variant, mailbox: Mailbox, *, at: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)
) -> OutboundMessage:
    """Make a message that was sent at `at`."""
    return OutboundMessage.objects.create(
        workspace=enrollment.workspace,
        campaign=enrollment.campaign,
        enrollment=enrollment,
        contact=enrollment.contact,
        step=variant.step,
        variant=variant,
        mailbox=mailbox,
        message_id=f"<{uuid.uuid4()}@acme.example>",
        recipient=enrollment.contact.email,
        subject=variant.subject,
        body_text=variant.body_text,
        state=MessageState.SENT,
        attempt=uuid.uuid4(),
        not_after=at + timedelta(hours=8),
        dot_at=at,
        sent_at=at,
    )


def make_inbound(
    mailbox: Mailbox, *, subject: str = "Re: Hello", text: str = "Thank you", **values: object
) -> InboundMessage:
    """Make a mail that a person wrote."""
    columns = {"kind": Kind.HUMAN_REPLY, "received_at": datetime(2026, 1, 5, 10, tzinfo=UTC), **values}
    return InboundMessage.objects.create(
        workspace=mailbox.workspace,
        mailbox=mailbox,
        content_key=uuid.uuid4().hex,
        from_address="somebody@example.com",
        subject=subject,
        text=text,
        raw=b"",
        **columns,
    )


def make_set_aside(mailbox: Mailbox, **values: object) -> SetAside:
    """Make a mail that was tried three times and could not be taken in."""
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    columns = {"folder": "INBOX", "uid": 7, "raw": b"Subject: Odd\r\n\r\n", "reason": "It broke.", **values}
    return SetAside.objects.create(
        mailbox=mailbox, key=uuid.uuid4().hex, tries=3, tried_at=at, aside_at=at, received_at=at, **columns
    )


def make_sandbox_mailbox(workspace: Workspace, info: WorldInfo, address: str, **values: object) -> Mailbox:
    """Make an active mailbox of an account of the sandbox: no gap, no ramp, limits that nothing reaches."""
    columns = {
        "smtp_host": info.host,
        "smtp_port": info.smtps_port,
        "smtp_security": Security.TLS,
        "imap_host": info.host,
        "imap_port": info.imap_port,
        "imap_security": Security.STARTTLS,
        "ca_pem": info.ca_pem,
        "state": MailboxState.ACTIVE,
        "daily_limit": 100_000,
        "hourly_limit": 100_000,
        "gap_min_s": 0,
        "gap_max_s": 0,
        "ramp_on": False,
        **values,
    }
    mailbox = make_mailbox(workspace, address, **columns)
    password = info.accounts[address]
    store_passwords(mailbox, smtp=password, imap=password)
    return mailbox


def make_open_windows(campaign: Campaign) -> None:
    """Let the campaign send at any time of any day."""
    SendWindow.objects.bulk_create(
        [SendWindow(campaign=campaign, weekday=day, start_minute=0, end_minute=1440) for day in range(1, 8)]
    )


def make_office_hours(campaign: Campaign) -> None:
    """Let the campaign send on weekdays from nine to five, and at no other time."""
    SendWindow.objects.filter(campaign=campaign).delete()
    SendWindow.objects.bulk_create(
        [SendWindow(campaign=campaign, weekday=day, start_minute=540, end_minute=1020) for day in range(1, 6)]
    )


def make_running_campaign(
    member: Member,
    contacts: tuple[Contact, ...],
    mailboxes: tuple[Mailbox, ...],
    *,
    steps: int = 1,
    name: str = "Autumn",
    **values: object,
) -> Campaign:
    """Launch a campaign whose follow-ups wait a day, in the same thread, open at any time."""
    campaign = make_campaign(member.workspace, name, **values)
    make_open_windows(campaign)
    for position in range(1, steps + 1):
        variant = make_step(campaign, position, subject="Hello" if position == 1 else "", body=f"Good day {position}")
        Step.objects.filter(pk=variant.step_id).update(
            wait_amount=position > 1, thread=StepThread.REPLY if position > 1 else StepThread.NEW
        )
    make_audience(campaign, make_list(member.workspace, f"Of {campaign.name}", contacts))
    for mailbox in mailboxes:
        make_sender(campaign, mailbox)
    CampaignGround.objects.create(
        campaign=campaign, basis=LegalBasis.CONSENT, words="They agreed.", stated_by="t", stated_at=clock.now()
    )
    cover(campaign, is_consent=True)
    launch(member, campaign)
    campaign.refresh_from_db()
    return campaign


def make_domain_key(workspace: Workspace, domain: str = "acme.test", **values: object) -> DomainKey:
    key = SigningKey(domain, "outreach202601", signing_pem())
    columns: dict[str, Any] = {"private_key": sealed_key(workspace.pk, key), "selector": key.selector, **values}
    return DomainKey.objects.create(workspace=workspace, domain=domain, **columns)


def make_tracking_domain(
    workspace: Workspace, host: str = "go.acme.test", state: DomainState = DomainState.UNPROVEN, **values: object
) -> TrackingDomain:
    """Make a tracking domain; one that is more than claimed was found to work just now."""
    columns: dict[str, Any] = {"state": state, **values}
    if state is not DomainState.UNPROVEN:
        columns = {"points_here": True, "proven_at": Now(), "checked_at": Now(), "finding": Finding.WORKS, **columns}
    return TrackingDomain.objects.create(workspace=workspace, host=host, **columns)


@cache
def signing_pem() -> str:
    """Return one RSA key for all tests: making one takes a quarter of a second."""
    return make_private_key()
