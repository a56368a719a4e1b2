"""The HTTP API of the room: templates and snippets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from campaigns.library import queries, services
from campaigns.library.checking import SnippetEntry, TemplateEntry
from campaigns.library.core.places import places_in
from campaigns.library.errors import BadEntry, NameTaken
from campaigns.library.models import NOTE_LIMIT, SNIPPET_LIMIT, SUBJECT_LIMIT, TEXT_LIMIT, Snippet, StepTemplate
from outreach.accounts.keys import Scope
from outreach.kit.paging import sliced
from outreach.rest.door import ApiRequest, reads, writes
from outreach.rest.problems import Problem
from outreach.rest.values import ID, NO_NUL, Cursor, Limit, Page, Wanted, Word, examples

router = Router(tags=["library"])
READ, WRITE = Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE
_ENTRY = {
    "name": "First letter",
    "subject": "About [[your product]]",
    "text": "Hi {{ first_name }},\n\n[[what you saw]]",
}
Body = Annotated[str, StringConstraints(max_length=TEXT_LIMIT, pattern=NO_NUL)]


def _errors(error: BadEntry) -> list[dict[str, str]]:
    return [{"field": name, "detail": cause} for name, cause in error.causes]


PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    BadEntry: lambda error: Problem(422, "invalid", str(error), errors=_errors(error)),
    NameTaken: lambda error: Problem(409, "exists", str(error), errors=_errors(error)),
}


class NewTemplate(Wanted):
    """A template to be kept."""

    model_config = examples(**_ENTRY)
    name: Word
    note: Annotated[str, StringConstraints(max_length=NOTE_LIMIT, pattern=NO_NUL)] = Field(
        "", description="When to use it."
    )
    subject: Annotated[str, StringConstraints(max_length=SUBJECT_LIMIT, pattern=NO_NUL)] = Field(
        "", description="Empty for a message that answers in its thread."
    )
    text: Body = Field(description="In the template language; [[two brackets]] leave a place to whoever uses it.")
    html: Body = Field("", description="Cleaned of whatever no mail needs. Empty: plain text only.")


class TemplateChanges(Wanted):
    """What changes; what is left out stays."""

    model_config = examples(text="Hi {{ first_name }}, …")
    name: Word | None = None
    note: Annotated[str, StringConstraints(max_length=NOTE_LIMIT, pattern=NO_NUL)] | None = None
    subject: Annotated[str, StringConstraints(max_length=SUBJECT_LIMIT, pattern=NO_NUL)] | None = None
    text: Body | None = None
    html: Body | None = None


class TemplateOut(Schema):
    """A template."""

    id: int
    name: str
    note: str
    subject: str
    text: str
    html: str
    places: list[str] = Field(description="What it leaves to whoever uses it, in reading order.")
    created_at: datetime
    updated_at: datetime


class NewSnippet(Wanted):
    """A snippet to be kept."""

    model_config = examples(name="Who we are", text="We make tea.")
    name: Word
    text: Annotated[str, StringConstraints(max_length=SNIPPET_LIMIT, pattern=NO_NUL)]


class SnippetChanges(Wanted):
    """What changes; what is left out stays."""

    model_config = examples(text="We make tea and coffee.")
    name: Word | None = None
    text: Annotated[str, StringConstraints(max_length=SNIPPET_LIMIT, pattern=NO_NUL)] | None = None


class SnippetOut(Schema):
    """A snippet."""

    id: int
    name: str
    text: str
    created_at: datetime
    updated_at: datetime


@router.get("/templates", response=Page[TemplateOut], summary="List templates", **reads(READ))
def templates(request: ApiRequest, q: Word = "", cursor: Cursor = "", limit: Limit = 50) -> Any:
    """Return the templates, the newest first; `q` is sought in name, note, subject and text."""
    page = sliced(queries.templates_of(request.member, q), by="id", size=limit, cursor=cursor)
    return Page[TemplateOut](results=[_template(row) for row in page.rows], next=page.next)


@router.post("/templates", response={201: TemplateOut}, summary="Make a template", **writes(WRITE))
def template_create(request: ApiRequest, wanted: NewTemplate) -> Any:
    """Keep a template. 409 when there is one of this name; 422 with each place that the language refuses."""
    entry = TemplateEntry(wanted.name, wanted.note, wanted.subject, wanted.text, wanted.html)
    return Status(201, _template(services.create_template(request.member, entry)))


@router.get("/templates/{int:template_id}", response=TemplateOut, summary="Get a template", **reads(READ))
def template_one(request: ApiRequest, template_id: ID) -> Any:
    """Return one template."""
    return _template(queries.template_for(request.member, template_id))


@router.patch("/templates/{int:template_id}", response=TemplateOut, summary="Change a template", **writes(WRITE))
def template_change(request: ApiRequest, template_id: ID, wanted: TemplateChanges) -> Any:
    """Change a template; steps that it was put into keep their wording."""
    row = queries.template_for(request.member, template_id)
    services.merge_template(row, _given(wanted))
    return _template(queries.template_for(request.member, template_id))


@router.delete("/templates/{int:template_id}", response={204: None}, summary="Delete a template", **writes(WRITE))
def template_delete(request: ApiRequest, template_id: ID) -> Any:
    """Forget a template, and the count of what came of it; what was written with it stays."""
    services.delete_template(queries.template_for(request.member, template_id))
    return HttpResponse(status=204)


@router.get("/snippets", response=Page[SnippetOut], summary="List snippets", **reads(READ))
def snippets(request: ApiRequest, q: Word = "", cursor: Cursor = "", limit: Limit = 50) -> Any:
    """Return the snippets, the newest first; `q` is sought in name and text."""
    page = sliced(queries.snippets_of(request.member, q), by="id", size=limit, cursor=cursor)
    return Page[SnippetOut](results=[_snippet(row) for row in page.rows], next=page.next)


@router.post("/snippets", response={201: SnippetOut}, summary="Make a snippet", **writes(WRITE))
def snippet_create(request: ApiRequest, wanted: NewSnippet) -> Any:
    """Keep a snippet. 409 when there is one of this name; 422 with each place that the language refuses."""
    return Status(201, _snippet(services.create_snippet(request.member, SnippetEntry(wanted.name, wanted.text))))


@router.get("/snippets/{int:snippet_id}", response=SnippetOut, summary="Get a snippet", **reads(READ))
def snippet_one(request: ApiRequest, snippet_id: ID) -> Any:
    """Return one snippet."""
    return _snippet(queries.snippet_for(request.member, snippet_id))


@router.patch("/snippets/{int:snippet_id}", response=SnippetOut, summary="Change a snippet", **writes(WRITE))
def snippet_change(request: ApiRequest, snippet_id: ID, wanted: SnippetChanges) -> Any:
    """Change a snippet; texts that it was put into keep theirs."""
    row = queries.snippet_for(request.member, snippet_id)
    services.merge_snippet(row, _given(wanted))
    return _snippet(queries.snippet_for(request.member, snippet_id))


@router.delete("/snippets/{int:snippet_id}", response={204: None}, summary="Delete a snippet", **writes(WRITE))
def snippet_delete(request: ApiRequest, snippet_id: ID) -> Any:
    """Forget a snippet; texts that it was put into keep theirs."""
    services.delete_snippet(queries.snippet_for(request.member, snippet_id))
    return HttpResponse(status=204)


def _given(wanted: TemplateChanges | SnippetChanges) -> dict[str, str]:
    return {name: value for name, value in wanted.model_dump().items() if value is not None}


def _template(row: StepTemplate) -> TemplateOut:
    return TemplateOut(
        id=row.pk,
        name=row.name,
        note=row.note,
        subject=row.subject,
        text=row.body_text,
        html=row.body_html,
        places=places_in([row.subject, row.body_text], html=row.body_html),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _snippet(row: Snippet) -> SnippetOut:
    return SnippetOut(id=row.pk, name=row.name, text=row.text, created_at=row.created_at, updated_at=row.updated_at)
