"""How many people are where on the paths of a campaign, and how many took each branch."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count

from campaigns.sequences.forks import who_takes
from campaigns.sequences.plans import CampaignPlan, PlannedBranch, PlannedStep
from campaigns.sequences.positions import MAIN, path_of
from outreach.kit import statements
from sending.ledger.kinds import EventKind
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState

LOOKED_AT = 20_000  # turns of a campaign, the newest
# By the index ledger_of_campaign: nothing older is read.
_TURNS = """
SELECT branch, count(DISTINCT enrollment_id), count(*)
  FROM (SELECT enrollment_id, (data ->> 'branch')::bigint AS branch
          FROM ledger_event WHERE campaign_id = %s AND kind = %s ORDER BY at DESC, id DESC LIMIT %s) newest
 GROUP BY branch
"""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A branch, and how many people have taken it. target: the name of its path, or of the end.

    at_least: there are more turns than are looked at, so it may be more.
    """

    branch: PlannedBranch
    words: str
    target: str
    taken: int
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """A step with those who wait for it, or whose message is under way; and the branches behind it.

    deciding: those for whom the path is at its end here, and the branches are asked.
    """

    step: PlannedStep
    waiting: int
    under_way: int
    deciding: int
    arrows: Sequence[Arrow]


@dataclass(frozen=True, slots=True)
class Lane:
    """A path with its steps. on_it: who is to get something there; done, stopped: whose way ended there.

    came: how many have taken a branch that leads there, or (at_least) more; of the main path, everybody.
    """

    number: int
    name: str
    stops: Sequence[Stop]
    on_it: int
    done: int
    stopped: int
    came: int
    is_reached: bool
    at_least: bool = False

    @property
    def is_main(self) -> bool:
        return self.number == MAIN


def lanes_of(plan: CampaignPlan) -> list[Lane]:
    """Return the paths by number; each person of the campaign is on exactly one of them."""
    standing = _standing(plan.id)
    taken = _taken(plan.id)
    arrows = {step.position: _arrows(plan, step, taken) for step in plan.steps}
    came = Counter[int]()
    reached = set[int]()
    for some in arrows.values():
        for one in some:
            if one.branch.path is not None:
                came[one.branch.path] += one.taken
                reached.add(one.branch.path)
    by_path: dict[int, Counter[str]] = defaultdict(Counter)
    for (position, state), count in standing.items():
        by_path[path_of(position)][state] += count
    names = [(MAIN, "Main path"), *plan.path_names]
    return [
        Lane(
            number=number,
            name=name,
            stops=[
                _stop(plan, step, standing, arrows[step.position])
                for step in plan.steps
                if path_of(step.position) == number
            ],
            on_it=by_path[number][EnrollmentState.ACTIVE] + by_path[number][EnrollmentState.SENDING],
            done=by_path[number][EnrollmentState.FINISHED],
            stopped=by_path[number][EnrollmentState.STOPPED] + by_path[number][EnrollmentState.SKIPPED],
            came=sum(standing.values()) if number == MAIN else came[number],
            is_reached=number == MAIN or number in reached,
            at_least=number != MAIN and taken.at_least,
        )
        for number, name in names
    ]


def _standing(campaign_id: int) -> Mapping[tuple[int, str], int]:
    rows = Enrollment.objects.filter(campaign=campaign_id).order_by()
    return {
        (position, state): count
        for position, state, count in rows.values_list("next_position", "state").annotate(count=Count("pk"))
    }


@dataclass(frozen=True, slots=True)
class _Taken:
    """How many people took each branch, by its id, among the newest turns; at_least: there are older ones."""

    people: Mapping[int, int]
    at_least: bool

    def by(self, branch: PlannedBranch) -> int:
        return self.people.get(branch.id, 0)


def _taken(campaign_id: int) -> _Taken:
    """Count the newest turns of a campaign: however many there are, the page costs no more than so many."""
    rows = statements.run(_TURNS, [campaign_id, EventKind.BRANCHED.value, LOOKED_AT + 1])
    people = {branch: count for branch, count, _ in rows}
    return _Taken(people, at_least=sum(turns for *_, turns in rows) > LOOKED_AT)


def _arrows(plan: CampaignPlan, step: PlannedStep, taken: _Taken) -> list[Arrow]:
    return [
        Arrow(
            one,
            who_takes(one.kind, one.where, one.reply),
            "the end" if one.path is None else plan.name_of(one.path),
            taken.by(one),
            taken.at_least,
        )
        for one in (*step.answers, *step.ways)
    ]


def _stop(
    plan: CampaignPlan, step: PlannedStep, standing: Mapping[tuple[int, str], int], arrows: Sequence[Arrow]
) -> Stop:
    is_last = plan.step_from(step.position + 1) is None
    behind = standing.get((step.position + 1, EnrollmentState.ACTIVE), 0) if is_last else 0
    return Stop(
        step=step,
        waiting=standing.get((step.position, EnrollmentState.ACTIVE), 0),
        under_way=standing.get((step.position, EnrollmentState.SENDING), 0),
        deciding=behind,
        arrows=arrows,
    )
