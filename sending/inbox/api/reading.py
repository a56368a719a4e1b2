"""Conversations over HTTP: lists by scope, label and words, and each with what was said."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from outreach.accounts.keys import Scope as KeyScope
from outreach.kit.paging import BadCursor, sliced
from outreach.rest.door import ApiRequest, reads
from outreach.rest.values import ID, Cursor, Limit, Page, Word
from sending.inbox.api.shapes import ConversationOut, PartNumber, SaidOut
from sending.inbox.attached import given_out
from sending.inbox.threads import queries
from sending.inbox.threads.saying import conversation_of, read_place
from sending.inbox.threads.searching import bound_of, read_search
from sending.inbox.threads.states import Scope

router = Router(tags=["inbox"])
READ = KeyScope.INBOX_READ
Words = Annotated[
    Word, Field(description='All of them have to be there; `"in quotes"` stand beside each other, `-word` keeps out.')
]
Label = Annotated[Word, Field(description="The name of a label.")]

_FILE = {"type": "string", "format": "binary"}
_FILES = {200: {"description": "The file", "content": {"application/octet-stream": {"schema": _FILE}}}}


@router.get("/conversations", response=Page[ConversationOut], summary="List conversations", **reads(READ))
def conversations(  # noqa: PLR0913, PLR0917  # each is a filter of the list
    request: ApiRequest,
    scope: Scope = Scope.ALL,
    q: Words = "",
    label: Label = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Return the conversations of a scope as the inbox has it, the newest first; `mine` are those of the key's maker.

    In `all`, a search or a label looks everywhere. A search for words beside each other, or without one, looks through
    2,000 conversations for one answer, which may be short or empty: it is over where `next` is empty.
    """
    named = queries.label_named(request.member, label) if label else None
    if label and named is None:
        return Page[ConversationOut](results=[], next="")
    sought = read_search(q)
    rows = queries.threads_of(request.member, scope, sought=sought, label=named.pk if named else None)
    rows = queries.with_labels(queries.with_ours(rows.select_related("mailbox", "assignee", "enrollment")))
    page = sliced(rows, by="newest_at", size=limit, cursor=cursor, bound=bound_of(sought))
    return Page[ConversationOut](results=[ConversationOut.of(row) for row in page.rows], next=page.next)


@router.get(
    "/conversations/{int:conversation_id}", response=ConversationOut, summary="Get a conversation", **reads(READ)
)
def conversation(request: ApiRequest, conversation_id: ID) -> Any:
    """Return one conversation; that it is asked for does not mark it as read."""
    return ConversationOut.of(queries.thread_for(request.member, conversation_id))


@router.get(
    "/conversations/{int:conversation_id}/mails", response=Page[SaidOut], summary="Read it", **reads(READ)
)  # fmt: skip
def conversation_mails(request: ApiRequest, conversation_id: ID, cursor: Cursor = "") -> Any:
    """Return what was said, theirs, ours and notes of the team, the newest first, twenty at a time, as text."""
    thread = queries.thread_for(request.member, conversation_id)
    before = read_place(cursor)
    if cursor and before is None:
        raise BadCursor("This is no cursor of this list: begin without one.")
    talk = conversation_of(thread, before=before)
    return Page[SaidOut](results=[SaidOut.of(one) for one in reversed(talk.said)], next=talk.earlier)


@router.get(
    "/mails/{int:mail_id}/attachments/{int:number}", response={200: None}, summary="Get what is attached",
    **reads(READ, responses=_FILES),
)  # fmt: skip
def mail_attachment(request: ApiRequest, mail_id: ID, number: PartNumber) -> HttpResponse:
    """Return one file of those that its mail names in `attached`, as it came: nobody has looked into it.

    It comes as bytes of no type, to be saved; its name stands in Content-Disposition, without what misleads.
    """
    return given_out(request.member, mail_id, number)
