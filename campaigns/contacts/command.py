"""`outreach import` and `outreach check`: the same paths as the pages, from the command line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import transaction

from campaigns.contacts import queries, services
from campaigns.contacts.core.columns import label
from campaigns.contacts.core.encoding import LABELS
from campaigns.contacts.core.undo import UNDO_FOR
from campaigns.contacts.core.verdicts import VERDICT_LABELS
from campaigns.contacts.errors import BadContact, BadFile, BadMapping, NothingToCheck
from campaigns.contacts.import_options import BadOption, ImportOptions, take_options
from campaigns.contacts.models import ContactImport, ContactList
from campaigns.contacts.states import CheckState, ImportState
from outreach.accounts.models import Workspace

DONE, NOT_IMPORTED, BAD_USAGE = 0, 1, 2
_POLL_S = 1.0  # while a worker has the check
_PIECE_BYTES = 256 * 1024
_CAUSES = 10


def run_import(
    path: Path, workspace: str, list_name: str, echo: Callable[[str], None], options: ImportOptions | None = None
) -> int:
    """Import the file into the workspace (its slug) and put everybody on the list, which is created when missing.

    Says through `echo` how the file was read, the counts and the most frequent causes of rejection, or all of it as one
    JSON object. A dry run says what would change, and keeps nothing. Returns 0 when the file went in (rejected rows are
    told) or could go in, 1 when it could not, 2 for a wrong path, workspace, list name or option.
    """
    options = options or ImportOptions()
    target = Workspace.objects.filter(slug=workspace).first()
    if target is None:
        known = ", ".join(Workspace.objects.order_by("slug").values_list("slug", flat=True)[:10])
        echo(f"There is no workspace “{workspace}”. Known: {known or 'none; create one in the browser first'}.")
        return BAD_USAGE
    try:
        with services.received(path.name, _pieces(path)) as upload, transaction.atomic():
            row = services.store_received(target, upload)
            take_options(row, options)
            if options.is_dry_run:
                services.choose(row, row.mapping, list_name)
            else:
                services.confirm_onto(row, row.mapping, list_name, hint=False)
    except OSError as error:
        echo(f"{path} cannot be read: {error.strerror}.")
        return BAD_USAGE
    except (BadContact, BadOption, BadMapping) as error:
        echo(f"--list: {error}" if isinstance(error, BadContact) else str(error))
        return BAD_USAGE
    except BadFile as error:
        echo(f"{path.name}: {error}")
        return NOT_IMPORTED
    if not options.is_json:
        _tell_reading(row, echo)
    if options.is_dry_run:
        return _try_out(row, echo, is_json=options.is_json)
    services.run_import(row.pk)
    row.refresh_from_db()
    return _tell_json(row, echo) if options.is_json else _tell_result(row, echo)


def _try_out(row: ContactImport, echo: Callable[[str], None], *, is_json: bool) -> int:
    """Tell what the import would change; the upload is forgotten afterwards."""
    try:
        services.run_dry_run(services.start_dry_run(row, hint=False).pk)
        dry_run = queries.dry_run_of(row)
        found = queries.foreseen(dry_run) if dry_run else None
    finally:
        row.delete()
    if found is None:
        echo(f"{row.filename} cannot be imported: {dry_run.problem if dry_run else 'it was overtaken'}.")
        return NOT_IMPORTED
    difference = found.difference
    if is_json:
        echo(json.dumps(difference.as_json(), ensure_ascii=False))
    else:
        _tell_difference(found, "row" if row.sheets else "line", echo)
    return DONE if difference.rows > difference.rejected else NOT_IMPORTED


def _tell_difference(found: queries.Foreseen, place: str, echo: Callable[[str], None]) -> None:
    counts = found.difference
    echo(
        f"{counts.rows:,} rows: {counts.created:,} would be new, {counts.changed:,} changed, "
        f"{counts.unchanged:,} unchanged, {counts.rejected:,} rejected; {counts.suppressed:,} are suppressed, "
        f"{counts.enrolled:,} are in a running campaign. Nothing was changed."
    )
    if counts.grounded:
        echo(f"The legal basis would go on record for {counts.grounded:,} who are known, beside theirs.")
    if counts.refused:
        echo(f"Not for {counts.refused:,} who said themselves that they are not to be written to.")
    for label_of_field, change in found.changes:
        echo(f"  {label_of_field}: {change.people:,} changed")
        for email, before, after in change.samples:
            echo(f"    {email}: “{before}” -> “{after}”")
    for cause, rejections in found.rejections:
        echo(f"  {rejections.rows:,} rejected: {cause}")
        for line, _, original in rejections.samples:
            echo(f"    {place} {line}: {original}")
    for note in counts.notes:
        echo(f"Note: {note}")


def _tell_json(row: ContactImport, echo: Callable[[str], None]) -> int:
    names = ("read", "created", "updated", "unchanged", "skipped", "rejected", "suppressed", "grounded")
    rejected = row.told_rejections.order_by("line").values("line", "cause", "original")[:_CAUSES]
    told = {
        "import": row.pk,
        "file": row.filename,
        "state": row.state,
        "problem": row.problem,
        "rows": {name: getattr(row, f"rows_{name}") for name in names},
        "notes": row.notes,
        "first_rejected": list(rejected),
    }
    echo(json.dumps(told, ensure_ascii=False))
    return DONE if row.state == ImportState.DONE and row.rows_read > row.rows_rejected else NOT_IMPORTED


def check_addresses(workspace: str, list_name: str, echo: Callable[[str], None]) -> int:
    """Check the addresses of a list (its name, in any case) of the workspace (its slug), and tell what came of it.

    Goes on with a check that runs already. Returns 0 when every domain was looked at, 1 when somebody ended the check
    or there is nothing to check, 2 for a wrong workspace or list.
    """
    row = ContactList.objects.filter(workspace__slug=workspace, name__iexact=list_name).first()
    if row is None:
        echo(f"There is no list “{list_name}” in a workspace “{workspace}”.")
        return BAD_USAGE
    try:
        check = services.start_check(row, hint=False)
    except NothingToCheck as error:
        echo(str(error))
        return NOT_IMPORTED
    while check.state == CheckState.RUNNING:
        services.run_check(check.pk)  # returns at once while a worker has it
        before = check.domains_done
        check.refresh_from_db()
        if check.domains_done == before and check.state == CheckState.RUNNING:
            time.sleep(_POLL_S)
        elif check.domains_total is not None:
            echo(f"{check.domains_done:,} of {check.domains_total:,} domains.")
    for verdict, count in sorted(queries.verdict_counts(row.workspace_id, [row.pk]).items(), key=lambda pair: -pair[1]):
        echo(f"  {count:,} {VERDICT_LABELS.get(verdict, verdict).lower()}")
    return DONE if check.state == CheckState.DONE else NOT_IMPORTED


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _tell_reading(row: ContactImport, echo: Callable[[str], None]) -> None:
    sheet = row.chosen_sheet
    read_as = f"sheet “{sheet.name}”" if sheet else LABELS.get(row.encoding, row.encoding)
    came_in = f" in {row.archive}" if row.archive else ""
    echo(f"Reading {row.filename}{came_in}: {read_as}, {row.size_bytes:,} bytes.")
    for name, target in row.mapping.items():
        echo(f"  {name} -> {label(target) if target else 'ignored'}")


def _tell_result(row: ContactImport, echo: Callable[[str], None]) -> int:
    if row.state != ImportState.DONE:
        echo(f"{row.filename} was not imported: {row.problem or row.state}.")
        return NOT_IMPORTED
    echo(
        f"{row.rows_read:,} rows: {row.rows_created:,} created, {row.rows_updated:,} updated, "
        f"{row.rows_unchanged + row.rows_skipped:,} unchanged, {row.rows_rejected:,} rejected."
    )
    echo(f"To take it back within {UNDO_FOR.days} days: outreach undo-import {row.pk}")
    if row.rows_grounded:
        echo(f"The legal basis went on record for {row.rows_grounded:,} who were known, beside theirs.")
    if row.rows_suppressed:
        echo(f"{row.rows_suppressed:,} of them are suppressed and will not be written to.")
    for note in row.notes:
        echo(f"Note: {note}")
    place = "row" if row.sheets else "line"
    rejected = row.told_rejections.order_by("line").values_list("line", "cause")
    for line, cause in rejected[:_CAUSES]:
        echo(f"  {place} {line}: {cause}")
    if row.rows_rejected > _CAUSES:
        echo(f"  … and {row.rows_rejected - _CAUSES:,} more; the import's page has them all as a file.")
    return DONE if row.rows_read > row.rows_rejected else NOT_IMPORTED
