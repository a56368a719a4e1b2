"""Keep templates and snippets: one verb, one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, transaction

from campaigns.library.checking import SnippetEntry, TemplateEntry, checked_snippet, checked_template
from campaigns.library.errors import BadEntry, NameTaken, Overtaken
from campaigns.library.models import Snippet, StepTemplate
from campaigns.sequences.variables import known_variables
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.kit import clock

MOST_ENTRIES = 1_000  # templates of a workspace, and as many snippets
Row = TypeVar("Row", StepTemplate, Snippet)


def create_template(member: Member, entry: TemplateEntry) -> StepTemplate:
    """Keep a template. Raises BadEntry, NameTaken."""
    workspace_id = member.workspace.pk
    one = checked_template(entry, known=known_variables(workspace_id))
    row = StepTemplate(workspace=member.workspace, created_by=member.user, **_columns(one))
    return _added(row)


def change_template(row: StepTemplate, entry: TemplateEntry, *, seen: str | None = None) -> StepTemplate:
    """Change a template; steps that it was put into keep their wording. Raises BadEntry, NameTaken, Overtaken."""
    one = checked_template(entry, known=known_variables(row.workspace_id))
    return _changed(row, _columns(one), seen)


def merge_template(row: StepTemplate, given: Mapping[str, str]) -> StepTemplate:
    """Change what is given of a template, by the names of an entry; what else stands there now stays.

    Raises BadEntry, NameTaken.
    """
    with transaction.atomic():
        now = StepTemplate.objects.select_for_update().get(pk=row.pk)
        stored = TemplateEntry(now.name, now.note, now.subject, now.body_text, now.body_html)
        return change_template(now, replace(stored, **given))


def merge_snippet(row: Snippet, given: Mapping[str, str]) -> Snippet:
    """Change what is given of a snippet; what else stands there now stays. Raises BadEntry, NameTaken."""
    with transaction.atomic():
        now = Snippet.objects.select_for_update().get(pk=row.pk)
        return change_snippet(now, replace(SnippetEntry(now.name, now.text), **given))


def delete_template(row: StepTemplate) -> None:
    """Forget a template, and which steps it was put into; what was written with it stays."""
    row.delete()


def create_snippet(member: Member, entry: SnippetEntry) -> Snippet:
    """Keep a snippet. Raises BadEntry, NameTaken."""
    one = checked_snippet(entry, known=known_variables(member.workspace.pk))
    return _added(Snippet(workspace=member.workspace, created_by=member.user, name=one.name, text=one.text))


def change_snippet(row: Snippet, entry: SnippetEntry, *, seen: str | None = None) -> Snippet:
    """Change a snippet; texts that it was put into keep theirs. Raises BadEntry, NameTaken, Overtaken."""
    one = checked_snippet(entry, known=known_variables(row.workspace_id))
    return _changed(row, {"name": one.name, "text": one.text}, seen)


def delete_snippet(row: Snippet) -> None:
    """Forget a snippet; texts that it was put into keep theirs."""
    row.delete()


def mark_of(updated_at: datetime) -> str:
    """Return the mark by which a page knows whether an entry was saved since it was drawn."""
    return updated_at.isoformat()


def _columns(entry: TemplateEntry) -> dict[str, str]:
    return {
        "name": entry.name,
        "note": entry.note,
        "subject": entry.subject,
        "body_text": entry.text,
        "body_html": entry.html,
    }


def _added(row: Row) -> Row:
    row.updated_at = clock.now()
    try:
        with transaction.atomic():
            Workspace.objects.select_for_update(no_key=True).get(pk=row.workspace_id)  # or two at once pass the limit
            if type(row).objects.filter(workspace=row.workspace_id).count() >= MOST_ENTRIES:
                raise BadEntry([("", f"A library holds {MOST_ENTRIES:,} of them at most. Delete one first.")])
            row.save()
    except IntegrityError as error:
        raise _taken(row.name) from error
    return row


def _changed(row: Row, columns: dict[str, str], seen: str | None) -> Row:
    try:
        with transaction.atomic():
            current = type(row).objects.select_for_update().get(pk=row.pk)
            if seen is not None and seen != mark_of(current.updated_at):
                raise Overtaken(seen=mark_of(current.updated_at))
            columns_now = {**columns, "updated_at": clock.now()}
            type(row).objects.filter(pk=row.pk).update(**columns_now)
    except IntegrityError as error:
        raise _taken(columns["name"]) from error
    return row


def _taken(name: str) -> NameTaken:
    return NameTaken([("name", f"There is one named {name} already.")])
