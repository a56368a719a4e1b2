"""Dry runs of imports over HTTP: what a file would change, before it does."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404
from ninja import Router, Status

from campaigns.contacts import queries
from campaigns.contacts.api.choosing import read_as, try_out
from campaigns.contacts.api.import_shapes import Choices, DryRunOut, dry_run_out
from campaigns.contacts.models import ContactImport
from outreach.accounts.keys import Scope
from outreach.kit import clock
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.values import ID

router = Router(tags=["imports"])


@router.post(
    "/imports/{int:import_id}/dry-run",
    response={202: DryRunOut},
    summary="Try an import out",
    **writes(Scope.CONTACTS_WRITE),
)
def dry_run_start(request: ApiRequest, import_id: ID, wanted: Choices) -> Any:
    """Reckon over the whole file what the import would do with these choices; no contact is changed.

    The choices are kept for `/imports/{id}/start`. 409 when the import is no longer `uploaded`.
    """
    row = queries.import_for(request.member, import_id)
    with transaction.atomic():
        read_as(row, wanted)
        try_out(row, wanted)
    return Status(202, _told(row))


@router.get(
    "/imports/{int:import_id}/dry-run",
    response=DryRunOut,
    summary="Get what it would do",
    **reads(Scope.CONTACTS_READ),
)
def dry_run(request: ApiRequest, import_id: ID) -> Any:
    """Return how far the dry run is, then what it found. 404 when there is none."""
    return _told(queries.import_for(request.member, import_id))


def _told(row: ContactImport) -> DryRunOut:
    found = queries.dry_run_of(row)
    if found is None:
        raise Http404("No dry run")
    return dry_run_out(found, queries.dry_run_progress(row, found, now=clock.now()))
