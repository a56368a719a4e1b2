"""Imports over HTTP: the same path as the pages and the command line, in one request or in two."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.http import HttpResponseBase
from ninja import File, Form, Router, Status, UploadedFile

from campaigns.contacts import queries, services
from campaigns.contacts.api.choosing import read_as, start
from campaigns.contacts.api.import_shapes import (
    Cause,
    Choices,
    FileChoices,
    ImportDetail,
    ImportOut,
    PastedText,
    columns_of,
    values_of,
)
from campaigns.contacts.core.pasting import table_of
from campaigns.contacts.downloads import rejected_rows
from campaigns.contacts.models import ContactImport
from campaigns.contacts.services.chunks import SIZE_LIMIT_BYTES
from campaigns.contacts.states import ImportState
from outreach.accounts.keys import Scope
from outreach.kit import clock
from outreach.kit.paging import sliced
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.values import ID, Cursor, Limit, Page

router = Router(tags=["imports"])
READ, WRITE = Scope.CONTACTS_READ, Scope.CONTACTS_WRITE
_PIECE_BYTES = 256 * 1024
_CSV = {200: {"description": "line, cause, original row", "content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.get("/imports", response=Page[ImportOut], summary="List imports", **reads(READ))
def imports(request: ApiRequest, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """Return the imports, the newest first."""
    page = sliced(queries.imports_of(request.member), by="id", size=limit, cursor=cursor)
    return Page[ImportOut](results=[_shown(row) for row in page.rows], next=page.next)


@router.post(
    "/imports",
    response={202: ImportDetail},
    summary="Import a file",
    **writes(WRITE, file_limit_bytes=SIZE_LIMIT_BYTES, prepares=True),
)
def import_file(request: ApiRequest, file: File[UploadedFile], wanted: Form[FileChoices]) -> Any:
    """Take a CSV or TSV file in any encoding, an Excel workbook, or a ZIP of one of them, and start its import.

    Ask `/imports/{id}` for how far it is. A file that is no table of contacts is refused with 422 and not kept.
    """
    return Status(202, _take(request, file.name or "", file.chunks(_PIECE_BYTES), wanted))


@router.post("/imports/text", response={202: ImportDetail}, summary="Import pasted rows", **writes(WRITE))
def import_text(request: ApiRequest, wanted: PastedText) -> Any:
    """Take a table as text, up to a million characters; otherwise as a file."""
    content = table_of(wanted.text).encode("utf-8", "replace")
    return Status(202, _take(request, wanted.name or "Pasted table", [content], wanted))


@router.get("/imports/{int:import_id}", response=ImportDetail, summary="Get an import", **reads(READ))
def import_one(request: ApiRequest, import_id: ID) -> Any:
    """Return how far an import is, what came of it, or, while it waits to be started, how its file is read."""
    return _detail(queries.import_for(request.member, import_id))


@router.post("/imports/{int:import_id}/start", response={202: ImportDetail}, summary="Start it", **writes(WRITE))
def import_start(request: ApiRequest, import_id: ID, wanted: Choices) -> Any:
    """Start an import that was only stored, as the body and the dry run before it say.

    409 when it is no longer `uploaded`.
    """
    row = queries.import_for(request.member, import_id)
    with transaction.atomic():
        read_as(row, wanted)
        start(row, wanted)
    return Status(202, _detail(queries.import_for(request.member, import_id)))


@router.post("/imports/{int:import_id}/cancel", response=ImportDetail, summary="Cancel it", **writes(WRITE))
def import_cancel(request: ApiRequest, import_id: ID) -> Any:
    """Stop an import; no contact is changed by it. 409 when it has ended."""
    services.cancel_import(queries.import_for(request.member, import_id))
    return _detail(queries.import_for(request.member, import_id))


@router.get(
    "/imports/{int:import_id}/rejected.csv",
    response={200: None},
    summary="Get the rejected rows",
    **reads(READ, responses=_CSV),
)
def import_rejected(request: ApiRequest, import_id: ID) -> HttpResponseBase:
    """Return the rejected rows as CSV: line, cause, original."""
    return rejected_rows(request, queries.import_for(request.member, import_id))


def _take(request: ApiRequest, name: str, pieces: Iterable[bytes], wanted: FileChoices) -> ImportDetail:
    """Take the file in, then store it, read it as wanted, and start it if that is wanted; all of it or nothing."""
    member = request.member
    with services.received(name, pieces) as upload:
        request.settle()
        with transaction.atomic():
            row = services.store_received(member.workspace, upload, by=member.user)
            read_as(row, wanted)
            if wanted.start:
                start(row, wanted)
    return _detail(queries.import_for(member, row.pk))


def _shown(row: ContactImport) -> ImportOut:
    return ImportOut(**values_of(row, queries.progress_of(row, now=clock.now())))


def _detail(row: ContactImport) -> ImportDetail:
    is_waiting = row.state == ImportState.UPLOADED
    return ImportDetail(
        **values_of(row, queries.progress_of(row, now=clock.now())),
        causes=[Cause(cause=cause, rows=rows) for cause, rows in queries.causes_of(row)],
        columns=columns_of(queries.preview(row)) if is_waiting else [],
        sheets=[sheet["name"] for sheet in row.sheets],
    )
