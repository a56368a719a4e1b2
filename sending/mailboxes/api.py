"""The HTTP API of the room: which mailboxes there are. Nothing of how they sign in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ninja import Router, Schema
from pydantic import Field

from outreach.accounts.keys import Scope
from outreach.rest.door import ApiRequest, reads
from outreach.rest.problems import Problem
from sending.mailboxes.queries import mailboxes_of

router = Router(tags=["campaigns"])
PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {}


class MailboxOut(Schema):
    """A mailbox that can carry campaigns."""

    id: int
    address: str
    state: str = Field(description="Only an `active` one writes.")
    tags: list[str]


class MailboxList(Schema):
    """All mailboxes of a workspace."""

    results: list[MailboxOut]


@router.get("/mailboxes", response=MailboxList, summary="List mailboxes", **reads(Scope.CAMPAIGNS_READ))
def mailboxes(request: ApiRequest) -> Any:
    """Return the mailboxes by address, to choose the senders of a campaign among them."""
    found = [
        MailboxOut(id=row.pk, address=row.address, state=row.state, tags=list(row.tags))
        for row in mailboxes_of(request.member)
    ]
    return MailboxList(results=found)
