"""Undo of imports over HTTP: what it would take back, and taking it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router, Schema, Status
from pydantic import Field

from campaigns.contacts import queries, services
from campaigns.contacts.api.import_shapes import Cause
from campaigns.contacts.models import ContactImport
from campaigns.contacts.states import ImportState
from outreach.accounts.keys import Scope
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.values import ID

router = Router(tags=["imports"])
_TAKEN = {ImportState.UNDOING, ImportState.UNDONE}


class UndoOut(Schema):
    """What an undo takes back; while it is `possible`, what it would take back now."""

    state: str = Field(description="`possible`, `impossible`, `undoing` or `undone`.")
    until: datetime | None = Field(description="Until when the import can be undone.")
    removed: int = Field(description="Contacts that the import had created.")
    restored: int = Field(description="Contacts that get back what they had before.")
    kept: int = Field(description="Created contacts that stay, because something came of them.")
    places: int = Field(description="On its list, of contacts that were known before.")
    tags: int
    grounds: int = Field(description="Legal bases that it put on record for contacts that were known before.")
    causes: list[Cause] = Field(description="Why created contacts stay, with how many.")


@router.get("/imports/{int:import_id}/undo", response=UndoOut, summary="Get its undo", **reads(Scope.CONTACTS_READ))
def undo(request: ApiRequest, import_id: ID) -> Any:
    """Return what an undo of the import would take back and keep, or what it has."""
    return _told(queries.import_for(request.member, import_id))


@router.post(
    "/imports/{int:import_id}/undo",
    response={202: UndoOut},
    summary="Undo an import",
    **writes(Scope.CONTACTS_WRITE, is_repeatable=True),
)
def undo_start(request: ApiRequest, import_id: ID) -> Any:
    """Take the import back, except what was changed since. Sent again it changes nothing.

    409 when the import is not done, or is too old.
    """
    row = queries.import_for(request.member, import_id)
    if row.state not in _TAKEN:
        services.undo_import(row, by=request.member.user)
    return Status(202, _told(queries.import_for(request.member, import_id)))


def _told(row: ContactImport) -> UndoOut:
    if row.state in _TAKEN:
        done = row.undo
        counts = {name: done.get(name, 0) for name in ("removed", "restored", "places", "tags", "grounds")}
        kept = queries.kept_by_cause(done.get("kept", {}))
        return _undo(row, row.state, kept, **counts)
    if not queries.can_be_undone(row):
        return _undo(row, "impossible", (), removed=0, restored=0, places=0, tags=0, grounds=0)
    seen = queries.undo_preview(row)
    counts = {"places": seen.places, "tags": seen.tags, "grounds": seen.grounds}
    return _undo(row, "possible", seen.kept, removed=seen.removed, restored=seen.changed, **counts)


def _undo(row: ContactImport, state: str, kept: Any, **counts: int) -> UndoOut:
    return UndoOut(
        state=state,
        until=row.undo_until,
        kept=sum(one.number for one in kept),
        causes=[Cause(cause=one.words, rows=one.number) for one in kept],
        **counts,
    )
