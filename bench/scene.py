"""What each bench needs before it measures: an owner, mailboxes, people on a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from campaigns.calendar import Window
from campaigns.contacts.models import Contact, ContactList, ListMember
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Campaign, Variant
from campaigns.sequences.services import Schedule, Text
from outreach.accounts.access import Member
from outreach.accounts.models import User, Workspace
from outreach.accounts.roles import Role
from outreach.accounts.services import create_workspace
from sending.mailboxes import services as mailboxes
from sending.mailboxes.models import Mailbox
from sending.smtp import Security

ALWAYS = [Window(weekday, 0, 1440) for weekday in range(1, 8)]
# Columns of a mailbox that nothing holds back, at a server that wants no sign-in.
FREE: dict[str, Any] = {
    "smtp_security": Security.PLAIN, "daily_limit": 100_000, "hourly_limit": 100_000, "gap_min_s": 0, "gap_max_s": 0,
    "ramp_on": False,
}  # fmt: skip


def make_owner() -> Member:
    """Return the owner of a workspace that may launch."""
    user = User.objects.create_user("bench@example.com", "not used here")
    workspace = create_workspace(user, "Bench", "UTC")
    Workspace.objects.filter(pk=workspace.pk).update(postal_address="1 Main Street, Springfield")
    return Member(user=user, workspace=workspace, role=Role.OWNER)


def make_mailboxes(member: Member, count: int, **columns: Any) -> list[int]:
    """Store active mailboxes; return their ids in order."""
    with transaction.atomic():  # a commit for each would take minutes
        for number in range(count):
            of_one = {
                "address": f"sender{number}@example.com", "smtp_host": "127.0.0.1", "smtp_username": "",
                "imap_host": "127.0.0.1", "imap_username": "", **columns,
            }  # fmt: skip
            made = mailboxes.create_mailbox(member, of_one, smtp="not asked for", imap="not asked for")
            mailboxes.activate(made.pk)
    return list(Mailbox.objects.order_by("pk").values_list("pk", flat=True))


def person(member: Member, number: int, *, companies: int = 0, **columns: Any) -> Contact:
    """Return somebody with a number, not stored yet: at one of so many companies, or at one of their own."""
    domain = f"company{number % companies if companies else number}.example.com"
    email = f"person{number}@{domain}"
    return Contact(workspace=member.workspace, email=email, email_key=email, domain=domain, **columns)


def make_campaign(member: Member, text: Text, name: str = "Bench") -> Campaign:
    """Return a draft of one step that may send at any time."""
    campaign = sequences.create_campaign(member, name)
    sequences.save_schedule(campaign, Schedule("UTC", use_contact_zone=False, windows=ALWAYS))
    sequences.save_variant(Variant.objects.get(step__campaign=campaign), text)
    return campaign


def make_leads(member: Member, people: Iterable[Contact], name: str = "Leads") -> ContactList:
    """Store people on a list of their own."""
    leads = ContactList.objects.create(workspace=member.workspace, name=name)
    stored = Contact.objects.bulk_create(people)
    ListMember.objects.bulk_create(ListMember(contact_list=leads, contact=person) for person in stored)
    return leads
