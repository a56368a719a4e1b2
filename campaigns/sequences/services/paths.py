"""The sub-sequences of a campaign, and the branches that lead to them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, QuerySet

from campaigns.contacts.core.segments import BadQuery
from campaigns.contacts.queries import read_condition
from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.models import Branch, Campaign, Path, Step
from campaigns.sequences.positions import MOST_PATHS, block_of, path_of
from campaigns.sequences.services.holding import draft, locked, step_now
from campaigns.sequences.services.steps import add_step
from campaigns.sequences.states import BranchKind, ReplyClass

MOST_BRANCHES = 12  # of one step


@dataclass(frozen=True, slots=True)
class Fork:
    """A branch as a person sets it: by what it is taken, and the id of the path it leads to (None: the end)."""

    kind: BranchKind
    path: int | None
    where: str = ""
    reply: ReplyClass | None = None


def add_path(campaign: Campaign, name: str) -> Path:
    """Add a sub-sequence, with one empty message. Raises BadEdit for a name that is taken or empty, and at the limit.

    Nobody comes there before a branch leads to it.
    """
    with transaction.atomic():
        locked(campaign.pk)
        _refuse_name(campaign.pk, name)
        taken = set(Path.objects.filter(campaign=campaign).values_list("number", flat=True))
        if len(taken) >= MOST_PATHS:
            raise BadEdit("name", f"A campaign has {MOST_PATHS} paths at most.")
        number = max(taken, default=0) + 1
        if number > MOST_PATHS:  # paths of a draft were removed before
            number = min(set(range(1, MOST_PATHS + 1)) - taken)
        path = Path.objects.create(campaign=campaign, number=number, name=name.strip())
        add_step(campaign, path=path.number)
    return path


def rename_path(path: Path, name: str) -> None:
    """Give a path another name. Raises BadEdit."""
    with transaction.atomic():
        locked(path.campaign_id)
        _refuse_name(path.campaign_id, name, but=path.pk)
        Path.objects.filter(pk=path.pk).update(name=name.strip())


def remove_path(path: Path) -> None:
    """Remove a path with its messages and the branches to it. Raises IllegalMove once the campaign was launched."""
    with transaction.atomic():
        draft(path.campaign_id)
        Step.objects.filter(campaign=path.campaign_id, position__range=block_of(path.number)).delete()
        Path.objects.filter(pk=path.pk).delete()


def add_branch(step: Step, fork: Fork) -> Branch:
    """Set up a branch behind a step; in a launched campaign it counts for whoever has not gone on yet.

    Raises BadEdit for a path that does not lie ahead or has no message, for a condition that cannot be read, and for a
    second branch for the same answer, or for everybody.
    """
    with transaction.atomic():
        campaign = locked(step.campaign_id)
        current = step_now(campaign, step)
        path = _target(campaign, current, fork)
        here = Branch.objects.filter(step=current)
        _refuse_again(here, fork)
        if fork.kind is BranchKind.FIELD:
            _refuse_unreadable(campaign, fork.where)
        if here.count() >= MOST_BRANCHES:
            raise BadEdit("", f"A step has {MOST_BRANCHES} branches at most.")
        return Branch.objects.create(
            step=current,
            place=(here.aggregate(last=Max("place"))["last"] or 0) + 1,
            kind=fork.kind,
            where=fork.where.strip() if fork.kind is BranchKind.FIELD else "",
            reply=(fork.reply or "") if fork.kind is BranchKind.REPLY else "",
            path=path,
        )


def remove_branch(branch: Branch) -> None:
    """Remove a branch; whoever has taken it stays where they are."""
    with transaction.atomic():
        locked(branch.step.campaign_id)
        Branch.objects.filter(pk=branch.pk).delete()


def move_branch(branch: Branch, *, by: int) -> None:
    """Let a branch be asked one place earlier (-1) or later (+1); nothing happens at an end."""
    with transaction.atomic():
        locked(branch.step.campaign_id)
        rows = list(Branch.objects.filter(step=branch.step_id, kind=BranchKind.FIELD).order_by("place"))
        at = next((place for place, one in enumerate(rows) if one.pk == branch.pk), None)
        if at is None or not 0 <= at + by < len(rows):
            return
        for one, place in ((rows[at], rows[at + by].place), (rows[at + by], rows[at].place)):
            Branch.objects.filter(pk=one.pk).update(place=place)


def _refuse_name(campaign_id: int, name: str, *, but: int = 0) -> None:
    name = name.strip()
    if not name:
        raise BadEdit("name", "A path needs a name.")
    if Path.objects.filter(campaign=campaign_id, name=name).exclude(pk=but).exists():
        raise BadEdit("name", "Another path has this name.")


def _target(campaign: Campaign, step: Step, fork: Fork) -> Path | None:
    if fork.path is None:
        if fork.kind is BranchKind.REPLY:
            raise BadEdit("path", "An answer ends the sequence by itself. Choose the path that it leads to.")
        return None
    path = Path.objects.filter(campaign=campaign, pk=fork.path).first()
    if path is None:
        raise IllegalMove("Somebody else removed this path.")
    if path.number <= path_of(step.position):
        raise BadEdit("path", "A branch leads ahead: to a path with a higher number, so that nobody goes in a circle.")
    if not Step.objects.filter(campaign=campaign, position__range=block_of(path.number)).exists():
        raise BadEdit("path", "This path has no message yet.")
    return path


def _refuse_again(here: QuerySet[Branch], fork: Fork) -> None:
    rows = list(here)
    if fork.kind is BranchKind.REPLY and any(one.reply == fork.reply for one in rows):
        raise BadEdit("reply", "There is a branch for such answers behind this step already.")
    if fork.kind is BranchKind.EVERYBODY and any(one.kind == BranchKind.EVERYBODY for one in rows):
        raise BadEdit("kind", "There is a branch for everybody else behind this step already.")


def _refuse_unreadable(campaign: Campaign, where: str) -> None:
    if not where.strip():
        raise BadEdit("where", "Say for whom, as “title contains CTO”.")
    try:
        read_condition(campaign.workspace_id, where)
    except BadQuery as error:
        raise BadEdit("where", str(error)) from error
