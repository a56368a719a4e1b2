"""Which way somebody goes behind a step: asked of what is known of them now, the same way by claims and forecasts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from campaigns.contacts.core.segments import BadQuery
from campaigns.contacts.queries import contacts_where, read_condition
from campaigns.sequences.plans import CampaignPlan, PlannedBranch, PlannedStep
from campaigns.sequences.states import CONDITIONS, BranchKind
from outreach.accounts.models import Workspace
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.pacing import Pace
from sending.pacing.waits import wait_over


@dataclass(frozen=True, slots=True)
class Way:
    """Where somebody goes: to a step, or (None) to the end; by a branch, or (None) along their path."""

    step: PlannedStep | None
    branch: PlannedBranch | None = None


class CannotTell(Exception):
    """Which way somebody goes cannot be told; the text says what a person has to mend."""


def due_behind(plan: CampaignPlan, position: int, since: datetime, zone: tzinfo, pace: Pace) -> datetime | None:
    """Return when whoever stands at a position is to be looked at; None where nothing may follow.

    That is the end of the shortest wait of the messages that may be next; `since`: when the one before left.
    """
    steps = plan.may_follow(position)
    return min((over(plan, step, since, zone, pace) for step in steps), default=None)


def over(plan: CampaignPlan, step: PlannedStep, since: datetime, zone: tzinfo, pace: Pace) -> datetime:
    """Return when the wait of a step is over for what happened at `since`."""
    return wait_over(since, step.wait, zone, pace, closed=plan.schedule.holidays)


def way_at(plan: CampaignPlan, position: int, holds: Callable[[PlannedBranch], bool]) -> Way:
    """Return which way somebody at a position goes; holds says it of a branch's condition. Raises CannotTell."""
    for branch in plan.ways_at(position):
        if branch.kind in CONDITIONS and not holds(branch):
            continue
        if branch.path is None:
            return Way(None, branch)
        step = plan.first_of(branch.path)
        if step is None:
            raise CannotTell(f"The path {plan.name_of(branch.path)} has no message yet.")
        return Way(step, branch)
    return Way(plan.step_from(position))


def words_of(plan: CampaignPlan, branch: PlannedBranch) -> str:
    """Return why a branch was taken and where it leads, as its event tells it."""
    where = "ends" if branch.path is None else f"goes on in {plan.name_of(branch.path)}"
    match branch.kind:
        case BranchKind.FIELD:
            return f"“{branch.where}” holds: {where}."
        case BranchKind.CLICK:
            return f"They have followed a link: {where}."
        case BranchKind.REPLY:
            return f"Answered, {str(branch.reply).replace('_', ' ')}: {where}."
        case BranchKind.EVERYBODY:
            return f"Whoever took no other way: {where}."


def _among(ids: Collection[int]) -> RawSQL:
    """Return the condition that a contact is one of many: an array, where a list would be as many values."""
    return RawSQL("contacts_contact.id = ANY(%s)", [list(ids)], output_field=BooleanField())


@dataclass(frozen=True, slots=True)
class Condition:
    """What a branch asks of a contact: a condition on its row, or ("") whether they followed a link of a campaign."""

    workspace_id: int
    where: str
    campaign_id: int = 0  # of a click


def condition_of(plan: CampaignPlan, branch: PlannedBranch) -> Condition:
    """Return what a branch of CONDITIONS asks."""
    if branch.kind is BranchKind.CLICK:
        return Condition(plan.workspace_id, "", plan.id)
    return Condition(plan.workspace_id, branch.where)


class Conditions:
    """The conditions of branches, each asked once for all whom it concerns: three queries for each, at most five."""

    def __init__(self) -> None:
        self._holding: dict[Condition, set[int]] = {}
        self._broken: dict[Condition, str] = {}

    def ask(self, asked: Mapping[Condition, Collection[int]]) -> None:
        """Ask conditions for contacts, as they are stored now."""
        workspaces = Workspace.objects.in_bulk({one.workspace_id for one in asked})
        for one, ids in asked.items():
            if one.campaign_id:
                self._holding[one] = _clicked(one.campaign_id, ids)
                continue
            try:
                node = read_condition(one.workspace_id, one.where)
            except BadQuery as error:
                self._broken[one] = str(error)
                continue
            found = contacts_where(workspaces[one.workspace_id], node).filter(_among(ids))
            self._holding[one] = set(found.values_list("pk", flat=True))

    def holds(self, branch: PlannedBranch, *, plan: CampaignPlan, contact_id: int) -> bool:
        """Say whether the condition of a branch holds for a contact. Raises CannotTell where it cannot be read."""
        asked = condition_of(plan, branch)
        if asked in self._broken:
            raise CannotTell(f"The condition “{branch.where}” cannot be read. {self._broken[asked]}")
        return contact_id in self._holding.get(asked, ())


def _clicked(campaign_id: int, ids: Collection[int]) -> set[int]:
    """Return who of these contacts has followed a link of a campaign: CLICKED is told of people, never of machines."""
    rows = Event.objects.filter(campaign_id=campaign_id, kind=EventKind.CLICKED, contact_id__in=list(ids))
    return {pk for pk in rows.values_list("contact_id", flat=True) if pk is not None}


def asked_of(standing: Iterable[tuple[CampaignPlan, int, int]]) -> dict[Condition, set[int]]:
    """Return the conditions to ask, for people who stand somewhere (plan, position, contact)."""
    asked: dict[Condition, set[int]] = {}
    for plan, position, contact_id in standing:
        for branch in plan.ways_at(position):
            if branch.kind in CONDITIONS:
                asked.setdefault(condition_of(plan, branch), set()).add(contact_id)
    return asked


def told(plan: CampaignPlan, branch: PlannedBranch, **data: Any) -> dict[str, Any]:
    """Return the data of the event of a taken branch; path is None for the end."""
    return {"branch": branch.id, "path": branch.path, "words": words_of(plan, branch), **data}
