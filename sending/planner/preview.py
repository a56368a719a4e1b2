"""What a real contact would get: every step and wording, from a real sender, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.contacts.models import Contact
from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import PlannedStep, PlannedVariant, plans
from campaigns.sequences.states import StepThread
from campaigns.sequences.wording import SenderValues, Wording
from sending.mailboxes.models import Mailbox
from sending.planner.wordings import Unfit, wording_of
from sending.smtp import reply_subject

_LONGEST_ID = 18  # digits


@dataclass(frozen=True, slots=True)
class PreviewedStep:
    """One wording of one step for the contact: the text, or what is missing."""

    step: PlannedStep
    variant: PlannedVariant
    is_theirs: bool  # the wording that this contact will get
    subject: str
    wording: Wording | None
    problem: str


def preview(campaign: Campaign, contact: Contact) -> list[PreviewedStep]:
    """Return every step and wording as this contact would read it."""
    plan = plans([campaign.pk])[campaign.pk]
    sender = _sender(campaign)
    shown: list[PreviewedStep] = []
    first_subject = ""
    for step in plan.steps:
        theirs = step.variant_for(contact.pk) if step.variants else None
        for variant in step.variants:
            found = wording_of(step, variant, contact, sender)
            wording, problem = (None, found.words) if isinstance(found, Unfit) else (found, "")
            is_theirs = variant is theirs
            subject = wording.subject if wording else ""
            if step.thread is StepThread.REPLY and step.position > 1:
                subject = reply_subject(first_subject)
            elif is_theirs:
                first_subject = subject
            shown.append(PreviewedStep(step, variant, is_theirs, subject, wording, problem))
    return shown


def sample_contacts(campaign: Campaign, *, wanted: str = "", limit: int = 50) -> list[Contact]:
    """Return contacts of the audience to preview with, the oldest first; before them whoever has the id `wanted`."""
    audience = audience_contacts(campaign)
    oldest = list(audience.order_by("id")[:limit])
    if not wanted.isdecimal() or len(wanted) > _LONGEST_ID or int(wanted) in {contact.pk for contact in oldest}:
        return oldest
    return [*audience.filter(pk=int(wanted)), *oldest]


def _sender(campaign: Campaign) -> SenderValues:
    mailbox = Mailbox.objects.filter(campaigns__campaign=campaign).order_by("pk").first()
    if mailbox is None:
        return SenderValues(name="Your name", email="you@example.com", signature="")
    return SenderValues(name=mailbox.display_name, email=mailbox.address, signature=mailbox.signature)
