"""How we came to an address, told to the person whose it is (GDPR and UK GDPR, article 14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.contacts.core.fields import LABELS
from campaigns.contacts.models import Contact, CustomField, Retention
from campaigns.contacts.queries import interests_in
from campaigns.contacts.queries.grounds import basis_of
from campaigns.contacts.states import BASIS_TOLD, WITHOUT_INTEREST, LegalBasis
from campaigns.sequences.models import AudienceList
from sending.outbox.models import OutboundMessage
from sending.planner.lawful.covering import AS_CONSENT, covers
from sending.planner.lawful.law import Duty, country_of_domain, duty_of
from sending.planner.models import CampaignGround
from sending.tracking.models import Hit
from sending.tracking.opting import Recipient


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an address is from, and what is kept beside it: names of values, never the values.

    The page is open to whoever has the message. idle_months: after so long without a word it is erased; None = never.
    """

    since: datetime
    source: str
    page: str  # where it was published
    basis: str  # in words, "" where nobody has stated it
    interests: Sequence[str]  # which ones, where that is the ground and somebody has weighed them
    may_take_back: bool  # it is a consent
    kept: Sequence[str]
    is_followed: bool  # clicks or opens of theirs are on record
    idle_months: int | None


def origin_of(who: Recipient) -> Origin | None:
    """Return where the address is from; None where that is not known any more."""
    contact = Contact.objects.select_related("origin").filter(pk=who.contact_id, erased_at=None).first()
    if contact is None:
        return None
    made, basis = contact.origin, _basis(who, contact)
    interests = _interests(who) if basis not in WITHOUT_INTEREST else []
    if interests and basis is LegalBasis.UNSTATED:
        basis = LegalBasis.INTEREST  # what carries whoever is written to on nothing else
    rules = Retention.objects.filter(workspace=who.workspace).first()
    return Origin(
        since=contact.created_at,
        source=made.source if made else "",
        page=made.basis_page if made else "",
        basis=BASIS_TOLD.get(basis, ""),
        interests=interests,
        may_take_back=basis is LegalBasis.CONSENT,
        kept=_kept(contact),
        is_followed=Hit.objects.filter(contact_id=contact.pk).exists(),
        idle_months=rules.idle_months if rules else None,
    )


def sender_of(who: Recipient) -> str:
    """Return the address that the message came from, "" where the message is gone."""
    rows = OutboundMessage.objects.filter(pk=who.message_id, contact=who.contact_id)
    return rows.values_list("mailbox__address", flat=True).first() or ""


def _basis(who: Recipient, contact: Contact) -> LegalBasis:
    """Return what was stated for the campaign that wrote, else at the imports that they stood in.

    Where the law needs a consent, what was stated for all is theirs only if it covers them.
    """
    of_campaign = CampaignGround.objects.filter(campaign__messages=who.message_id, campaign__messages__contact=contact)
    row = of_campaign.first()
    if row is None:
        return basis_of(contact)
    is_asked = duty_of(contact.country or country_of_domain(contact.domain), Duty.CONSENT) is not None
    is_theirs = row.basis not in AS_CONSENT or not is_asked or covers(row.pk, contact.pk)
    return LegalBasis(row.basis) if is_theirs else basis_of(contact)


def _interests(who: Recipient) -> list[str]:
    """Return which interests were weighed for the lists of the campaign that wrote, else for those they are on.

    Only which they are (GDPR, article 14 (2) (b)): the rest of a weighing is for those who ask.
    """
    weighed = interests_in(who.contact_id)
    wrote = set(
        AudienceList.objects.filter(campaign__messages=who.message_id).values_list("contact_list_id", flat=True)
    )
    meant = [one for one in weighed if one.contact_list_id in wrote] or weighed
    return list(dict.fromkeys(one.purpose for one in meant))


def _kept(contact: Contact) -> list[str]:
    """Return what the values are called that there are of a contact."""
    own = [name for name, value in contact.fields.items() if value]
    titles = {row.name: row.title for row in CustomField.objects.filter(workspace=contact.workspace_id, name__in=own)}
    return [
        *(label for name, label in LABELS.items() if getattr(contact, name, "")),
        *(titles.get(name, name) for name in own),
    ]
