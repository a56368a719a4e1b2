"""Read who is in a campaign, where each stands and why; and what a campaign adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.http import Http404

from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Campaign, SendWindow
from campaigns.sequences.positions import position_in
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox
from sending.pacing.rotation import Rotation
from sending.planner.explain.reasons import with_reasons
from sending.planner.models import CampaignMailbox, CampaignRotation, Enrollment
from sending.planner.states import EnrollmentState, StopReason

ANY_HOLD, NO_HOLD = "any", "none"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a campaign's people stand. enrolled = active + sending + finished + stopped + skipped, always."""

    enrolled: int
    active: int
    not_begun: int  # of active: nothing was sent to them yet
    held: int  # of active: a gate said "not now"
    sending: int
    finished: int
    stopped: dict[StopReason, int]
    skipped: dict[StopReason, int]
    next_at: datetime | None

    @property
    def waiting(self) -> int:
        """Everybody to whom something is still to come."""
        return self.active + self.sending

    @property
    def waiting_follow_up(self) -> int:
        return self.active - self.not_begun

    @property
    def stopped_total(self) -> int:
        return sum(self.stopped.values())

    @property
    def skipped_total(self) -> int:
        return sum(self.skipped.values())

    @property
    def is_complete(self) -> bool:
        """Nobody is left who could still be written to: computed, never stored."""
        return self.enrolled > 0 and self.active == 0 and self.sending == 0


def standing_of(campaign_ids: Sequence[int]) -> dict[int, Standing]:
    """Return the standing of each campaign that has enrollments, in one pass over the index of their states."""
    rows = (
        with_reasons(Enrollment.objects.filter(campaign__in=campaign_ids))
        .values("campaign_id", "state", "stop_reason")
        .annotate(
            count=Count("pk"),
            not_begun=Count("pk", filter=Q(begun_at__isnull=True)),
            held=Count("pk", filter=~Q(why_code="")),
            next_at=Min("why_until"),
        )
        .order_by()
    )
    by_campaign: dict[int, list[dict[str, object]]] = {}
    for row in rows:
        by_campaign.setdefault(row["campaign_id"], []).append(dict(row))
    return {pk: _standing(found) for pk, found in by_campaign.items()}


def _standing(rows: Sequence[dict[str, object]]) -> Standing:
    def count(state: EnrollmentState, field: str = "count") -> int:
        return sum(int(str(row[field])) for row in rows if row["state"] == state)

    def by_reason(state: EnrollmentState) -> dict[StopReason, int]:
        found = [(StopReason(str(row["stop_reason"])), int(str(row["count"]))) for row in rows if row["state"] == state]
        return dict(sorted(found, key=lambda pair: -pair[1]))

    instants = [row["next_at"] for row in rows if isinstance(row["next_at"], datetime)]
    return Standing(
        enrolled=sum(int(str(row["count"])) for row in rows),
        active=count(EnrollmentState.ACTIVE),
        not_begun=count(EnrollmentState.ACTIVE, "not_begun"),
        held=count(EnrollmentState.ACTIVE, "held"),
        sending=count(EnrollmentState.SENDING),
        finished=count(EnrollmentState.FINISHED),
        stopped=by_reason(EnrollmentState.STOPPED),
        skipped=by_reason(EnrollmentState.SKIPPED),
        next_at=min(instants, default=None),
    )


def people_of(  # noqa: PLR0913  # what narrows the list, as it stands in the URL
    campaign: Campaign,
    *,
    state: str = "",
    hold: str = "",
    reason: str = "",
    begun: str = "",
    search: str = "",
    path: int | None = None,
    step: int | None = None,
    stands: Q | None = None,
) -> QuerySet[Any]:
    """Return the enrollments of a campaign for keyset paging by id; search is a prefix of the address.

    state, hold and reason are exact words; the hold ANY_HOLD stands for each, NO_HOLD for none. begun: "yes" for those
    who were written to, "no" for the others. path: where they stand; step: the position of the message to come.
    stands: how they stand to the branches behind a step (see stances).
    """
    rows = with_reasons(Enrollment.objects.filter(campaign=campaign)).select_related("contact", "mailbox")
    if state:
        rows = rows.filter(state=state)
    if hold == ANY_HOLD:
        rows = rows.filter(state=EnrollmentState.ACTIVE).exclude(why_code="")
    elif hold:
        rows = rows.filter(state=EnrollmentState.ACTIVE, why_code="" if hold == NO_HOLD else hold)
    if reason:
        rows = rows.filter(stop_reason=reason)
    if path is not None:
        rows = rows.filter(next_position__gte=position_in(path, 0), next_position__lt=position_in(path + 1, 0))
    if step is not None:
        rows = rows.filter(next_position=step)
    if stands is not None:
        rows = rows.filter(stands)
    if begun:
        rows = rows.filter(begun_at__isnull=begun == "no")
    if search:
        rows = rows.filter(contact__email_key__startswith=search.strip().lower())
    return rows.order_by("-id")


def enrollment_for(member: Member, pk: int) -> Enrollment:
    """Return an enrollment of the member's workspace. Raises Http404 for any other."""
    row = (
        Enrollment.objects.filter(workspace=member.workspace, pk=pk)
        .select_related("contact", "campaign", "mailbox", "workspace")
        .first()
    )
    if row is None:
        raise Http404("No such enrollment")
    return row


def senders_of_campaign(campaign: Campaign) -> dict[int, Mailbox]:
    """Return the mailboxes that carry the campaign by id, ordered by address."""
    rows = CampaignMailbox.objects.filter(campaign=campaign).select_related("mailbox").order_by("mailbox__address")
    return {row.mailbox_id: row.mailbox for row in rows}


def chosen_one_by_one(campaign: Campaign) -> frozenset[int]:
    """Return the mailboxes that carry the campaign by themselves, and not by a tag alone."""
    return frozenset(
        CampaignMailbox.objects.filter(campaign=campaign, by_tag=False).values_list("mailbox_id", flat=True)
    )


def weights_of(campaign: Campaign) -> dict[int, int]:
    """Return the weight of each mailbox that carries the campaign, by id."""
    return dict(CampaignMailbox.objects.filter(campaign=campaign).values_list("mailbox_id", "weight"))


def rotation_of(campaign: Campaign) -> Rotation:
    """Return how new contacts come to the campaign's mailboxes."""
    mode = CampaignRotation.objects.filter(campaign=campaign).values_list("mode", flat=True).first()
    return Rotation(mode) if mode else Rotation.EVEN


def audience_size(campaign: Campaign) -> int:
    """Return how many different contacts the campaign's lists and segments hold."""
    return audience_contacts(campaign).count()


def held_by_reason(campaign: Campaign) -> dict[str, int]:
    """Return how many active enrollments each hold keeps back now, most first; "" = in the queue."""
    rows = (
        with_reasons(Enrollment.objects.filter(campaign=campaign, state=EnrollmentState.ACTIVE))
        .values_list("why_code")
        .annotate(count=Count("pk"))
        .order_by("-count")
    )
    return dict(rows)


def weekdays_of(campaign: Campaign) -> frozenset[int]:
    """Return the ISO weekdays on which the campaign has a window."""
    return frozenset(SendWindow.objects.filter(campaign=campaign).values_list("weekday", flat=True))
