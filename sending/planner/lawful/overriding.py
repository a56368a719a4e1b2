"""Decide otherwise than a gate, where the law itself leaves room; kept for good, with the reason."""

from __future__ import annotations

from django.db import transaction

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CLOSED
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.words import plural
from sending.pacing import HoldCode
from sending.planner.errors import NoRoom, NotReady
from sending.planner.lawful.ended import end, end_overtaken, tell
from sending.planner.lawful.grounds import Open, Whom, law_obstacles, lawful, open_gates
from sending.planner.lawful.law import Duty, version
from sending.planner.lawful.overrides import audience_print, content_print, open_decisions
from sending.planner.models import LawOverride
from sending.planner.services.reopening import reopen

LONGEST_REASON = 500
_ENDED = "A person took it back."


def override(member: Member, campaign: Campaign, duty: Duty, reason: str) -> LawOverride:
    """Decide that people of whom a law asks something may be written to without it; for those who are there now.

    Raises PermissionDenied below an admin; NoRoom where there is nothing to decide, where no law of those people leaves
    room for it, and where no reason is given.
    """
    member.require(Role.ADMIN)
    reason = " ".join(reason.replace("\0", " ").split())
    if not reason:
        raise NoRoom("Say why: whoever asks later needs an answer.")
    with transaction.atomic():
        current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        end_overtaken(current)
        found = open_gates(lawful(current)).get(duty)
        if current.state in CLOSED or found is None:
            raise NoRoom("There is nothing here that the law leaves to you to decide.")
        now = clock.now()
        for row in open_decisions(current):
            if row.duty == duty:
                end(row, "It was decided anew.")
        made = LawOverride.objects.create(
            campaign=current,
            duty=duty,
            countries=list(found.countries),
            up_to=_newest(current),
            reason=reason[:LONGEST_REASON],
            law="; ".join(one.law for one in found.rooms)[:200],
            version=version(),
            audience=audience_print(current),
            content=content_print(current) if duty is Duty.NOTICE else "",
            decided_by=member.user.email,
            decided_at=now,
        )
        words = f"{member.user.email} has decided about {_about(duty, found)}: {made.reason} By {made.law}."
        tell(current, words, by=member.user.email, duty=duty.value, countries=list(found.countries), law=made.version)
        reopen(current.pk, [HoldCode.NO_CONSENT], words="It was decided that they may be written to.")
    return made


def take_back(member: Member, campaign: Campaign, duty: Duty) -> None:
    """End a decision. Raises PermissionDenied below an admin, NotReady where a launched campaign needs it."""
    member.require(Role.ADMIN)
    with transaction.atomic():
        current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        for row in open_decisions(current):
            if row.duty == duty:
                end(row, _ENDED)
                tell(
                    current, f"{member.user.email} has taken back: {row.reason}", by=member.user.email, duty=duty.value
                )
        if current.launched_at and current.state not in CLOSED and (found := law_obstacles(current, Whom.ENROLLED)):
            raise NotReady(tuple(found))


def _newest(campaign: Campaign) -> int:
    """Return the last contact of the workspace: who comes later is not covered."""
    rows = Contact.objects.filter(workspace=campaign.workspace_id).order_by("-pk")
    return rows.values_list("pk", flat=True).first() or 0


def _about(duty: Duty, found: Open) -> str:
    what = {
        Duty.CONSENT: "the consent",
        Duty.RECORD: "the record of a legitimate interest",
        Duty.NOTICE: "the notice of the source",
    }[duty]
    return f"{what} of {plural(found.people, 'person,people')} in {' and '.join(found.countries.values())}"
