"""Whom other branches behind a step touch: who stands there, who comes there later, who has gone on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from django.db.models import Count

from campaigns.sequences.models import Branch, Step
from campaigns.sequences.plans import CampaignPlan, PlannedBranch, PlannedStep, plans, with_branches
from campaigns.sequences.states import BranchKind, ReplyClass
from sending.planner.claim.branching import CannotTell, Conditions, asked_of, way_at
from sending.planner.models import Enrollment
from sending.planner.stances import Stance, stances_at

# Asked one by one which way they would go; of more it is reckoned from so many.
LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class BranchEffects:
    """Where the people of a campaign stand to the branches behind a step.

    waiting: whose last message is this one, and whose way is still to be chosen. to_come: who is on this path, before
    that. gone_on: everybody else of the campaign. turned: how many of the waiting would go another way than now, by
    what is known of them today; with is_about reckoned from a part of them. For answers see `resting`: finished here,
    whom an answer could lead on.
    """

    waiting: int
    to_come: int
    gone_on: int
    turned: int
    resting: int
    is_about: bool

    @property
    def pending(self) -> int:
        return self.waiting + self.to_come


def effects_of_branches(step: Step, after: Sequence[Branch]) -> BranchEffects:
    """Return whom it touches when these are the branches behind a step, in this order; their paths are loaded."""
    plan = plans([step.campaign_id])[step.campaign_id]
    rows, stances = Enrollment.objects.filter(campaign=step.campaign_id), stances_at(step)
    found = rows.aggregate(**{name.value: Count("pk", filter=where) for name, where in stances.items()})
    standing = rows.filter(stances[Stance.WAITING]).order_by("pk")
    looked_at = list(standing.values_list("next_position", "contact_id")[:LOOKED_AT])
    turned = _turned(plan, with_branches(plan, step.pk, _planned(after)), looked_at)
    scale = found["waiting"] / len(looked_at) if looked_at else 0
    return BranchEffects(
        waiting=found["waiting"],
        to_come=found["to_come"],
        gone_on=found["gone_on"],
        turned=round(turned * scale),
        resting=found["resting"],
        is_about=found["waiting"] > len(looked_at),
    )


def _planned(branches: Sequence[Branch]) -> list[PlannedBranch]:
    return [
        PlannedBranch(
            one.pk or 0,
            BranchKind(one.kind),
            one.where,
            ReplyClass(one.reply) if one.reply else None,
            one.path.number if one.path else None,
        )
        for one in branches
    ]


def _turned(now: CampaignPlan, then: CampaignPlan, standing: Sequence[tuple[int, int]]) -> int:
    """Return how many who stand somewhere (position, contact) go another way by one plan than by the other."""
    conditions = Conditions()
    conditions.ask(asked_of((plan, position, contact) for plan in (now, then) for position, contact in standing))
    count = 0
    for position, contact_id in standing:
        holds = partial(conditions.holds, plan=now, contact_id=contact_id)
        count += _goal(now, position, holds) != _goal(then, position, holds)
    return count


def _goal(plan: CampaignPlan, position: int, holds: Callable[[PlannedBranch], bool]) -> int | str | None:
    """Return the position of the step that follows, None for the end, words where it cannot be told."""
    try:
        step: PlannedStep | None = way_at(plan, position, holds).step
    except CannotTell:
        return "held"
    return step.position if step else None
