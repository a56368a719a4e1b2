"""Ask the room above who of some contacts is in a running campaign; outreach/slots.py names it, as a string."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from django.utils.module_loading import import_string

from campaigns.contacts.core.difference import InCampaign
from outreach.slots import RUNNING_PEOPLE

RunningAmong = Callable[[int, Sequence[int]], tuple[int, Sequence[InCampaign]]]


def people_in_campaigns(workspace_id: int, contact_ids: Sequence[int]) -> tuple[int, Sequence[InCampaign]]:
    """Return how many of these contacts of a workspace are in running campaigns, and how many in each."""
    return _room_above()(workspace_id, contact_ids)


@cache
def _room_above() -> RunningAmong:
    found: RunningAmong = import_string(RUNNING_PEOPLE)
    return found
