"""A campaign's results: counts with their denominators and 95 % intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from django.db.models import Count, Q

from campaigns.sequences.models import Campaign
from sending.ledger.kinds import EventKind
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Rate:
    """hits out of total, with the interval in which the true rate lies with 95 % confidence (Wilson score)."""

    label: str
    hits: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """The rate between 0 and 1, None where nothing was counted."""
        return self.hits / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one wording of one step did."""

    position: int
    label: str
    made: int
    sent: int
    failed: int
    replies: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a bar that adds up to a whole; x and width in thousandths."""

    name: str
    count: int
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Results:
    """The numbers of a campaign."""

    sent: int
    rates: tuple[Rate, ...]
    steps: tuple[StepResult, ...]
    messages: tuple[Segment, ...]


def rate(label: str, hits: int, total: int) -> Rate:
    """Return hits/total with its Wilson interval, which stays honest for few and for extreme counts."""
    if not total:
        return Rate(label, hits, 0, 0.0, 1.0)
    hits_in = min(hits, total)
    p = hits_in / total
    base = 1 + _Z**2 / total
    middle = (p + _Z**2 / (2 * total)) / base
    half = _Z * sqrt(p * (1 - p) / total + _Z**2 / (4 * total**2)) / base
    return Rate(label, hits, total, max(0.0, middle - half), min(1.0, middle + half))


def segments(counts: Mapping[str, int]) -> tuple[Segment, ...]:
    """Return the parts of a bar, largest first; rounding never lets them exceed the whole."""
    total = sum(counts.values())
    made: list[Segment] = []
    x = 0
    done = 0
    for name, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        done += count
        end = round(1000 * done / total)
        made.append(Segment(name, count, x, end - x))
        x = end
    return tuple(made)


def results_of(campaign: Campaign, counted: Mapping[EventKind, int]) -> Results:
    """Return the results of a campaign; `counted` are its tallies."""
    sent = counted[EventKind.SENT] + counted[EventKind.ASSUMED_SENT]
    attempted = counted[EventKind.ATTEMPTED]
    begun = OutboundMessage.objects.filter(
        campaign=campaign, step__position=1, state__in=[MessageState.SENT, MessageState.ASSUMED_SENT]
    ).count()
    states = dict(
        OutboundMessage.objects.filter(campaign=campaign).values_list("state").annotate(count=Count("pk")).order_by()
    )
    return Results(
        sent=sent,
        rates=(
            rate("Replies, of people written to", counted[EventKind.REPLIED], begun),
            rate("Out of office, of people written to", counted[EventKind.AUTO_REPLIED], begun),
            rate("Hard bounces, of attempts", counted[EventKind.BOUNCED_HARD], attempted),
            rate("Opt-outs, of people written to", counted[EventKind.OPTED_OUT], begun),
            rate("Complaints, of messages sent", counted[EventKind.COMPLAINED], sent),
        ),
        steps=_steps(campaign),
        messages=segments(states),
    )


def _steps(campaign: Campaign) -> tuple[StepResult, ...]:
    rows = (
        OutboundMessage.objects.filter(campaign=campaign)
        .values_list("step__position", "variant__label")
        .annotate(
            made=Count("pk", distinct=True),
            sent=Count("pk", distinct=True, filter=Q(state__in=[MessageState.SENT, MessageState.ASSUMED_SENT])),
            failed=Count("pk", distinct=True, filter=Q(state=MessageState.FAILED)),
            replies=Count("answers", filter=Q(answers__kind="human_reply")),
        )
        .order_by("step__position", "variant__label")
    )
    return tuple(StepResult(*row) for row in rows)
