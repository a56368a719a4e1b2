"""Suppressions over HTTP, by the rules of their pages."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router, Status
from pydantic import Field

from campaigns.contacts import queries, services
from campaigns.contacts.api.shapes import NewSuppression, SuppressionOut
from campaigns.contacts.states import SuppressionReason
from outreach.accounts.keys import Scope
from outreach.kit.paging import sliced
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.values import ID, Cursor, Limit, Page, Word

router = Router(tags=["suppressions"])
READ, WRITE = Scope.SUPPRESSIONS_READ, Scope.SUPPRESSIONS_WRITE
Beginning = Annotated[Word, Field(description="Beginning of an address or domain.")]
Why = Annotated[Word, Field(min_length=1, description="Why they may be written to again: it is kept.")]
Typed = Annotated[Word, Field(description="The address or domain, typed to confirm that an opt-out is lifted.")]


@router.get("/suppressions", response=Page[SuppressionOut], summary="List suppressions", **reads(READ))
def suppressions(
    request: ApiRequest,
    q: Beginning = "",
    reason: SuppressionReason | None = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Return who is never written to, the newest first."""
    rows = queries.suppressions_of(request.member, search=q.strip().lower(), reason=reason or "")
    page = sliced(rows, by="created_at", size=limit, cursor=cursor)
    return Page[SuppressionOut](results=[SuppressionOut.of(row) for row in page.rows], next=page.next)


@router.post("/suppressions", response={200: SuppressionOut, 201: SuppressionOut}, summary="Suppress", **writes(WRITE))
def suppression_create(request: ApiRequest, wanted: NewSuppression) -> Any:
    """Never write to them again: 201 when that is news, 200 when it was so already.

    Once this is answered, no message to them leaves.
    """
    member = request.member
    is_new = services.suppress_rule(
        member.workspace, wanted.value, SuppressionReason.MANUAL, evidence=wanted.note, by=member.user
    )
    row = queries.suppression_named(member, wanted.value)
    return Status(201 if is_new else 200, SuppressionOut.of(row))


@router.get("/suppressions/{int:suppression_id}", response=SuppressionOut, summary="Get one", **reads(READ))
def suppression(request: ApiRequest, suppression_id: ID) -> Any:
    """Return one suppression."""
    return SuppressionOut.of(queries.suppression_for(request.member, suppression_id))


@router.delete("/suppressions/{int:suppression_id}", response={204: None}, summary="Lift", **writes(WRITE))
def suppression_lift(request: ApiRequest, suppression_id: ID, why: Why, typed: Typed = "") -> Any:
    """Allow writing again; who did it and why is kept. What a person added by hand, a member's key lifts.

    An opt-out, a complaint or a bounced address only an admin's key, with the address in `typed`.
    """
    services.lift(request.member, queries.suppression_for(request.member, suppression_id), why=why, typed=typed)
    return HttpResponse(status=204)
