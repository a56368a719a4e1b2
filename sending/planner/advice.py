"""What a filter or a reader would mind in the wordings of a campaign, with who signs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan
from campaigns.templating import Finding, Identity, lint
from outreach.accounts.models import Workspace
from sending.mailboxes.models import Mailbox


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding and the wording that it is about."""

    place: str  # "1 A", "2.1 B"
    variant_id: int
    finding: Finding


def advice_of(campaign: Campaign, plan: CampaignPlan) -> Sequence[Advice]:
    """Return the findings of every wording with a share, in the order of the steps, each wording's gravest first."""
    signed = identity_of(campaign)
    return [
        Advice(f"{step.name} {variant.label}", variant.id, one)
        for step in plan.steps
        for variant in step.variants
        for one in lint(
            variant.subject, variant.body_text, variant.body_html, is_first=step.position == 1, signed=signed
        )
    ]


def identity_of(campaign: Campaign) -> Identity:
    """Return the postal address of the workspace and the signatures of the mailboxes that carry the campaign."""
    address = Workspace.objects.values_list("postal_address", flat=True).get(pk=campaign.workspace_id)
    rows = Mailbox.objects.filter(campaigns__campaign=campaign).values_list("signature", flat=True)
    return Identity(address, tuple(sorted(set(rows))))
