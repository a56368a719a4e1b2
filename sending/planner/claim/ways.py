"""The candidates of a claim before the ways behind their last message: which step is theirs, and whether it is time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from campaigns.contacts.models import Contact
from campaigns.sequences.plans import CampaignPlan, PlannedStep
from sending.pacing import RECHECK, Hold, HoldCode, Pace
from sending.pacing.waits import opening_after
from sending.planner.claim.branching import CannotTell, Conditions, Way, asked_of, over, told, way_at
from sending.planner.claim.candidates import Candidate
from sending.planner.claim.facts import zone_of
from sending.planner.claim.outcomes import Move
from sending.planner.models import Enrollment


@dataclass(frozen=True, slots=True)
class Ahead:
    """The step that is to be sent now, if the gates allow it. told: of the branch that leads to it, if one does."""

    step: PlannedStep
    told: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is to come. told: of the branch that ends it, if one does."""

    told: Mapping[str, Any] | None = None


class Ways:
    """Which way each candidate goes; a query where a campaign has paths, and those of the conditions, else none.

    There a follow-up may be looked at before its own wait is over: it was planned by the shortest of several, also
    where the branch that asked for that is gone.
    """

    def __init__(
        self,
        found: Sequence[Candidate],
        plans: Mapping[int, CampaignPlan],
        contacts: Mapping[int, Contact],
        *,
        now: datetime,
        paces: Mapping[int, Pace],
    ) -> None:
        """Load what branches ask of the candidates; plans by campaign, contacts by id, paces by workspace."""
        self._plans, self._contacts, self._now, self._paces = plans, contacts, now, paces
        self._conditions = Conditions()
        branching = [one for one in found if not one.is_new_lead and _may_lead_away(plans[one.campaign_id])]
        self._sent_at: dict[int, datetime | None] = {}
        if branching:
            rows = Enrollment.objects.filter(pk__in=[one.enrollment_id for one in branching])
            sent = rows.values_list("pk", "last_sent_at", "led_until")
            self._sent_at = {pk: None if led_until else at for pk, at, led_until in sent}  # led: from the answer
            standing = ((plans[one.campaign_id], one.next_position, one.contact_id) for one in branching)
            self._conditions.ask(asked_of(standing))

    def of(self, one: Candidate) -> Ahead | End | Move | Hold:
        """Return the step that is due, the end, a step whose own wait is not over, or why it cannot be told."""
        plan = self._plans[one.campaign_id]
        if one.enrollment_id not in self._sent_at:
            step = plan.step_from(one.next_position)
            return End() if step is None else Ahead(step)
        holds = partial(self._conditions.holds, plan=plan, contact_id=one.contact_id)
        try:
            way = way_at(plan, one.next_position, holds)
        except CannotTell as error:
            return Hold(HoldCode.BROKEN_BRANCH, str(error), self._now + self._paces[one.workspace_id].shrink(RECHECK))
        return self._on(way, one, plan)

    def _on(self, way: Way, one: Candidate, plan: CampaignPlan) -> Ahead | End | Move:
        if way.step is None:
            return End(told(plan, way.branch) if way.branch else None)
        due_at = self._later(way.step, one, plan)
        until = {"until": due_at.isoformat()} if due_at else {}
        words = told(plan, way.branch, position=way.step.position, **until) if way.branch else None
        return Ahead(way.step, words) if due_at is None else Move(one, way.step.position, due_at, words)

    def _later(self, step: PlannedStep, one: Candidate, plan: CampaignPlan) -> datetime | None:
        """Return when a step is due whose wait is longer than the shortest; None where it is over."""
        sent_at = self._sent_at[one.enrollment_id]
        if sent_at is None:
            return None
        zone = zone_of(plan, self._contacts[one.contact_id])[1]
        due = over(plan, step, sent_at, zone, self._paces[one.workspace_id])
        return opening_after(due, plan.schedule, zone) if due > self._now else None


def _may_lead_away(plan: CampaignPlan) -> bool:
    return plan.has_ways or bool(plan.path_names)
