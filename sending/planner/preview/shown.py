"""What a real contact would get: every step and wording, from a real sender, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign, Variant
from campaigns.sequences.plans import CampaignPlan, PlannedStep, PlannedVariant, plans
from campaigns.sequences.positions import path_of, step_name
from campaigns.sequences.wording import SenderValues, Wording
from campaigns.templating import Finding, Identity, lint
from outreach.accounts.models import Workspace
from sending.links.addresses import as_shown
from sending.links.hosts.bases import base_of
from sending.mailboxes.models import Mailbox
from sending.planner.claim.traces import Written, traces_for
from sending.planner.claim.wordings import Unfit, wording_of
from sending.planner.lawful.footing import Reader
from sending.smtp import reply_subject


@dataclass(frozen=True, slots=True)
class PreviewedStep:
    """One wording of one step for the contact: the text, or what is missing."""

    step: PlannedStep
    variant: PlannedVariant
    is_theirs: bool  # the wording that this contact will get
    subject: str
    wording: Wording | None
    problem: str  # why it would be held
    findings: Sequence[Finding] = ()  # in what this contact would read
    text: str = ""  # as it leaves, with an opt-out line below and with what is followed; its addresses are nobody's
    html: str = ""

    @property
    def has_share(self) -> bool:
        return self.variant.weight > 0

    @property
    def name(self) -> str:
        return step_name(self.step.position)


def preview(campaign: Campaign, contact: Contact, mailbox: Mailbox | None) -> list[PreviewedStep]:
    """Return every step and wording as this contact would read it from the mailbox, those without a share, too."""
    plan = plans([campaign.pk])[campaign.pk]
    address, pace = Workspace.objects.values_list("postal_address", "time_scale").get(pk=campaign.workspace_id)
    sender, signed = sender_values(mailbox, address), Identity(address)
    base = base_of(campaign.workspace_id)
    reader = Reader(contact.country, contact.domain, contact.origin.source if contact.origin else "", is_real=pace == 1)
    shareless = _shareless(plan)
    shown: list[PreviewedStep] = []
    subjects: dict[int, str] = {}  # of the threads that are opened, in the wording that the contact gets
    for step in plan.steps:
        theirs = step.variant_for(contact.pk) if step.variants else None
        before = "" if step.opens_thread else reply_subject(_subject_before(plan, step.position, subjects))
        for variant in sorted([*step.variants, *shareless.get(step.id, ())], key=lambda one: one.label):
            found = wording_of(step, variant, contact, sender, reader._replace(is_first=step is plan.steps[0]))
            wording, problem = (None, found.words) if isinstance(found, Unfit) else (found, "")
            subject = before or (wording.subject if wording else "")
            if step.opens_thread and variant is theirs:
                subjects[step.position] = subject
            findings = _findings(subject, wording, step, signed) if wording else ()
            left = ("", "")
            if wording:
                written = Written(variant.body_text, variant.body_html, sender.signature)
                left = as_shown(wording.text, wording.html, traces_for(plan, contact, written), base)
            shown.append(PreviewedStep(step, variant, variant is theirs, subject, wording, problem, findings, *left))
    return shown


def previewed(campaign: Campaign, variant_id: int, contact: Contact, mailbox: Mailbox | None) -> PreviewedStep | None:
    """Return one wording as this contact would read it; None where it is gone."""
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


def _shareless(plan: CampaignPlan) -> dict[int, list[PlannedVariant]]:
    """Return the wordings that nobody gets yet, by the ids of their steps."""
    has_subject = {step.id: step.opens_thread for step in plan.steps}
    found: dict[int, list[PlannedVariant]] = {}
    for one in Variant.objects.filter(step__campaign=plan.id, weight=0):
        subject = one.subject if has_subject.get(one.step_id) else ""
        planned = PlannedVariant(one.pk, one.label, 0, subject, one.body_text, one.body_html, one.version)
        found.setdefault(one.step_id, []).append(planned)
    return found


def _subject_before(plan: CampaignPlan, position: int, subjects: Mapping[int, str]) -> str:
    """Return the subject of the thread that whoever stands at a position is in.

    It was opened on their own path, else on the one from which a branch leads there: the first of several. Where none
    leads there yet, it is that of the first message.
    """
    at = position
    while True:
        on_path = [one for one in subjects if one < at and path_of(one) == path_of(at)]
        if on_path:
            return subjects[max(on_path)]
        path = path_of(at)
        before = (step for step in plan.steps if path_of(step.position) < path)
        leading = next((step for step in before if path in {one.path for one in (*step.ways, *step.answers)}), None)
        if leading is None:
            return next(iter(subjects.values()), "")
        at = leading.position + 1
