"""The branches behind a step: set up, changed, moved, removed. Each is told with who did it, and what stood before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from campaigns.contacts.core.segments import BadQuery
from campaigns.contacts.queries import read_condition
from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.forks import lines_of
from campaigns.sequences.models import Branch, Path, Step
from campaigns.sequences.positions import block_of, path_of
from campaigns.sequences.queries import branches_behind
from campaigns.sequences.seen import seen_branches
from campaigns.sequences.services.holding import locked, refuse_overtaken, step_now
from campaigns.sequences.states import CONDITIONS, BranchKind, ReplyClass
from campaigns.sequences.telling import Edit, EditKind, tell
from outreach.accounts.models import User

MOST_BRANCHES = 12  # of one step
_WHAT = "the branches behind this step"


@dataclass(frozen=True, slots=True)
class Fork:
    """A branch as a person sets it: by what it is taken, and the id of the path it leads to (None: the end)."""

    kind: BranchKind
    path: int | None
    where: str = ""
    reply: ReplyClass | None = None


def check_branch(step: Step, fork: Fork, *, branch: Branch | None = None, seen: str | None = None) -> Branch:
    """Return the branch as it would be kept behind the step, in the place of another one if that is given.

    Writes nothing. Raises BadEdit for a path that does not lie ahead or has no message, for a condition that cannot be
    read, for a second branch for the same answer, or for everybody, and at the limit; IllegalMove, Overtaken.
    """
    rows = branches_behind(step)
    refuse_overtaken(seen, seen_branches(rows), _WHAT)
    if branch is not None and branch.pk not in {one.pk for one in rows}:
        raise IllegalMove("Somebody else removed this branch.")
    others = [one for one in rows if branch is None or one.pk != branch.pk]
    path = _target(step, fork)
    _refuse_again(others, fork)
    if fork.kind is BranchKind.FIELD:
        _refuse_unreadable(step.campaign.workspace_id, fork.where)
    if len(others) >= MOST_BRANCHES:
        raise BadEdit("", f"A step has {MOST_BRANCHES} branches at most.")
    return Branch(
        pk=branch.pk if branch else None,
        step=step,
        place=branch.place if branch else max((one.place for one in rows), default=0) + 1,
        kind=fork.kind,
        where=fork.where.strip() if fork.kind is BranchKind.FIELD else "",
        reply=(fork.reply or "") if fork.kind is BranchKind.REPLY else "",
        path=path,
    )


def add_branch(step: Step, fork: Fork, *, seen: str | None = None, who: User | None = None) -> Branch:
    """Set up a branch behind a step; in a launched campaign it counts for whoever has not gone on yet.

    Raises as check_branch does.
    """
    with transaction.atomic():
        campaign = locked(step.campaign_id)
        made = check_branch(step_now(campaign, step), fork, seen=seen)
        made.save(force_insert=True)
        tell(Edit(campaign, EditKind.BRANCH_SET, _place(step), who, after=lines_of([made])))
        return made


def change_branch(branch: Branch, fork: Fork, *, seen: str | None = None, who: User | None = None) -> None:
    """Let a branch be taken by somebody else, or lead elsewhere; whoever has taken it stays where they are.

    Raises as check_branch does.
    """
    with transaction.atomic():
        campaign = locked(branch.step.campaign_id)
        step = step_now(campaign, branch.step)
        before = list(Branch.objects.filter(pk=branch.pk).select_related("path"))
        made = check_branch(step, fork, branch=branch, seen=seen)
        made.save(update_fields=["kind", "where", "reply", "path"])
        tell(Edit(campaign, EditKind.BRANCH_CHANGED, _place(step), who, lines_of(before), lines_of([made])))


def remove_branch(branch: Branch, *, seen: str | None = None, who: User | None = None) -> None:
    """Remove a branch; whoever has taken it stays where they are. Raises Overtaken."""
    with transaction.atomic():
        campaign = locked(branch.step.campaign_id)
        rows = branches_behind(branch.step)
        refuse_overtaken(seen, seen_branches(rows), _WHAT)
        before = [one for one in rows if one.pk == branch.pk]
        Branch.objects.filter(pk=branch.pk).delete()
        if before:
            tell(Edit(campaign, EditKind.BRANCH_REMOVED, _place(branch.step), who, lines_of(before)))


def moved_branches(branch: Branch, *, by: int) -> list[Branch]:
    """Return the branches behind the step of one as they would be asked if it was asked earlier (-1) or later (+1).

    Only conditions have an order; at an end nothing changes. Writes nothing.
    """
    rows = branches_behind(branch.step)
    asked = [one for one in rows if one.kind in CONDITIONS]
    at = next((place for place, one in enumerate(asked) if one.pk == branch.pk), None)
    if at is not None and 0 <= at + by < len(asked):
        asked[at].place, asked[at + by].place = asked[at + by].place, asked[at].place
    return sorted(rows, key=lambda one: one.place)


def move_branch(branch: Branch, *, by: int, seen: str | None = None, who: User | None = None) -> None:
    """Let a branch be asked one place earlier (-1) or later (+1); nothing happens at an end. Raises Overtaken."""
    with transaction.atomic():
        campaign = locked(branch.step.campaign_id)
        rows = branches_behind(branch.step)
        refuse_overtaken(seen, seen_branches(rows), _WHAT)
        before, places = lines_of(rows), {one.pk: one.place for one in rows}
        after = moved_branches(branch, by=by)
        changed = [one for one in after if places.get(one.pk) != one.place]
        for one in changed:
            Branch.objects.filter(pk=one.pk).update(place=one.place)
        if changed:
            tell(Edit(campaign, EditKind.BRANCH_MOVED, _place(branch.step), who, before, lines_of(after)))


def _place(step: Step) -> str:
    return f"Step {step.name}"


def _target(step: Step, fork: Fork) -> Path | None:
    if fork.path is None:
        if fork.kind is BranchKind.REPLY:
            raise BadEdit("path", "An answer ends the sequence by itself. Choose the path that it leads to.")
        return None
    path = Path.objects.filter(campaign=step.campaign_id, pk=fork.path).first()
    if path is None:
        raise IllegalMove("Somebody else removed this path.")
    if path.number <= path_of(step.position):
        raise BadEdit("path", "A branch leads ahead: to a path with a higher number, so that nobody goes in a circle.")
    if not Step.objects.filter(campaign=step.campaign_id, position__range=block_of(path.number)).exists():
        raise BadEdit("path", "This path has no message yet.")
    return path


def _refuse_again(others: Sequence[Branch], fork: Fork) -> None:
    if fork.kind is BranchKind.REPLY and any(one.reply == fork.reply for one in others):
        raise BadEdit("reply", "There is a branch for such answers behind this step already.")
    if fork.kind is BranchKind.CLICK and any(one.kind == BranchKind.CLICK for one in others):
        raise BadEdit("kind", "There is a branch for whoever follows a link behind this step already.")
    if fork.kind is BranchKind.EVERYBODY and any(one.kind == BranchKind.EVERYBODY for one in others):
        raise BadEdit("kind", "There is a branch for everybody else behind this step already.")


def _refuse_unreadable(workspace_id: int, where: str) -> None:
    if not where.strip():
        raise BadEdit("where", "Say for whom, as “title contains CTO”.")
    try:
        read_condition(workspace_id, where)
    except BadQuery as error:
        raise BadEdit("where", str(error)) from error
