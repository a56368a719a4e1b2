"""Lists over HTTP."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from ninja import Router, Status

from campaigns.contacts import queries, services
from campaigns.contacts.api.shapes import InterestIn, InterestOut, ListName, ListOut, MemberAnswer, MemberChanges
from campaigns.contacts.models import ContactList
from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.kit.paging import sliced
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.values import ID, Cursor, Limit, Page

router = Router(tags=["lists"])
READ, WRITE = Scope.CONTACTS_READ, Scope.CONTACTS_WRITE


@router.get("/lists", response=Page[ListOut], summary="List lists", **reads(READ))
def lists(request: ApiRequest, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """Return the lists, the newest first. Whom one holds: `GET /contacts?list=<id>`."""
    page = sliced(queries.lists_of(request.member), by="id", size=limit, cursor=cursor)
    return Page[ListOut](results=[_shown(row) for row in page.rows], next=page.next)


@router.post("/lists", response={201: ListOut}, summary="Make a list", **writes(WRITE))
def list_create(request: ApiRequest, wanted: ListName) -> Any:
    """Make an empty list. 409 when there is one of this name."""
    row = services.create_list(request.member.workspace, wanted.name)
    return Status(201, _one(request.member, row.pk))


@router.get("/lists/{int:list_id}", response=ListOut, summary="Get a list", **reads(READ))
def list_one(request: ApiRequest, list_id: ID) -> Any:
    """Return one list."""
    return _one(request.member, list_id)


@router.patch("/lists/{int:list_id}", response=ListOut, summary="Rename a list", **writes(WRITE))
def list_rename(request: ApiRequest, list_id: ID, wanted: ListName) -> Any:
    """Give the list another name. 409 when another list has it."""
    services.rename_list(queries.list_for(request.member, list_id), wanted.name)
    return _one(request.member, list_id)


@router.delete("/lists/{int:list_id}", response={204: None}, summary="Delete a list", **writes(WRITE))
def list_delete(request: ApiRequest, list_id: ID) -> Any:
    """Delete the list; its contacts stay. 409 while a campaign uses it."""
    services.delete_list(queries.list_for(request.member, list_id))
    return HttpResponse(status=204)


@router.post("/lists/{int:list_id}/members", response=MemberAnswer, summary="Add and remove members", **writes(WRITE))
def list_members(request: ApiRequest, list_id: ID, wanted: MemberChanges) -> Any:
    """Put contacts on the list and take contacts off it, up to 1,000 each."""
    row = queries.list_for(request.member, list_id)
    asked = {*wanted.add, *wanted.remove}
    with transaction.atomic():
        known = set(queries.contacts_for(request.member, asked).values_list("pk", flat=True))
        added = services.add_to_list(row, known.intersection(wanted.add))
        removed = services.remove_from_list(row, known.intersection(wanted.remove))
    return MemberAnswer(added=added, removed=removed, unknown=sorted(asked - known))


@router.get("/lists/{int:list_id}/interests", response=list[InterestOut], summary="List weighings", **reads(READ))
def list_interests(request: ApiRequest, list_id: ID) -> Any:
    """Return each version of the weighing of a legitimate interest for the list, the newest first; that one holds."""
    rows = queries.interests_of(queries.list_for(request.member, list_id))
    return [InterestOut.model_validate(row, from_attributes=True) for row in rows]


@router.post("/lists/{int:list_id}/interests", response={201: InterestOut}, summary="Add a weighing", **writes(WRITE))
def list_interest_add(request: ApiRequest, list_id: ID, wanted: InterestIn) -> Any:
    """Add a version, kept with the name of the key's owner and never changed. One that says the same is none."""
    row = queries.list_for(request.member, list_id)
    weighing = services.Weighing(wanted.purpose, wanted.necessity, wanted.balancing, wanted.review_on)
    made = services.weigh_interest(request.member, row, weighing)
    return Status(201, InterestOut.model_validate(made, from_attributes=True))


def _one(member: Member, list_id: int) -> ListOut:
    return _shown(queries.lists_of(member).get(pk=queries.list_for(member, list_id).pk))


def _shown(row: ContactList) -> ListOut:
    return ListOut(id=row.pk, name=row.name, size=row.size, created_at=row.created_at)  # type: ignore[attr-defined]
