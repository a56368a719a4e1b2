"""State on what ground a campaign writes, in the words of whoever answers for it."""

from __future__ import annotations

from django.db import transaction

from campaigns.contacts.states import LegalBasis
from campaigns.sequences.models import Campaign
from campaigns.sequences.services.holding import refuse_overtaken
from campaigns.sequences.states import CLOSED, CampaignState
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.words import plural
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.pacing import HoldCode
from sending.planner.errors import NotReady
from sending.planner.lawful.covering import AS_CONSENT, cover, leaves_out
from sending.planner.lawful.grounds import LONGEST_WORDS, Stated, Whom, law_obstacles, stated
from sending.planner.models import CampaignGround
from sending.planner.services.reopening import reopen

# Of the statement of somebody who is no admin.
NO_CONSENT = "Where a law asks for a consent, it is none: only an admin's statement is."


def state_ground(member: Member, campaign: Campaign, basis: LegalBasis, words: str, *, seen: str | None = None) -> None:
    """Keep on what ground a campaign writes, in the words of whoever answers for it; unstated takes it back.

    Of an admin it stands for the consent of whoever is in the audience and in the campaign at this moment; said again,
    it stands for whoever is there then. Of anybody else it is a ground on record, and nobody's consent.

    Raises Overtaken; NotReady where people of a launched campaign, for whom something is still to come, need the one
    before.
    """
    with transaction.atomic():
        current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        rows = CampaignGround.objects.filter(campaign=campaign)
        row = rows.first()
        before = stated(current)
        refuse_overtaken(seen, before.seen, "this ground")
        after = Stated(basis, words[:LONGEST_WORDS]) if basis is not LegalBasis.UNSTATED else Stated()
        is_consent = basis in AS_CONSENT and member.may(Role.ADMIN)
        is_same = after == before and (row is None or row.stated_by == member.user.email)
        is_same = is_same and not (is_consent and leaves_out(current))
        if current.state in CLOSED or is_same:
            return
        if basis is LegalBasis.UNSTATED:
            rows.delete()
        else:
            about = {"basis": after.basis, "words": after.words, "stated_by": member.user.email}
            CampaignGround.objects.update_or_create(campaign=campaign, defaults={**about, "stated_at": clock.now()})
        covered = cover(current, is_consent=is_consent)
        _refuse_needed(current)
        _tell(current, member, before, after, covered)
        reopen(current.pk, [HoldCode.NO_CONSENT], words="The ground was stated anew, so they are looked at again.")


def _tell(campaign: Campaign, member: Member, before: Stated, after: Stated, covered: int) -> None:
    """Let the campaign's story say who has changed the ground, from what to what, and for whom it is a consent."""
    words = f"{member.user.email} has stated the ground: {after}. Before: {before}."
    if after.basis in AS_CONSENT:
        words += f" {_covers(covered)}" if member.may(Role.ADMIN) else f" {NO_CONSENT}"
    data = {
        "by": member.user.email,
        "words": words,
        "before": {"basis": before.basis.value, "words": before.words},
        "after": {"basis": after.basis.value, "words": after.words},
        "covered": covered,
    }
    kind = EventKind.GROUND_STATED
    record([Entry(campaign.workspace_id, kind, clock.now(), campaign_id=campaign.pk, data=data)])


def _covers(count: int) -> str:
    return f"As a consent, where a law asks for one, it stands for the {plural(count, 'person,people')} of now."


def _refuse_needed(campaign: Campaign) -> None:
    """Raise where a launched campaign would go on writing to people who need another ground."""
    if campaign.state != CampaignState.DRAFT and (found := law_obstacles(campaign, Whom.ENROLLED)):
        raise NotReady(tuple(found))
