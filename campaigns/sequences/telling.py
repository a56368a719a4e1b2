"""Edits of a campaign's ways told to the room that keeps the story, in the transaction of the edit (see slots.py)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from django.utils.module_loading import import_string

from campaigns.sequences.models import Campaign
from campaigns.sequences.states import LAUNCHED
from outreach.accounts.models import User, Workspace
from outreach.slots import EDIT_TOLD


class EditKind(StrEnum):
    """What was changed."""

    BRANCH_SET = "branch_set"
    BRANCH_CHANGED = "branch_changed"
    BRANCH_MOVED = "branch_moved"
    BRANCH_REMOVED = "branch_removed"
    PATH_ADDED = "path_added"
    PATH_RENAMED = "path_renamed"
    PATH_REMOVED = "path_removed"
    STEP_MOVED = "step_moved"
    WAIT_CHANGED = "wait_changed"  # this and all below: of a launched campaign
    STEP_ADDED = "step_added"
    SCHEDULE_CHANGED = "schedule_changed"
    CLOSED_DAYS_CHANGED = "closed_days_changed"  # those of the workspace
    LIMITS_CHANGED = "limits_changed"  # of the workspace: to one company, domain, provider
    SENDERS_CHANGED = "senders_changed"
    AUDIENCE_CHANGED = "audience_changed"
    TRACKING_CHOSEN = "tracking_chosen"  # also of a draft


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit as it is told: the place ("Step 2"), what stood there before and what stands there now, in words.

    who is None where no person is known (a program, a test).
    """

    campaign: Campaign
    kind: EditKind
    place: str
    who: User | None
    before: str = ""
    after: str = ""


def tell(edit: Edit) -> None:
    """Let the edit be kept. Runs inside its transaction."""
    _told()(edit)


def tell_launched(workspace: Workspace, kind: EditKind, place: str, who: User | None, change: tuple[str, str]) -> None:
    """Let the edit of a setting of the workspace be kept in each campaign that follows it.

    change: what went and what came, see schedule_words; nothing is told where both are empty.
    """
    went, came = change
    if went or came:
        for campaign in Campaign.objects.filter(workspace=workspace, state__in=list(LAUNCHED)).order_by("pk"):
            tell(Edit(campaign, kind, place, who, went, came))


@cache
def _told() -> Any:
    return import_string(EDIT_TOLD)
