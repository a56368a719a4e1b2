"""What a real contact would get: every step and wording, from a real sender, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import PlannedStep, PlannedVariant, plans
from campaigns.sequences.positions import step_name
from campaigns.sequences.wording import SenderValues, Wording
from campaigns.templating import Finding, Identity, lint
from outreach.accounts.models import Workspace
from sending.mailboxes.models import Mailbox
from sending.planner.claim.wordings import Unfit, wording_of
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
    findings: Sequence[Finding] = ()  # in what this contact would read

    @property
    def name(self) -> str:
        return step_name(self.step.position)


def preview(campaign: Campaign, contact: Contact, mailbox: Mailbox | None) -> list[PreviewedStep]:
    """Return every step and wording as this contact would read it from the mailbox."""
    plan = plans([campaign.pk])[campaign.pk]
    address = Workspace.objects.values_list("postal_address", flat=True).get(pk=campaign.workspace_id)
    sender, signed = sender_values(mailbox, address), Identity(address)
    shown: list[PreviewedStep] = []
    for step in plan.steps:
        theirs = step.variant_for(contact.pk) if step.variants else None
        for variant in step.variants:
            found = wording_of(step, variant, contact, sender)
            wording, problem = (None, found.words) if isinstance(found, Unfit) else (found, "")
            subject = wording.subject if wording else ""
            if not step.opens_thread:
                subject = reply_subject(_subject_before(shown))
            findings = _findings(subject, wording, step, signed) if wording else ()
            shown.append(PreviewedStep(step, variant, variant is theirs, subject, wording, problem, findings))
    return shown


def previewed(campaign: Campaign, variant_id: int, contact: Contact, mailbox: Mailbox | None) -> PreviewedStep | None:
    """Return one wording as this contact would read it; None where it has no share any more."""
    found = preview(campaign, contact, mailbox)
    return next((one for one in found if one.variant.id == variant_id), None)


def carriers_of(campaign: Campaign) -> list[Mailbox]:
    """Return the mailboxes that carry the campaign, the oldest first."""
    return list(Mailbox.objects.filter(campaigns__campaign=campaign).order_by("pk"))


def sender_values(mailbox: Mailbox | None, postal_address: str) -> SenderValues:
    """Return what a wording may say about a mailbox, or about one that is still to be chosen."""
    if mailbox is None:
        return SenderValues("Your name", "you@example.com", signature="", postal_address=postal_address)
    return SenderValues(mailbox.display_name, mailbox.address, mailbox.signature, postal_address)


def _findings(subject: str, wording: Wording, step: PlannedStep, signed: Identity) -> Sequence[Finding]:
    """Return what a filter or a reader would mind in what is read; the signature stands in it already."""
    return lint(subject, wording.text, wording.html, opens_thread=step.opens_thread, signed=signed)


def _subject_before(shown: Sequence[PreviewedStep]) -> str:
    """Return the subject of the thread that a step answers in: of the wording that the contact gets."""
    return next((one.subject for one in reversed(shown) if one.is_theirs and one.step.opens_thread), "")
