"""The wordings of a step against each other: whom each has reached, who answered well, what may be said of it.

A comparison lasts as long as the texts and the shares of a step's wordings stay as they are: with each change another
one begins, since answers to another text, or of people dealt otherwise, are of another kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.db.models import Count, Q

from campaigns.sequences.models import Campaign, ShareChange, Step, Variant
from campaigns.sequences.states import ReplyClass
from outreach.kit import statements
from sending.ledger.kinds import EventKind
from sending.outbox.models import OutboundMessage
from sending.outbox.states import COUNTED_AS_SENT
from sending.planner.states import StopReason
from sending.reports.results import Rate, rate
from sending.trials import Comparison, Verdict, compare, smallest_ratio, verdict_of
from sending.trials.evidence import ALPHA

_MOST = 20  # comparisons of a step that are told of; the file knows of all
LIKED: Mapping[str, object] = {"replied": EventKind.REPLIED, "good": ReplyClass.POSITIVE}
SAID: Mapping[str, object] = {
    "kinds": [EventKind.OPTED_OUT, EventKind.COMPLAINED],
    "reasons": [StopReason.OPTED_OUT, StopReason.COMPLAINED],
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """While the wordings of a step stayed as they were. shares: by variant, those with one; end: None = to this day."""

    begin: datetime
    end: datetime | None
    shares: Mapping[int, int]
    versions: Mapping[int, int]

    def share_of(self, variant_id: int, beside: int) -> float:
        """Return the part of a wording in the people of the two."""
        return self.shares[variant_id] / (self.shares[variant_id] + self.shares[beside])

    def holds(self, variant_id: int, version: int, made_at: datetime) -> bool:
        """Return whether a message of this text, made then, is of the stretch."""
        is_then = self.begin <= made_at and (self.end is None or made_at < self.end)
        return is_then and self.versions.get(variant_id) == version


@dataclass(frozen=True, slots=True)
class Arm:
    """One wording in a comparison. share: of all people of the step; unread: good answers that only rules have read."""

    variant: Variant
    share: float
    people: int
    good: Rate  # people who answered well to this message or to a later one, of those written to
    unread: int
    objections: Rate  # people who opted out or complained after it


@dataclass(frozen=True, slots=True)
class Pair:
    """One wording against the first of its step."""

    first: Arm
    second: Arm
    answers: Comparison
    objections: Comparison
    verdict: Verdict
    alpha: float  # 5 %, shared by the comparisons of a step


@dataclass(frozen=True, slots=True)
class Trial:
    """A comparison of the wordings of a step, running or over."""

    step: Step
    stretch: Stretch
    arms: Sequence[Arm]
    pairs: Sequence[Pair]

    @property
    def people(self) -> int:
        return sum(arm.people for arm in self.arms)

    @property
    def is_over(self) -> bool:
        return self.stretch.end is not None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a comparison could find out, of so many people and at such a rate of good answers."""

    people: int
    rate: float
    ratio: float | None  # the smallest that is noticed in four of five cases; None: none would be


def trials_of(campaign: Campaign) -> Sequence[Trial]:
    """Return the comparisons of a campaign that have reached anybody, or may: by step, the newest first."""
    steps = {step.pk: step for step in Step.objects.filter(campaign=campaign).order_by("position")}
    variants = Variant.objects.filter(step__in=steps).in_bulk()
    changes: dict[int, list[ShareChange]] = {pk: [] for pk in steps}
    for change in ShareChange.objects.filter(variant__in=variants).order_by("at", "pk"):
        changes[variants[change.variant_id].step_id].append(change)
    found: list[Trial] = []
    for pk, step in steps.items():
        stretches = stretches_of(changes[pk])[-_MOST:]
        if stretches:
            found += [one for one in _trials(campaign, step, variants, stretches) if one.people or not one.is_over]
    return found


def stretches_of(changes: Iterable[ShareChange]) -> list[Stretch]:
    """Return the stretches in which at least two wordings had a share, from what was changed when, oldest first."""
    shares: dict[int, int] = {}
    versions: dict[int, int] = {}
    stands: list[tuple[datetime, dict[int, int], dict[int, int]]] = []
    for change in changes:
        shares[change.variant_id], versions[change.variant_id] = change.weight, change.version
        at_work = {pk: weight for pk, weight in sorted(shares.items()) if weight}
        told = change.at, at_work, {pk: versions[pk] for pk in at_work}
        if stands and stands[-1][1:] == told[1:]:
            continue  # of a wording without a share
        stands.append(told)
    ends: list[datetime | None] = [after[0] for _, after in pairwise(stands)]
    return [
        Stretch(begin, end, at_work, texts)
        for (begin, at_work, texts), end in zip(stands, [*ends, None], strict=False)
        if len(at_work) > 1 and begin != end
    ]


def outlook(people: int, shares: Sequence[int], of_good: float) -> Outlook:
    """Return what a comparison of the first wording with each other one could tell, by the smallest share of these."""
    smallest = min(shares)
    both = people * (smallest + shares[0]) // sum(shares)
    share = smallest / (smallest + shares[0])
    ratio = smallest_ratio(both, share=share, rate=of_good, alpha=ALPHA / (len(shares) - 1))
    return Outlook(people, of_good, ratio)


