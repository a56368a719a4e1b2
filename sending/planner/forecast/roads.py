"""The ways of a campaign as a forecast takes them: decided by what is known of each person today."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from campaigns.sequences.plans import CampaignPlan, PlannedBranch
from campaigns.sequences.states import CONDITIONS
from sending.planner.claim.branching import CannotTell, Conditions, condition_of, way_at


class Roads:
    """Which step follows which for whom. Places count the plan's steps from 0.

    People for whom the same branches hold share a way; where nobody can go anywhere else, there are none.
    """

    def __init__(self, plan: CampaignPlan) -> None:
        self._plan = plan
        self._places = {step.position: place for place, step in enumerate(plan.steps)}
        self._branches = [one for step in plan.steps for one in step.ways if one.kind in CONDITIONS]
        self._is_plain = not plan.has_ways and not plan.path_names
        self._conditions = Conditions()
        self._broken: set[int] = set()  # branches whose condition cannot be read
        self._stuck: set[tuple[int, int]] = set()  # places behind which nobody can go on, and on which way
        self._known: dict[frozenset[int], int] = {}
        self.ways: tuple[tuple[int | None, ...], ...] = ()
        if not self._is_plain:
            self._way(frozenset())

    def ask(self, contact_ids: Collection[int]) -> None:
        """Ask what the branches ask of the contacts."""
        if self._branches:
            self._conditions.ask({condition_of(self._plan, one): contact_ids for one in self._branches})
            self._broken = {one.id for one in self._branches if self._holds(one, 0) is None}
            self._known, self._stuck, self.ways = {}, set(), ()
            self._way(frozenset())

    def way_of(self, contact_id: int) -> int:
        """Return which of the ways a contact goes."""
        holding = frozenset(one.id for one in self._branches if self._holds(one, contact_id))
        return 0 if self._is_plain else self._way(holding)

    def place_of(self, position: int, way: int) -> int | None:
        """Return the place of the step that comes next for whoever stands at a position; None where none does."""
        before = self._plan.step_before(position) if self._plan.ways_at(position) else None
        if before is not None:
            return self.ways[way][self._places[before.position]]
        step = self._plan.step_from(position)
        return None if step is None else self._places[step.position]

    def is_stuck(self, position: int, way: int) -> bool:
        """Say whether it cannot be told where somebody at a position goes: they are held until that is mended."""
        before = self._plan.step_before(position)
        return before is not None and (self._places[before.position], way) in self._stuck

    def behind(self, position: int, way: int) -> int | None:
        """Return the place of the step that comes behind the one at a position."""
        return self.place_of(position + 1, way)

    def _way(self, holding: frozenset[int]) -> int:
        if holding not in self._known:
            way = self._known[holding] = len(self.ways)
            behind = [self._next(step.position + 1, holding, way) for step in self._plan.steps]
            self.ways = (*self.ways, tuple(behind))
        return self._known[holding]

    def _next(self, position: int, holding: frozenset[int], way: int) -> int | None:
        try:
            step = way_at(self._plan, position, partial(self._is_in, holding)).step
        except CannotTell:
            before = self._plan.step_before(position)
            assert before is not None  # the one behind which the branch stands
            self._stuck.add((self._places[before.position], way))
            return None
        return None if step is None else self._places[step.position]

    def _holds(self, branch: PlannedBranch, contact_id: int) -> bool | None:
        """Say whether a branch's condition holds for a contact; None where it cannot be read."""
        try:
            return self._conditions.holds(branch, plan=self._plan, contact_id=contact_id)
        except CannotTell:
            return None

    def _is_in(self, holding: frozenset[int], branch: PlannedBranch) -> bool:
        if branch.id in self._broken:
            raise CannotTell(branch.where)
        return branch.id in holding
