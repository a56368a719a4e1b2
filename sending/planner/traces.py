"""What stays of people who were written to when their contact is deleted, or gets another address: a keyed print.

Without it whoever is added again would be enrolled again, and get from the same campaign what their address has had.
"""

from __future__ import annotations

from collections.abc import Collection

from campaigns.contacts.models import Contact
from campaigns.sequences.audience import audience_ids
from campaigns.sequences.models import Campaign
from outreach.kit.crypto import instance_keyring
from sending.planner.models import Enrollment, WrittenPrint

_PURPOSE = "written addresses"
WORDS = (
    "A message of this campaign was made for this address before, when it was another contact's, or a deleted one's."
)


def keep_traces(contact_ids: Collection[int]) -> None:
    """Keep the addresses of contacts for whom messages were made, as prints, each with its campaign.

    Runs inside the transaction that deletes the contacts or changes their addresses, before it does, with their rows
    locked.
    """
    begun = Enrollment.objects.filter(contact__in=list(contact_ids), begun_at__isnull=False)
    found = begun.order_by("campaign_id", "pk").values_list("campaign_id", "contact__email_key")
    rows = [WrittenPrint(campaign_id=pk, print=_prints(pk, key)[0]) for pk, key in found]
    WrittenPrint.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1_000)


def written_before(campaign: Campaign) -> list[int]:
    """Return who of an audience is not in the campaign, and has an address for which it has made messages.

    One query where no print was kept; else everybody outside is read and looked for by each key of the instance.
    """
    kept = set(WrittenPrint.objects.filter(campaign=campaign).values_list("print", flat=True))
    if not kept:
        return []
    inside = Enrollment.objects.filter(campaign=campaign).values("contact")
    outside = Contact.objects.filter(pk__in=audience_ids(campaign), erased_at=None).exclude(pk__in=inside)
    people = outside.values_list("pk", "email_key").iterator(chunk_size=5_000)
    return [pk for pk, key in people if not kept.isdisjoint(_prints(campaign.pk, key))]


def _prints(campaign_id: int, key: str) -> tuple[str, ...]:
    return instance_keyring().prints(f"{campaign_id}:{key}", purpose=_PURPOSE)
