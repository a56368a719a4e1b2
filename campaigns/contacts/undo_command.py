"""`outreach undo-import`: take an import back from the command line, as its page does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

from campaigns.contacts import queries, services
from campaigns.contacts.core.undo import UndoCounts
from campaigns.contacts.errors import IllegalMove
from campaigns.contacts.models import ContactImport
from campaigns.contacts.states import ImportState

DONE, NOT_UNDONE, BAD_USAGE = 0, 1, 2


def run_undo_import(import_id: int, echo: Callable[[str], None], *, is_dry_run: bool, is_json: bool) -> int:
    """Undo the import, or go on with an undo that has begun, and tell what came of it.

    A dry run says what would come of it, and changes nothing. Returns 0 when it is undone, or could be, 1 when it
    cannot be (any more), 2 when there is no such import.
    """
    row = ContactImport.objects.filter(pk=import_id).first()
    if row is None:
        echo(f"There is no import {import_id}. Its page has the number in its address.")
        return BAD_USAGE
    if row.state != ImportState.UNDOING and not queries.can_be_undone(row):
        echo(f"Import {import_id} cannot be undone: {_why_not(row)}.")
        return NOT_UNDONE
    if is_dry_run:
        return _foretell(row, echo, is_json=is_json)
    try:
        if row.state != ImportState.UNDOING:
            services.undo_import(row, by=None, hint=False)
        services.run_undo(row.pk)  # returns at once while a worker has it
    except IllegalMove:
        echo(f"Import {import_id} cannot be undone: somebody else was faster.")
        return NOT_UNDONE
    row.refresh_from_db()
    counts = UndoCounts(**row.undo)
    if is_json:
        names = ("removed", "restored", "places", "tags", "grounds", "kept", "kept_values")
        echo(json.dumps({"import": row.pk, "state": row.state} | {name: asdict(counts)[name] for name in names}))
    elif row.state == ImportState.UNDOING:
        echo("A worker is at it: its page shows how far it is.")
    else:
        echo(
            f"Undone: {counts.removed:,} contacts removed, {counts.restored:,} got values back, "
            f"{counts.places:,} places on lists, {counts.tags:,} tags and {counts.grounds:,} grounds taken back."
        )
        _tell_kept(queries.kept_by_cause(counts.kept), counts.kept_values, echo)
    return DONE


def _foretell(row: ContactImport, echo: Callable[[str], None], *, is_json: bool) -> int:
    if row.state == ImportState.UNDOING:
        echo("The undo has begun already.")
        return DONE
    found = queries.undo_preview(row)
    if is_json:
        told = {
            "removed": found.removed, "restored": found.changed, "places": found.places, "tags": found.tags,
            "grounds": found.grounds,
        }  # fmt: skip
        kept = {one.cause: one.number for one in found.kept}
        echo(json.dumps({"import": row.pk, **told, "kept": kept, "kept_values": found.changed_since}))
        return DONE
    echo(
        f"{found.removed:,} contacts would be removed, {found.changed:,} would get values back, "
        f"{found.places:,} places on lists and {found.tags:,} tags would be taken back. Nothing was changed."
    )
    _tell_kept(found.kept, found.changed_since, echo)
    return DONE


def _tell_kept(kept: list[queries.Kept] | tuple[queries.Kept, ...], values: int, echo: Callable[[str], None]) -> None:
    for one in kept:
        echo(f"  {one.number:,} stay: {one.words}.")
    if values:
        echo(f"  {values:,} keep values of it: they were changed since, or stand in a later file, too.")


def _why_not(row: ContactImport) -> str:
    if row.state == ImportState.UNDONE:
        return "it was undone already"
    if row.state == ImportState.DONE:
        return "it is too old, and the record of what was before it is gone"
    return f"it is {row.state}"
