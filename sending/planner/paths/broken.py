"""Branches that cannot be followed: they would hold whoever comes there, so they are told before anybody does."""

from __future__ import annotations

from campaigns.contacts.core.segments import BadQuery
from campaigns.contacts.queries import read_condition
from campaigns.sequences.plans import CampaignPlan, PlannedBranch, PlannedStep
from campaigns.sequences.states import BranchKind
from sending.links.core import may_have_link
from sending.planner.errors import Obstacle

_WHERE = "planner:paths"


def broken_branches(plan: CampaignPlan) -> list[Obstacle]:
    """Return the branches that lead to a path without a message, or whose condition cannot be read, or never holds."""
    found = []
    for step in plan.steps:
        for branch in (*step.ways, *step.answers):
            if branch.path is not None and plan.first_of(branch.path) is None:
                words = f"A branch behind step {step.name} leads to {plan.name_of(branch.path)}, which has no message."
                found.append(Obstacle("empty_path", words, "Write one, or remove the branch.", _WHERE))
            if branch.kind is BranchKind.CLICK and not plan.track_clicks:
                words = f"A branch behind step {step.name} waits for a click, and no link of the campaign is followed."
                found.append(Obstacle("no_clicks", words, "Follow clicks, or remove the branch.", "tracking:choices"))
            elif branch.kind is BranchKind.CLICK and not _may_be_clicked(plan, step):
                words = (
                    f"A branch behind step {step.name} waits for a click, and no message up to it has a link to follow."
                )
                fix = "Put a link behind words, not behind its own address, into the HTML, or remove the branch."
                found.append(Obstacle("no_link", words, fix, "sequences:sequence"))
            if branch.kind is BranchKind.FIELD and (problem := _problem(plan, branch)):
                words = f"Step {step.name}: the condition of a branch cannot be read. {problem}"
                found.append(Obstacle("broken_branch", words, "Set the branch anew.", _WHERE))
    return found


def _may_be_clicked(plan: CampaignPlan, last: PlannedStep) -> bool:
    """Say whether somebody can have got a link by this step: positions only grow, on whatever paths they came."""
    if plan.track_text_clicks:
        return True  # a signature or a value may hold one, which no wording tells
    before = (step for step in plan.steps if step.position <= last.position)
    return any(may_have_link(variant.body_html) for step in before for variant in step.variants)


def _problem(plan: CampaignPlan, branch: PlannedBranch) -> str:
    try:
        read_condition(plan.workspace_id, branch.where)
    except BadQuery as error:
        return str(error)
    return ""
