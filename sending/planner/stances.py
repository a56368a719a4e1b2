"""How the people of a campaign stand to what is behind a step: the numbers of a page, and the lists behind them."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import Q

from campaigns.sequences.models import Step
from campaigns.sequences.positions import block_of, path_of
from sending.planner.states import EnrollmentState

_UNDER_WAY = [EnrollmentState.ACTIVE, EnrollmentState.SENDING]


class Stance(StrEnum):
    """Where somebody stands; everybody of a campaign waits, comes, or has gone on."""

    WAITING = "waiting"  # their last message is this step's, and their way is still to be chosen
    TO_COME = "to_come"  # on the path of this step, and not behind it yet
    GONE_ON = "gone_on"  # everybody else
    RESTING = "resting"  # of those: finished here, an answer could lead them on


def stances_at(step: Step) -> dict[Stance, Q]:
    """Return the condition on the enrollments of the step's campaign for each stance."""
    steps = Step.objects.filter(campaign=step.campaign_id, position__gt=step.position).order_by("position")
    behind = steps.values_list("position", flat=True).first()
    first, last = block_of(path_of(step.position))
    here = Q(next_position__range=(step.position + 1, min(last, behind or last)))
    waiting = Q(state=EnrollmentState.ACTIVE) & here
    to_come = Q(state__in=_UNDER_WAY, next_position__range=(first, step.position))
    return {
        Stance.WAITING: waiting,
        Stance.TO_COME: to_come,
        Stance.GONE_ON: ~waiting & ~to_come,
        Stance.RESTING: Q(state=EnrollmentState.FINISHED) & here,
    }
