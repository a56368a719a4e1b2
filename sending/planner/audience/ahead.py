"""Which steps may still come to somebody: on their path, and where the branches lead by what is known of them today."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from campaigns.sequences.plans import CampaignPlan, PlannedStep
from campaigns.sequences.positions import path_of
from sending.planner.audience.gap_rows import Row
from sending.planner.forecast.roads import Roads

_BATCH = 2_000  # people whose conditions are asked at once


class Ahead:
    """The steps to come for the people of a campaign; who goes the same way from the same place shares them."""

    def __init__(self, plan: CampaignPlan) -> None:
        self._plan = plan
        self._roads = Roads(plan)
        self._known: dict[tuple[int, int], tuple[PlannedStep, ...]] = {}

    def asked(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield people, after what the branches ask of them was asked; `steps_of` tells of the one in hand."""
        if not self._plan.has_ways:
            yield from rows
            return
        while batch := list(islice(rows, _BATCH)):
            self._roads.ask([row.id for row in batch])
            self._known.clear()
            yield from batch

    def steps_of(self, row: Row) -> tuple[PlannedStep, ...]:
        """Return the steps that may come, in order. An answer may lead anybody where it leads."""
        key = row.position, self._roads.way_of(row.id)
        if key not in self._known:
            self._known[key] = self._walk(*key)
        return self._known[key]

    def _walk(self, position: int, way: int) -> tuple[PlannedStep, ...]:
        found: dict[int, PlannedStep] = {}
        standing = [position]
        while standing:
            at = standing.pop()
            if self._roads.is_stuck(at, way):  # until that is mended, anything may come
                return tuple(step for step in self._plan.steps if step.position >= position)
            place = self._roads.place_of(at, way)
            following = [] if place is None else [self._plan.steps[place]]
            for step in (*following, *self._answered(at)):
                if step.position not in found:
                    found[step.position] = step
                    standing.append(step.position + 1)
        return tuple(found[one] for one in sorted(found))

    def _answered(self, position: int) -> Iterator[PlannedStep]:
        """Yield where an answer may lead whoever stands at a position."""
        for step in self._plan.steps:
            if step.position < position and path_of(step.position) == path_of(position):
                firsts = (self._plan.first_of(one.path) for one in step.answers if one.path is not None)
                yield from (one for one in firsts if one is not None)
