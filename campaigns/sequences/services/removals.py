"""What was removed from a draft, kept to be brought back: paths with all they hold, steps with branches, wordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from django.db import transaction
from django.db.models import F

from campaigns.calendar import WaitUnit
from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.forks import who_takes
from campaigns.sequences.models import Branch, Campaign, Path, RemovedPart, Step, Variant
from campaigns.sequences.positions import MAIN, block_of, path_of, place_in, position_in
from campaigns.sequences.services.branches import Fork, add_branch
from campaigns.sequences.services.holding import draft, step_now
from campaigns.sequences.services.paths import add_path, remove_path
from campaigns.sequences.services.steps import MOST_STEPS, USUAL_WAITS, remove_step
from campaigns.sequences.services.variants import add_variant, remove_variant
from campaigns.sequences.states import BranchKind, CampaignState, ReplyClass, StepThread
from outreach.accounts.models import User

MOST_KEPT = 20  # for each campaign: the oldest give way
_JOINING = ("wait_amount", "wait_unit", "thread")
_OF_STEP = ("position", *_JOINING)
_OF_WORDING = ("label", "weight", "subject", "body_text", "body_html")
_OF_BRANCH = ("place", "kind", "where", "reply", "path_id")


@dataclass(frozen=True, slots=True)
class Returned:
    """What of a part that came back could not, in words. The step that came back, or whose wording did, if one did."""

    step: Step | None
    lost: Sequence[str] = ()


def take_step_out(step: Step, *, by: User | None = None) -> None:
    """Remove a step of a draft, and keep it, its wordings and the branches behind it as they stand.

    Raises IllegalMove as remove_step does.
    """
    with transaction.atomic():
        campaign = draft(step.campaign_id)
        current = Step.objects.filter(pk=step.pk).first() or step
        content = _step_content(current)
        remove_step(step)
        _keep(campaign, content, by)


def take_path_out(path: Path, *, by: User | None = None) -> None:
    """Remove a path of a draft, and keep it with its steps and the branches in it and to it. Raises as remove_path."""
    with transaction.atomic():
        campaign = draft(path.campaign_id)
        steps = Step.objects.filter(campaign=campaign, position__range=block_of(path.number)).order_by("position")
        leading = Branch.objects.filter(path=path).order_by("step__position", "place")
        content = {
            "path": {"id": path.pk, "number": path.number, "name": path.name},
            "steps": [_step_content(one) for one in steps],
            "leading": [{**_columns(one, _OF_BRANCH), "step": one.step_id} for one in leading],
        }
        remove_path(path, who=by)
        _keep(campaign, content, by)


def take_variant_out(variant: Variant, *, by: User | None = None) -> None:
    """Remove a wording, and keep it where the campaign is a draft. Raises as remove_variant does."""
    with transaction.atomic():
        current = Variant.objects.select_related("step__campaign").filter(pk=variant.pk).first() or variant
        content = {"step": current.step_id, "wordings": [_columns(current, _OF_WORDING)]}
        remove_variant(variant)
        if current.step.campaign.state == CampaignState.DRAFT:
            _keep(current.step.campaign, content, by)


def bring_back(part: RemovedPart, *, by: User | None = None) -> Returned:
    """Put a removed part where it was. A step is the last where its path has become shorter.

    Raises IllegalMove where the campaign was launched, or the step of a wording or the path of a step is gone (another
    one under its number is not the same), or somebody was faster; BadEdit where there is no place for it any more.
    """
    with transaction.atomic():
        campaign = draft(part.campaign_id)
        taken, _ = RemovedPart.objects.filter(pk=part.pk).delete()
        if not taken:
            raise IllegalMove("Somebody else brought it back.")
        if "path" in part.content:
            return Returned(None, _path_back(campaign, part.content, by))
        if "step" in part.content:
            return Returned(_wording_back(campaign, part.content, by))
        step = _step_back(campaign, part.content, by)
        return Returned(step, _branches_back(step, part.content.get("branches", ())))


def _wording_back(campaign: Campaign, content: dict[str, Any], by: User | None) -> Step:
    step = Step.objects.filter(pk=content["step"], campaign=campaign).first()
    if step is None:
        raise IllegalMove("The step of this wording is gone. Bring that back first.")
    wording = content["wordings"][0]
    made = add_variant(step, by=by)
    if not Variant.objects.filter(step=step, label=wording["label"]).exists():
        made.label = wording["label"]
    Variant.objects.filter(pk=made.pk).update(**{**wording, "label": made.label})
    return step


def _step_back(campaign: Campaign, content: dict[str, Any], by: User | None) -> Step:
    path, place = path_of(content["position"]), place_in(content["position"])
    if path != MAIN:
        its_own = campaign.paths.filter(pk=content.get("path_id") or 0).first()
        if its_own is None:
            raise IllegalMove("The path of this step is gone. Bring that back first.")
        path = its_own.number
    its_path = Step.objects.filter(campaign=campaign, position__range=block_of(path))
    if its_path.count() >= MOST_STEPS:
        raise BadEdit("", f"A path has {MOST_STEPS} steps at most.")
    position = position_in(path, min(place, its_path.count() + 1))
    if position == 1:  # what opens the thread meanwhile is a follow-up again
        its_path.filter(position=1).update(wait_amount=USUAL_WAITS[1], wait_unit=WaitUnit.DAYS, thread=StepThread.REPLY)
    its_path.filter(position__gte=position).update(position=F("position") + 1)
    columns = {name: content[name] for name in _JOINING}
    if position == 1:
        columns |= {"wait_amount": 0, "thread": StepThread.NEW}
    return _step_made(campaign, content, by, position=position, **columns)


def _path_back(campaign: Campaign, content: Mapping[str, Any], by: User | None) -> list[str]:
    """Put a path back with its steps and branches; return in words which branches cannot come with it."""
    old = content["path"]
    path = add_path(campaign, _free_name(campaign, old["name"]), who=by, again=old)
    for one in content["steps"]:
        position = position_in(path.number, place_in(one["position"]))
        _step_made(campaign, one, by, position=position, **{name: one[name] for name in _JOINING})
    lost = []
    for one in content["steps"]:
        step = Step.objects.get(pk=one["id"])
        lost += _branches_back(step, one["branches"])
    return lost + _leading_back(campaign, path, content["leading"])


def _leading_back(campaign: Campaign, path: Path, leading: Sequence[Mapping[str, Any]]) -> list[str]:
    """Let the branches lead to a path again that led there; return in words which cannot."""
    lost = []
    for one in leading:
        reply = ReplyClass(one["reply"]) if one["reply"] else None
        try:
            step = step_now(campaign, Step(pk=one["step"]))
            add_branch(step, Fork(BranchKind(one["kind"]), path.pk, one["where"], reply))
        except (BadEdit, IllegalMove) as error:
            who = who_takes(one["kind"], one["where"], one["reply"])
            lost.append(f"The branch “{who}” that led there did not come back: {error}")
    return lost


def _free_name(campaign: Campaign, name: str) -> str:
    taken = set(campaign.paths.values_list("name", flat=True))
    names = chain([name], (f"{name[:50]} ({number})" for number in count(2)))
    return next(one for one in names if one not in taken)


def _step_made(
    campaign: Campaign, content: Mapping[str, Any], by: User | None, *, position: int, **columns: Any
) -> Step:
    """Make a step anew under its id, by which the wordings that were removed from it know it."""
    step = Step.objects.create(pk=content.get("id"), campaign=campaign, position=position, **columns)
    Variant.objects.bulk_create(Variant(step=step, saved_by=by, **one) for one in content["wordings"])
    return step


def _step_content(step: Step) -> dict[str, Any]:
    path = Path.objects.filter(campaign=step.campaign_id, number=path_of(step.position)).first()
    content = {**_columns(step, _OF_STEP), "id": step.pk, "path_id": path.pk if path else None}
    content["wordings"] = [_columns(one, _OF_WORDING) for one in Variant.objects.filter(step=step).order_by("label")]
    content["branches"] = [
        {**_columns(one, _OF_BRANCH), "path_name": one.path.name if one.path else ""}
        for one in Branch.objects.filter(step=step).select_related("path").order_by("place")
    ]
    return content


def _branches_back(step: Step, branches: Sequence[Mapping[str, Any]]) -> list[str]:
    """Set up the branches behind a step whose paths still stand; return in words which do not."""
    ahead = Path.objects.filter(campaign=step.campaign_id, number__gt=path_of(step.position))
    standing = set(ahead.values_list("pk", flat=True))
    there = [one for one in branches if one["path_id"] is None or one["path_id"] in standing]
    Branch.objects.bulk_create(Branch(step=step, **{name: one[name] for name in _OF_BRANCH}) for one in there)
    return [
        f"The branch “{who_takes(one['kind'], one['where'], one['reply'])}” did not come back: the path "
        f"“{one['path_name']}” that it led to is gone, or does not lie ahead any more."
        for one in branches
        if one not in there
    ]


def _keep(campaign: Campaign, content: dict[str, Any], by: User | None) -> None:
    RemovedPart.objects.create(campaign=campaign, content=content, removed_by=by)
    newest = RemovedPart.objects.filter(campaign=campaign).order_by("-pk").values("pk")[:MOST_KEPT]
    RemovedPart.objects.filter(campaign=campaign).exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()


def _columns(row: Step | Variant | Branch, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
