"""What a real contact would get: every step and wording, from a real sender, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.contacts.models import Contact, ListMember
from campaigns.sequences.models import AudienceList, Campaign
from campaigns.sequences.plans import PlannedStep, PlannedVariant, plans
from campaigns.sequences.states import StepThread
from campaigns.sequences.wording import SenderValues, Wording, word
from campaigns.templating import MissingValue, TemplateProblem
from sending.mailboxes.models import Mailbox
from sending.smtp import reply_subject


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
            wording, problem = _word(step, variant, contact, sender)
            is_theirs = variant is theirs
            subject = wording.subject if wording else ""
            if step.thread is StepThread.REPLY and step.position > 1:
                subject = reply_subject(first_subject)
            elif is_theirs:
                first_subject = subject
            shown.append(PreviewedStep(step, variant, is_theirs, subject, wording, problem))
    return shown


def sample_contacts(campaign: Campaign, *, limit: int = 50) -> list[Contact]:
    """Return contacts of the audience to preview with, the oldest first."""
    lists = AudienceList.objects.filter(campaign=campaign).values("contact_list")
    members = ListMember.objects.filter(contact_list__in=lists).values("contact")
    return list(Contact.objects.filter(pk__in=members).order_by("id")[:limit])


def _word(
    step: PlannedStep, variant: PlannedVariant, contact: Contact, sender: SenderValues
) -> tuple[Wording | None, str]:
    try:
        return word(step, variant, contact, sender), ""
    except MissingValue as error:
        return (
            None,
            f"This contact lacks {', '.join(sorted(error.names))}. The message would be held, not sent.",
        )
    except TemplateProblem as error:
        return None, f"Line {error.line}: {error.message}"


def _sender(campaign: Campaign) -> SenderValues:
    mailbox = Mailbox.objects.filter(campaigns__campaign=campaign).order_by("pk").first()
    if mailbox is None:
        return SenderValues(name="Your name", email="you@example.com", signature="")
    return SenderValues(name=mailbox.display_name, email=mailbox.address, signature=mailbox.signature)
