"""Write campaigns: create, edit their parts, move their state. One verb, one transaction.

Every edit locks the campaign's row first (see holding.py), so that edits, launch and each other wait in line. `seen` is
the fingerprint of what the person's page was drawn from (see seen.py); without it whatever stands there is replaced.
"""

from __future__ import annotations

from campaigns.sequences.services.audience import leave_out_roles, let_grow, set_audience
from campaigns.sequences.services.branches import (
    Fork,
    add_branch,
    change_branch,
    check_branch,
    move_branch,
    moved_branches,
    remove_branch,
)
from campaigns.sequences.services.campaigns import create_campaign, move_campaign, rename
from campaigns.sequences.services.fallbacks import Fallback, fallback_for, give_fallback
from campaigns.sequences.services.paths import add_path, remove_path, rename_path
from campaigns.sequences.services.removals import Returned, bring_back, take_path_out, take_step_out, take_variant_out
from campaigns.sequences.services.schedules import (
    LONGEST_AHEAD,
    OFFICE_HOURS,
    Schedule,
    check_schedule,
    close,
    save_schedule,
    seen_schedule_of,
)
from campaigns.sequences.services.steps import (
    MOST_STEPS,
    USUAL_WAITS,
    Joining,
    add_step,
    check_step,
    duplicate_step,
    move_step,
    place_step,
    remove_step,
    save_step,
)
from campaigns.sequences.services.tracking import Tracking, choose_tracking, tracking_of
from campaigns.sequences.services.variants import (
    Text,
    add_variant,
    check_variant,
    cleaned,
    keep_variant,
    remove_variant,
    restore_variant,
    save_variant,
)

__all__ = [
    "LONGEST_AHEAD",
    "MOST_STEPS",
    "OFFICE_HOURS",
    "USUAL_WAITS",
    "Fallback",
    "Fork",
    "Joining",
    "Returned",
    "Schedule",
    "Text",
    "Tracking",
    "add_branch",
    "add_path",
    "add_step",
    "add_variant",
    "bring_back",
    "change_branch",
    "check_branch",
    "check_schedule",
    "check_step",
    "check_variant",
    "choose_tracking",
    "cleaned",
    "close",
    "create_campaign",
    "duplicate_step",
    "fallback_for",
    "give_fallback",
    "keep_variant",
    "leave_out_roles",
    "let_grow",
    "move_branch",
    "move_campaign",
    "move_step",
    "moved_branches",
    "place_step",
    "remove_branch",
    "remove_path",
    "remove_step",
    "remove_variant",
    "rename",
    "rename_path",
    "restore_variant",
    "save_schedule",
    "save_step",
    "save_variant",
    "seen_schedule_of",
    "set_audience",
    "take_path_out",
    "take_step_out",
    "take_variant_out",
    "tracking_of",
]
