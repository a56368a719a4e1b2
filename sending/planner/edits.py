"""Edits of a campaign's ways in the ledger: who did what, what stood before, what stands now (a slot of sequences)."""

from __future__ import annotations

from campaigns.sequences.telling import Edit, EditKind
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now

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
}


def keep_edit(edit: Edit) -> None:
    """Add the event of an edit. Runs inside its transaction."""
    by = edit.who.email if edit.who else ""
    data = {"what": edit.kind.value, "words": _words(edit, by), "before": edit.before, "after": edit.after, "by": by}
    at = database_now()
    record([Entry(edit.campaign.workspace_id, EventKind.EDITED, at, campaign_id=edit.campaign.pk, data=data)])


def _words(edit: Edit, by: str) -> str:
    """Return the edit in one sentence, with what changed: what stood there before stands first."""
    changed = " became ".join("“" + text.replace("\n", "; ") + "”" for text in (edit.before, edit.after) if text)
    return f"{edit.place}: {_WORDS[edit.kind]}{f' by {by}' if by else ''}: {changed}."
