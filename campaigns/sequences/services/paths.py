"""The sub-sequences of a campaign; the branches that lead to them are in branches.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from campaigns.sequences.errors import BadEdit
from campaigns.sequences.models import Campaign, Path, Step
from campaigns.sequences.positions import MOST_PATHS, block_of
from campaigns.sequences.services.holding import draft, locked
from campaigns.sequences.services.steps import add_step
from campaigns.sequences.telling import Edit, EditKind, tell
from outreach.accounts.models import User


def add_path(campaign: Campaign, name: str, *, who: User | None = None, again: Mapping[str, Any] | None = None) -> Path:
    """Add a sub-sequence, with one empty message. Raises BadEdit for a name that is taken or empty, and at the limit.

    Nobody comes there before a branch leads to it. again: the id and the number of one that was removed and comes
    back, without a message; the number is another one where it is taken.
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
        if again and again["number"] not in taken:
            number = again["number"]
        path = Path.objects.create(
            pk=again["id"] if again else None, campaign=campaign, number=number, name=name.strip()
        )
        if not again:
            add_step(campaign, path=path.number)
        tell(Edit(campaign, EditKind.PATH_ADDED, f"Path {path.number}", who, after=path.name))
    return path


def rename_path(path: Path, name: str, *, who: User | None = None) -> None:
    """Give a path another name. Raises BadEdit."""
    with transaction.atomic():
        campaign = locked(path.campaign_id)
        _refuse_name(path.campaign_id, name, but=path.pk)
        before = Path.objects.filter(pk=path.pk).values_list("name", flat=True).first()
        if before is None or before == name.strip():
            return
        Path.objects.filter(pk=path.pk).update(name=name.strip())
        tell(Edit(campaign, EditKind.PATH_RENAMED, f"Path {path.number}", who, before, name.strip()))


def remove_path(path: Path, *, who: User | None = None) -> None:
    """Remove a path with its messages and the branches to it. Raises IllegalMove once the campaign was launched."""
    with transaction.atomic():
        campaign = draft(path.campaign_id)
        tell(Edit(campaign, EditKind.PATH_REMOVED, f"Path {path.number}", who, before=path.name))
        Step.objects.filter(campaign=path.campaign_id, position__range=block_of(path.number)).delete()
        Path.objects.filter(pk=path.pk).delete()


def _refuse_name(campaign_id: int, name: str, *, but: int = 0) -> None:
    name = name.strip()
    if not name:
        raise BadEdit("name", "A path needs a name.")
    if Path.objects.filter(campaign=campaign_id, name=name).exclude(pk=but).exists():
        raise BadEdit("name", "Another path has this name.")
