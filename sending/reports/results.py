"""A campaign's results: counts with their denominators and 95 % intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from django.db.models import Count

from campaigns.sequences.models import Campaign, Variant
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.links.core import Trace
from sending.outbox.models import OutboundMessage
from sending.outbox.states import COUNTED_AS_SENT, DOUBTS, MessageState

_Z = 1.96
_CLICKS = Trace.CLICKS | Trace.TEXT_CLICKS
HITS = {
    EventKind.CLICKED: ("Clicked by a person", _CLICKS),
    EventKind.CLICK_MACHINE: ("Clicked by a machine", _CLICKS),
    EventKind.CLICK_UNKNOWN: ("Clicked, unknown by whom", _CLICKS),
    EventKind.OPENED: ("Opened by a person", Trace.OPENS),
    EventKind.OPEN_MACHINE: ("Opened by a machine", Trace.OPENS),
    EventKind.OPEN_UNKNOWN: ("Opened, unknown by whom", Trace.OPENS),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """hits out of total, with the interval in which the true rate lies with 95 % confidence (Wilson score).

    hits_kind and total_of name what is counted: a kind of event, or the messages that went (of step 1: the people).
    """

    label: str
    hits: int
    total: int
    low: float
    high: float
    hits_kind: str = ""
    total_of: str = ""

    @property
    def share(self) -> float | None:
        """The rate between 0 and 1, None where nothing was counted."""
        return self.hits / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one wording of one step did. sent: also what counts as sent; replies: messages that a person answered."""

    variant_id: int
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
    """The numbers of a campaign. sent: also what counts as sent."""

    sent: int
    rates: tuple[Rate, ...]
    steps: tuple[StepResult, ...]
    messages: tuple[Segment, ...]
    followed: tuple[Rate, ...] = ()  # clicks and opens, of people, of machines and of nobody knows whom

    @property
    def has_doubts(self) -> bool:
        """Some message is in doubt, or was until it was assumed to be sent."""
        return any(one.name in set(DOUBTS) for one in self.messages)


def rate(label: str, hits: int, total: int, *, hits_kind: str = "", total_of: str = "") -> Rate:
    """Return hits/total with its Wilson interval, which stays honest for few and for extreme counts."""
    if not total:
        return Rate(label, hits, 0, 0.0, 1.0, hits_kind, total_of)
    hits_in = min(hits, total)
    p = hits_in / total
    base = 1 + _Z**2 / total
    middle = (p + _Z**2 / (2 * total)) / base
    half = _Z * sqrt(p * (1 - p) / total + _Z**2 / (4 * total**2)) / base
    return Rate(label, hits, total, max(0.0, middle - half), min(1.0, middle + half), hits_kind, total_of)


def segments(counts: Mapping[str, int]) -> tuple[Segment, ...]:
    """Return the parts of a bar, largest first; rounding never lets them exceed the whole."""
    total = sum(counts.values()) or 1
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
    """Return the results of a campaign; `counted` are its tallies, which count each person's first answer."""
    steps, states = _steps(campaign)
    sent = sum(one.sent for one in steps)
    people = sum(one.sent for one in steps if one.position == 1)

    def of_people(label: str, kind: EventKind) -> Rate:
        return rate(label, counted[kind], people, hits_kind=kind, total_of="people")

    return Results(
        sent=sent,
        rates=(
            of_people("Replies, of people written to", EventKind.REPLIED),
            of_people("Automatic answers, of people written to", EventKind.AUTO_REPLIED),
            rate(
                "Hard bounces, of attempts",
                counted[EventKind.BOUNCED_HARD],
                counted[EventKind.ATTEMPTED],
                hits_kind=EventKind.BOUNCED_HARD,
                total_of="attempts",
            ),
            of_people("Opt-outs, of people written to", EventKind.OPTED_OUT),
            rate(
                "Complaints, of messages sent",
                counted[EventKind.COMPLAINED],
                sent,
                hits_kind=EventKind.COMPLAINED,
                total_of="messages",
            ),
        ),
        steps=steps,
        messages=segments(states),
        followed=_followed(campaign, counted),
    )


def _followed(campaign: Campaign, counted: Mapping[EventKind, int]) -> tuple[Rate, ...]:
    """Return who clicked, of the messages with a link that is followed, and who loaded the image, of those with it.

    A message counts once for each of the three: a gateway and a person may both have had it.
    """
    if not (campaign.track_clicks or campaign.track_opens or any(counted[kind] for kind in HITS)):
        return ()
    traces = OutboundMessage.objects.filter(campaign=campaign, state__in=COUNTED_AS_SENT).values_list("traces")
    totals = {Trace(value): count for value, count in traces.annotate(count=Count("pk")).order_by()}
    followed = {
        trace: sum(count for marks, count in totals.items() if marks & trace) for trace in (_CLICKS, Trace.OPENS)
    }
    return tuple(rate(label, counted[kind], followed[trace], hits_kind=kind) for kind, (label, trace) in HITS.items())


def _steps(campaign: Campaign) -> tuple[tuple[StepResult, ...], Mapping[str, int]]:
    """Return the results by wording, and how many messages are in each state, from one pass over the messages."""
    rows = (
        OutboundMessage.objects.filter(campaign=campaign)
        .values_list("variant", "state")
        .annotate(count=Count("pk"))
        .order_by()
    )
    wordings = {
        pk: (position, label, pk)
        for pk, position, label in Variant.objects.filter(step__campaign=campaign).values_list(
            "pk", "step__position", "label"
        )
    }
    answered = dict(
        InboundMessage.objects.filter(answers__campaign=campaign, kind=Kind.HUMAN_REPLY)
        .values_list("answers__variant")
        .annotate(count=Count("answers", distinct=True))
        .order_by()
    )
    by_wording: dict[tuple[int, str, int], Counter[str]] = {}
    states: Counter[str] = Counter()
    for variant_id, state, count in rows:
        by_wording.setdefault(wordings[variant_id], Counter())[state] += count
        states[state] += count
    steps = tuple(
        StepResult(
            variant_id=variant_id,
            position=position,
            label=label,
            made=counts.total(),
            sent=sum(counts[state] for state in COUNTED_AS_SENT),
            failed=counts[MessageState.FAILED],
            replies=answered.get(variant_id, 0),
        )
        for (position, label, variant_id), counts in sorted(by_wording.items())
    )
    return steps, states