def _trials(
    campaign: Campaign, step: Step, variants: Mapping[int, Variant], stretches: Sequence[Stretch]
) -> Iterable[Trial]:
    reached = _reached(step, stretches)
    good = _good_answers(campaign, step)
    objections = _objections(campaign, step)
    for at, stretch in reversed(list(enumerate(stretches))):
        liked = [one for one in good if stretch.holds(one.variant_id, one.version, one.made_at)]
        disliked = [one for one in objections if stretch.holds(one.variant_id, one.version, one.made_at)]
        arms = [
            _arm(variants[pk], stretch, reached.get((at, pk), 0), liked, disliked)
            for pk in sorted(stretch.shares, key=lambda pk: variants[pk].label)
        ]
        yield Trial(step, stretch, arms, [_pair(stretch, arms, arm, liked, disliked) for arm in arms[1:]])


@dataclass(frozen=True, slots=True)
class _Word:
    """Something that a person did after a message of the step: when, and whether a person of the team has read it."""

    variant_id: int
    version: int
    made_at: datetime  # the message
    is_read: bool


def _arm(variant: Variant, stretch: Stretch, people: int, good: Sequence[_Word], objections: Sequence[_Word]) -> Arm:
    mine = [one for one in good if one.variant_id == variant.pk]
    return Arm(
        variant=variant,
        share=stretch.shares[variant.pk] / sum(stretch.shares.values()),
        people=people,
        good=rate("Good answers", len(mine), people),
        unread=sum(not one.is_read for one in mine),
        objections=rate("Opt-outs and complaints", sum(one.variant_id == variant.pk for one in objections), people),
    )


def _pair(
    stretch: Stretch, arms: Sequence[Arm], second: Arm, good: Sequence[_Word], objections: Sequence[_Word]
) -> Pair:
    first = arms[0]
    share = stretch.share_of(second.variant.pk, first.variant.pk)
    alpha = ALPHA / (len(arms) - 1)
    both = {first.variant.pk, second.variant.pk}

    def of(words: Sequence[_Word]) -> Comparison:
        drawn = (one.variant_id == second.variant.pk for one in words if one.variant_id in both)
        return compare(drawn, share=share, alpha=alpha)

    answers, against = of(good), of(objections)
    people = (first.people, second.people)
    return Pair(first, second, answers, against, verdict_of(people, answers, against, share=share), alpha)


def _reached(step: Step, stretches: Sequence[Stretch]) -> Mapping[tuple[int, int], int]:
    """Return how many people each wording has reached in each stretch, by its place and the wording."""
    messages = OutboundMessage.objects.filter(step=step, state__in=COUNTED_AS_SENT).order_by()
    counts = [
        Count("pk", filter=Q(created_at__gte=one.begin) & (Q(created_at__lt=one.end) if one.end else Q()))
        for one in stretches
    ]
    found: Counter[tuple[int, int]] = Counter()
    by_text = {str(at): count for at, count in enumerate(counts)}
    for variant_id, version, *made in messages.values_list("variant_id", "wording_version").annotate(**by_text):
        for at, one in enumerate(stretches):
            if one.versions.get(variant_id) == version:
                found[at, variant_id] += made[at]
    return found


# Whoever answered in the campaign has an event; they are few, its messages many.
_GOOD = """
WITH answered AS MATERIALIZED (
    SELECT DISTINCT enrollment_id AS id FROM ledger_event
     WHERE campaign_id = %(campaign)s AND kind = %(replied)s AND enrollment_id IS NOT NULL)
SELECT m.variant_id, m.wording_version, m.created_at, bool_or(i.label <> '')
  FROM answered
  JOIN outbox_message m ON m.enrollment_id = answered.id AND m.step_id = %(step)s AND m.state = ANY(%(went)s::text[])
  JOIN inbox_message i ON i.enrollment_id = answered.id AND i.received_at >= m.dot_at
                      AND (i.label = %(good)s OR i.label = '' AND i.guess = %(good)s)
 GROUP BY m.id
 ORDER BY min(i.received_at), m.id
"""
_AGAINST = """
WITH said AS (
    SELECT enrollment_id AS id, min(at) AS at FROM (
        SELECT enrollment_id, at FROM ledger_event
         WHERE campaign_id = %(campaign)s AND kind = ANY(%(kinds)s::text[]) AND enrollment_id IS NOT NULL
        UNION ALL
        SELECT id, ended_at FROM planner_enrollment
         WHERE campaign_id = %(campaign)s AND stop_reason = ANY(%(reasons)s::text[])) each
     GROUP BY enrollment_id)
SELECT m.variant_id, m.wording_version, m.created_at, true
  FROM said
  JOIN outbox_message m ON m.enrollment_id = said.id AND m.step_id = %(step)s AND m.state = ANY(%(went)s::text[])
 WHERE said.at >= m.dot_at
 ORDER BY said.at, m.id
"""


def _good_answers(campaign: Campaign, step: Step) -> list[_Word]:
    """Return the first good answer of each person to the step's message or a later one, in the order of time."""
    return [_Word(*row) for row in statements.run(_GOOD, {**asked(campaign, step), **LIKED})]


def _objections(campaign: Campaign, step: Step) -> list[_Word]:
    """Return the opt-out or complaint of each person behind the step's message, in the order of time."""
    return [_Word(*row) for row in statements.run(_AGAINST, {**asked(campaign, step), **SAID})]


def asked(campaign: Campaign, step: Step) -> Mapping[str, object]:
    """Return the values that each statement about a step has."""
    return {"campaign": campaign.pk, "step": step.pk, "went": list(COUNTED_AS_SENT)}
