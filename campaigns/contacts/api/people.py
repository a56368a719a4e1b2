"""Contacts and tags over HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from campaigns.contacts import queries, services
from campaigns.contacts.api.shapes import (
    BulkAnswer,
    ContactChanges,
    ContactOut,
    Contacts,
    NewContact,
    RowAnswer,
    Stop,
    SuppressionOut,
    TagAnswer,
    TagChanges,
    Verdict,
)
from campaigns.contacts.core.tags import parse_tags
from campaigns.contacts.models import Contact
from campaigns.contacts.services.upserts import Entry, UpsertStatus
from outreach.accounts.keys import Scope
from outreach.kit import gate
from outreach.kit.paging import sliced
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.values import ID, Cursor, Limit, Page, Text, Word

router = Router(tags=["contacts"])
READ, WRITE = Scope.CONTACTS_READ, Scope.CONTACTS_WRITE


class Sought(Schema):
    """What narrows the contacts, as on the page of contacts."""

    q: Word = Field("", description="Beginning of an address, `@domain`, or part of a name or company.")
    list: ID | None = Field(None, description="Id of a list.")
    country: Annotated[str, Field(pattern="^([A-Za-z]{2})?$")] = Field("", description="Code such as DE.")
    suppressed: Literal["yes", "no", ""] = ""
    imported: ID | None = Field(None, alias="import", description="Id of the import that they came with.")
    imported_as: Literal["updated", "unchanged", ""] = Field(
        "",
        alias="as",
        description="With `import`: whom it changed, or found and left as they were, for 30 days and until its undo.",
    )
    tag: Word = ""
    verdict: Verdict = Field("", description="What the last check thought of the address.")
    where: Text = Field("", description="A condition as segments have it, such as `tag = vip and country = DE`.")


@router.get("/contacts", response=Page[ContactOut], summary="List contacts", **reads(READ))
def contacts(request: ApiRequest, sought: Query[Sought], cursor: Cursor = "", limit: Limit = 50) -> Any:  # noqa: ARG001
    """Return the contacts that the filters leave, the newest first; a search stops behind 2,000 matches."""
    rows = queries.contacts_of(request.member, queries.filters_from(request.GET))
    page = sliced(rows, by="id", size=limit, cursor=cursor)
    return Page[ContactOut](results=_shown(request, page.rows), next=page.next)


@router.post("/contacts", response={201: ContactOut}, summary="Add a contact", **writes(WRITE))
def contact_create(request: ApiRequest, wanted: NewContact) -> Any:
    """Store one contact. Who is known already is refused with 409: `/contacts/bulk` brings them up to date."""
    row = services.create_contact(request.member.workspace, wanted.texts(), wanted.fields)
    return Status(201, _one(request, row))


@router.post("/contacts/bulk", response=BulkAnswer, summary="Add or update many contacts", **writes(WRITE))
def contacts_bulk(request: ApiRequest, wanted: Contacts) -> Any:
    """Add up to 1,000 contacts, or bring those up to date that are known, with an answer for each.

    The address tells who is who. An empty value never erases a known one. A contact that cannot be taken is rejected
    with its cause and does not stop the others.
    """
    tags = parse_tags(",".join(wanted.tags))
    entries = [Entry(one.texts(), one.fields) for one in wanted.contacts]
    workspace = request.member.workspace
    with transaction.atomic():
        gate.hold_open([workspace.pk])  # before any row
        target = services.list_named(workspace, wanted.list_name) if wanted.list_name.strip() else None
        outcomes = services.upsert_contacts(request.member, entries, wanted.policy)
        ids = [outcome.contact_id for outcome in outcomes if outcome.contact_id is not None]
        if target is not None:
            services.add_to_list(target, ids)
        if tags:
            services.add_tags(workspace, ids, tags)
    counts = Counter(outcome.status for outcome in outcomes)
    return BulkAnswer(
        **{status.value: counts[status] for status in UpsertStatus},
        results=[
            RowAnswer(index=at, status=one.status, id=one.contact_id, field=one.field, detail=one.cause)
            for at, one in enumerate(outcomes)
        ],
    )


@router.get("/contacts/{int:contact_id}", response=ContactOut, summary="Get a contact", **reads(READ))
def contact(request: ApiRequest, contact_id: ID) -> Any:
    """Return one contact."""
    return _one(request, queries.contact_for(request.member, contact_id))


@router.patch("/contacts/{int:contact_id}", response=ContactOut, summary="Change a contact", **writes(WRITE))
def contact_change(request: ApiRequest, contact_id: ID, wanted: ContactChanges) -> Any:
    """Change what the body names and nothing else."""
    with transaction.atomic():
        gate.hold_open([request.member.workspace.pk])  # before any row
        rows = Contact.objects.select_for_update(of=("self",))
        row = get_object_or_404(rows, workspace=request.member.workspace, pk=contact_id, erased_at=None)
        services.edit_contact(row, *wanted.applied_to(row), by=request.member.user)
    return _one(request, queries.contact_for(request.member, contact_id))


@router.delete("/contacts/{int:contact_id}", response={204: None}, summary="Delete a contact", **writes(WRITE))
def contact_delete(request: ApiRequest, contact_id: ID) -> Any:
    """Delete a contact with all places on lists; a suppression of the address stays."""
    row = queries.contact_for(request.member, contact_id)
    services.delete_contacts(request.member.workspace, [row.pk])
    return HttpResponse(status=204)


@router.get("/tags", response=list[str], summary="List tags", **reads(READ))
def tags(request: ApiRequest) -> Any:
    """Return the tags that somebody has, by name."""
    return queries.tag_names_of(request.member)


@router.post("/tags", response=TagAnswer, summary="Tag and untag contacts", **writes(WRITE))
def tags_change(request: ApiRequest, wanted: TagChanges) -> Any:
    """Give tags to contacts and take tags from them, up to 1,000 at once."""
    add, remove = parse_tags(",".join(wanted.add)), parse_tags(",".join(wanted.remove))
    workspace, ids = request.member.workspace, wanted.contacts
    with transaction.atomic():
        tagged = services.add_tags(workspace, ids, add) if add else 0
        untagged = services.remove_tags(workspace, ids, remove) if remove else 0
    return TagAnswer(tagged=tagged, untagged=untagged)


def _shown(request: ApiRequest, rows: Sequence[Contact]) -> list[ContactOut]:
    """Return the contacts as they are told; the number of queries is the same for any number of them."""
    told = SuppressionOut if Scope.SUPPRESSIONS_READ in request.api_key.scopes else Stop
    stopped = {pk: told.of(row) for pk, row in queries.suppressions_among(request.member, rows).items()}
    tags_by, lists_by = queries.tags_among(rows), queries.lists_among(rows)
    return [ContactOut.of(row, tags_by.get(row.pk, ()), lists_by.get(row.pk, ()), stopped.get(row.pk)) for row in rows]


def _one(request: ApiRequest, row: Contact) -> ContactOut:
    return _shown(request, [row])[0]
