"""Edits of a campaign in the ledger: who did what, what stood before, what stands now (a slot of sequences).

A setting that holds people is followed at once: whoever was held by the one before is looked at again, in the same
transaction.
"""

from __future__ import annotations

from campaigns.sequences.telling import Edit, EditKind
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.pacing import HoldCode
from sending.planner.services.reopening import reopen
from sending.planner.states import HELD_BY_SCHEDULE

_WORDS = {
    EditKind.BRANCH_SET: "a branch was set up",
    EditKind.BRANCH_CHANGED: "a branch was changed",
    EditKind.BRANCH_MOVED: "its branches are asked in another order",
    EditKind.BRANCH_REMOVED: "a branch was removed",
    EditKind.PATH_ADDED: "it was added",
    EditKind.PATH_RENAMED: "it was renamed",
    EditKind.PATH_REMOVED: "it was removed",
    EditKind.STEP_MOVED: "it was moved",
    EditKind.WAIT_CHANGED: "its wait was changed",
    EditKind.STEP_ADDED: "it was added",
    EditKind.SCHEDULE_CHANGED: "it was changed",
    EditKind.CLOSED_DAYS_CHANGED: "they were changed",
    EditKind.LIMITS_CHANGED: "they were changed",
    EditKind.SENDERS_CHANGED: "they were changed",
    EditKind.AUDIENCE_CHANGED: "it was changed",
    EditKind.TRACKING_CHOSEN: "it was chosen anew",
}
# Who was held by what a setting said before.
_HELD_BY = {
    EditKind.SCHEDULE_CHANGED: HELD_BY_SCHEDULE,
    EditKind.CLOSED_DAYS_CHANGED: (HoldCode.WINDOW,),
    EditKind.LIMITS_CHANGED: (
        HoldCode.DOMAIN_LIMIT, HoldCode.PROVIDER_LIMIT, HoldCode.COMPANY_LIMIT, HoldCode.CATCH_ALL_LIMIT,
    ),
}  # fmt: skip
_LONGEST = 600  # of what stood there before, and of what stands there now, as they are told in one sentence


def keep_edit(edit: Edit) -> None:
    """Add the event of an edit, and let go whom the setting before it held. Runs inside its transaction."""
    by = edit.who.email if edit.who else ""
    data = {"what": edit.kind.value, "words": _words(edit, by), "before": edit.before, "after": edit.after, "by": by}
    at = database_now()
    record([Entry(edit.campaign.workspace_id, EventKind.EDITED, at, campaign_id=edit.campaign.pk, data=data)])
    if codes := _HELD_BY.get(edit.kind):
        reopen(edit.campaign.pk, codes, words=f"{edit.place}: {_WORDS[edit.kind]}, so they are looked at again.")


def _words(edit: Edit, by: str) -> str:
    """Return the edit in one sentence, with what changed: what stood there before stands first."""
    changed = " became ".join(f"“{_on_one_line(text)}”" for text in (edit.before, edit.after) if text)
    return f"{edit.place}: {_WORDS[edit.kind]}{f' by {by}' if by else ''}: {changed}."


def _on_one_line(text: str) -> str:
    line = text.replace("\n", "; ")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
