"""What a team does with conversations, over HTTP: through the services of the pages, answers through the outbox."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.db import transaction
from django.http import HttpResponse
from ninja import Status

from campaigns.sequences.states import ReplyClass
from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.queries import members_of
from outreach.kit import clock
from outreach.rest.door import ApiRequest, writes
from outreach.rest.errors import invalid
from outreach.rest.kept import HEADER
from outreach.rest.problems import Refused, refuse
from outreach.rest.values import ID
from sending.inbox.api.reading import router
from sending.inbox.api.shapes import (
    AnswerOut,
    ConversationChanges,
    ConversationOut,
    LabelChanges,
    MailChanges,
    NewAnswer,
    NewNote,
    SaidOut,
)
from sending.inbox.labelling import LABELLED, label
from sending.inbox.queries import inbound_for
from sending.inbox.threads import answers, queries, services
from sending.inbox.threads.models import Thread
from sending.inbox.threads.saying import said_by
from sending.ledger.kinds import How

WRITE = Scope.INBOX_WRITE


@router.patch(
    "/conversations/{int:conversation_id}", response=ConversationOut, summary="Change a conversation", **writes(WRITE)
)
def conversation_change(request: ApiRequest, conversation_id: ID, wanted: ConversationChanges) -> Any:
    """Put it away, let it sleep, take it up, mark it, give it to somebody: all that is named, or nothing."""
    thread = queries.thread_for(request.member, conversation_id)
    with transaction.atomic():
        _place(request.member, thread, wanted)
        if wanted.is_unread is not None:
            services.mark_read(request.member, thread, is_read=not wanted.is_unread)
        if wanted.assignee is not None:
            services.assign(request.member, thread, _person(request.member, wanted.assignee))
    return ConversationOut.of(queries.thread_for(request.member, conversation_id))


@router.post(
    "/conversations/{int:conversation_id}/labels", response=ConversationOut, summary="Label it", **writes(WRITE)
)
def conversation_labels(request: ApiRequest, conversation_id: ID, wanted: LabelChanges) -> Any:
    """Put labels on and take others off."""
    thread = queries.thread_for(request.member, conversation_id)
    with transaction.atomic():
        for name in wanted.add:
            services.put_label(request.member, thread, name)
        for name in wanted.remove:
            if (row := queries.label_named(request.member, name)) is not None:
                services.take_label(request.member, thread, row.pk)
    return ConversationOut.of(queries.thread_for(request.member, conversation_id))


@router.post(
    "/conversations/{int:conversation_id}/notes", response={201: SaidOut}, summary="Write a note", **writes(WRITE)
)
def conversation_note(request: ApiRequest, conversation_id: ID, wanted: NewNote) -> Any:
    """Write down what only the team reads."""
    thread = queries.thread_for(request.member, conversation_id)
    note = services.add_note(request.member, thread, wanted.text)
    return Status(201, SaidOut.of(said_by(note)))


@router.post(
    "/conversations/{int:conversation_id}/answers", response={201: AnswerOut}, summary="Answer", **writes(WRITE)
)
def conversation_answer(request: ApiRequest, conversation_id: ID, wanted: NewAnswer) -> Any:
    """Answer the newest mail of a person, in the thread, from the mailbox that it came to; it leaves by its rules.

    Needs an `Idempotency-Key`: with the same one the same answer is never sent twice, not after 24 hours either.
    409 where nobody may be answered, or only on somebody's word, or where somebody has written since that mail.
    """
    key = request.headers.get(HEADER)
    if not key:
        raise refuse(400, f"An answer needs an {HEADER}: nobody is to get it twice.", code="idempotency_key_needed")
    thread = queries.thread_for(request.member, conversation_id)
    wish = answers.Wish(
        text=wanted.text,
        token=uuid5(NAMESPACE_URL, f"answer:{thread.workspace_id}:{thread.pk}:{key}:{wanted.model_dump_json()}"),
        mail_id=wanted.mail_id,
        quotes=wanted.quotes,
        send_at=wanted.send_at,
        confirmed=wanted.despite_suppression,
        as_it_stands=wanted.as_it_stands,
    )
    return Status(201, AnswerOut.of(answers.answer(request.member, thread, wish)))


@router.delete(
    "/conversations/{int:conversation_id}/answers/{int:message_id}", response={204: None}, summary="Call one back",
    **writes(WRITE),
)  # fmt: skip
def conversation_call_back(request: ApiRequest, conversation_id: ID, message_id: ID) -> Any:
    """Take an answer back whose turn has not come yet; its words become the draft of the key's maker."""
    thread = queries.thread_for(request.member, conversation_id)
    queries.answer_for(thread, message_id)
    answers.call_back(request.member, thread, message_id)
    return HttpResponse(status=204)


@router.patch("/mails/{int:mail_id}", response=SaidOut, summary="Say what an answer says", **writes(WRITE))
def mail_change(request: ApiRequest, mail_id: ID, wanted: MailChanges) -> Any:
    """Correct the class of an answer: a person's word wins, and leads on where a branch is set up for it."""
    row = inbound_for(request.member, mail_id)
    if row.kind not in LABELLED:
        raise Refused(invalid("says", "Nobody has answered with this mail: it has no class."))
    label(request.member, row, ReplyClass(wanted.says) if wanted.says else None, how=How.API)
    return SaidOut.of(said_by(inbound_for(request.member, mail_id)))


def _place(member: Member, thread: Thread, wanted: ConversationChanges) -> None:
    if wanted.state == "snoozed":
        until = wanted.snoozed_until
        if until is None or until <= clock.now():
            raise Refused(invalid("snoozed_until", "Say until when, in the time to come."))
        services.snooze(member, thread, until)
    elif wanted.snoozed_until is not None:
        raise Refused(invalid("snoozed_until", "Only what is snoozed has it: set the state, too."))
    elif wanted.state == "done":
        services.put_away(member, thread)
    elif wanted.state == "open":
        services.take_up(member, thread)


def _person(member: Member, address: str) -> int | None:
    """Return whom an address of an account means, None for nobody. Raises Refused."""
    if not address:
        return None
    for one in members_of(member):
        if one.user.email.lower() == address.strip().lower():
            return int(one.user.pk)
    raise Refused(invalid("assignee", "Nobody of this workspace has this address."))
