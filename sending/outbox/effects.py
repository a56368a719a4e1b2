"""What an edit of a step changes for the people of its campaign (a slot of sequences, see outreach/slots.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from campaigns.sequences import effects
from campaigns.sequences.dealing import deal
from campaigns.sequences.effects import Effects, ScheduleEffects, Share
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.plans import plans
from campaigns.sequences.positions import block_of, path_of
from campaigns.sequences.services import Schedule
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.forecast.trial import tried
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState

# Dealt one by one; of more the shares are reckoned from so many.
LOOKED_AT = 50_000
_UNDER_WAY = (MessageState.CLAIMED, MessageState.DEFERRED, MessageState.DOT_PENDING)
_GONE = (MessageState.SENT, MessageState.ASSUMED_SENT, MessageState.IN_DOUBT)


def effects_of_edit(step_id: int, weights: Mapping[str, int]) -> Effects:
    """Return where the people of a step stand, and how its wordings share them now and with other weights.

    weights: by label, of the wordings whose weight changes.
    """
    step = Step.objects.get(pk=step_id)
    made = OutboundMessage.objects.filter(step=step).aggregate(
        under_way=Count("pk", filter=Q(state__in=_UNDER_WAY)), sent=Count("pk", filter=Q(state__in=_GONE))
    )
    pending = _pending(step)
    count = pending.count()
    looked_at = list(pending.order_by("pk").values_list("contact_id", flat=True)[:LOOKED_AT])
    now = dict(Variant.objects.filter(step=step).values_list("label", "weight"))
    return Effects(
        pending=count,
        under_way=made["under_way"],
        sent=made["sent"],
        shares=_shares(step_id, looked_at, now, {**now, **weights}, scale=count / (len(looked_at) or 1)),
        is_about=count > len(looked_at),
        may_come=_coming(step).count(),
        waiting=pending.filter(next_position=step.position, last_sent_at__isnull=False).count(),
    )


def effects_of_schedule(campaign: Campaign, wanted: Schedule, *, reckons: bool) -> ScheduleEffects:
    """Return whom another schedule of a launched campaign touches, and what leaves first by each of both.

    reckons: also where more than AT_ONCE people wait.
    """
    rows = Enrollment.objects.filter(campaign=campaign, state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING])
    made = OutboundMessage.objects.filter(enrollment__campaign=campaign, state__in=_GONE, step__isnull=False)
    pending, sent = rows.count(), made.count()
    if pending > effects.AT_ONCE and not reckons:
        return ScheduleEffects(pending, sent, (), (), None, None, is_reckoned=False)
    now, then = tried(campaign, wanted)
    return ScheduleEffects(pending, sent, now.first, then.first, now.ends_at, then.ends_at)


def made_from(variant_id: int) -> dict[int, int]:
    """Return how many messages were made from each version of a wording."""
    rows = OutboundMessage.objects.filter(variant=variant_id).values_list("wording_version")
    return dict(rows.annotate(count=Count("pk")).order_by())


def _pending(step: Step) -> QuerySet[Enrollment]:
    """Return those of the step's path who have not come past it and have no message of it."""
    first, _ = block_of(path_of(step.position))
    return _without(step).filter(next_position__range=(first, step.position))


def _without(step: Step) -> QuerySet[Enrollment]:
    """Return those of the campaign who are under way and have no message of the step."""
    return Enrollment.objects.filter(
        ~Exists(OutboundMessage.objects.filter(enrollment=OuterRef("pk"), step=step)),
        campaign=step.campaign_id,
        state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING],
    )


def _coming(step: Step) -> QuerySet[Enrollment]:
    """Return those who stand on another path, where a branch may still lead them to the step's."""
    plan = plans([step.campaign_id])[step.campaign_id]
    found = Q(pk__in=())
    paths, seen = [path_of(step.position)], set[int]()
    while paths:
        path = paths.pop()
        for one in plan.steps:
            first, last = block_of(path_of(one.position))
            if any(branch.path == path for branch in one.answers):  # an answer leads on wherever they stand behind it
                found |= Q(next_position__range=(first, last))
            elif any(branch.path == path for branch in one.ways):
                behind = next((other.position for other in plan.steps if other.position > one.position), last)
                found |= Q(next_position__range=(first, min(behind, last)))
            else:
                continue
            if path_of(one.position) not in seen:
                seen.add(path_of(one.position))
                paths.append(path_of(one.position))
    return _without(step).filter(found)


def _shares(
    step_id: int, contacts: Sequence[int], now: Mapping[str, int], then: Mapping[str, int], *, scale: float
) -> list[Share]:
    before, after = _dealt(step_id, contacts, now), _dealt(step_id, contacts, then)
    stays = Counter(one for one, other in zip(before, after, strict=True) if one == other)
    return [
        Share(
            label,
            now=round(before.count(label) * scale),
            then=round(after.count(label) * scale),
            stays=round(stays[label] * scale),
        )
        for label in sorted(then)
    ]


def _dealt(step_id: int, contacts: Sequence[int], weights: Mapping[str, int]) -> list[str]:
    """Return the label that each of the contacts gets, "" where no wording has a share."""
    labels = sorted(label for label, weight in weights.items() if weight > 0)
    shares = [weights[label] for label in labels]
    return [labels[deal(step_id, contact, shares)] if shares else "" for contact in contacts]
