"""What an edit of a step changes for the people of its campaign (a slot of sequences, see outreach/slots.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from campaigns.sequences.dealing import deal
from campaigns.sequences.effects import Effects, Share
from campaigns.sequences.models import Step, Variant
from campaigns.sequences.positions import block_of, path_of
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
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
        waiting=pending.filter(next_position=step.position, last_sent_at__isnull=False).count(),
    )


def made_from(variant_id: int) -> dict[int, int]:
    """Return how many messages were made from each version of a wording."""
    rows = OutboundMessage.objects.filter(variant=variant_id).values_list("wording_version")
    return dict(rows.annotate(count=Count("pk")).order_by())


def _pending(step: Step) -> QuerySet[Enrollment]:
    """Return those of the step's path who have not come past it and have no message of it."""
    first, _ = block_of(path_of(step.position))
    return Enrollment.objects.filter(
        ~Exists(OutboundMessage.objects.filter(enrollment=OuterRef("pk"), step=step)),
        campaign=step.campaign_id,
        state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING],
        next_position__range=(first, step.position),
    )


def _shares(
    step_id: int, contacts: Sequence[int], now: Mapping[str, int], then: Mapping[str, int], *, scale: float
) -> list[Share]:
    before, after = _dealt(step_id, contacts, now), _dealt(step_id, contacts, then)
    return [Share(label, round(before[label] * scale), round(after[label] * scale)) for label in sorted(then)]


def _dealt(step_id: int, contacts: Sequence[int], weights: Mapping[str, int]) -> Counter[str]:
    labels = sorted(label for label, weight in weights.items() if weight > 0)
    shares = [weights[label] for label in labels]
    return Counter(labels[deal(step_id, contact, shares)] for contact in contacts) if shares else Counter()
