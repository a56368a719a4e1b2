"""Set how much a workspace lets go to one company, domain and provider."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from campaigns.sequences.schedule_words import changed
from campaigns.sequences.services.holding import refuse_overtaken
from campaigns.sequences.telling import EditKind, tell_launched
from outreach.accounts.models import User, Workspace
from outreach.kit.stale import fingerprint
from sending.planner.claim.throttling import NOTHING_SET, throttle_values
from sending.planner.models import Throttles


def set_throttles(
    workspace: Workspace, columns: Mapping[str, int | None], *, seen: str | None = None, who: User | None = None
) -> None:
    """Set how much the workspace lets go to one domain, company and provider; columns that are not named are lifted.

    Whoever the limits before held is looked at again, and the story of each launched campaign tells of it. Raises
    Overtaken.
    """
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two saves at once wait in line
        before = throttle_values(workspace)
        refuse_overtaken(seen, seen_throttles(before), "these limits")
        after = {**NOTHING_SET, **columns}
        Throttles.objects.update_or_create(workspace=workspace, defaults=after)
        change = changed(_lines(before), _lines(after))
        tell_launched(workspace, EditKind.LIMITS_CHANGED, "Limits of the workspace", who, change)


def seen_throttles(values: Mapping[str, int | None]) -> str:
    """Return the fingerprint of the limits of a workspace."""
    return fingerprint(sorted(values.items(), key=lambda one: one[0]))


def _lines(values: Mapping[str, int | None]) -> list[str]:
    return [f"{name.replace('_', ' ')}: {'no limit' if limit is None else limit}" for name, limit in values.items()]
