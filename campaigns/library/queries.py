"""Read the library."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.http import Http404

from campaigns.library.models import Snippet, StepTemplate
from outreach.accounts.access import Member

_IN_EDITOR = 50  # snippets that the editor offers by themselves


def templates_of(member: Member, sought: str = "") -> QuerySet[StepTemplate]:
    """Return the workspace's templates whose name, note, subject or text holds what is sought."""
    rows = StepTemplate.objects.filter(workspace=member.workspace)
    if words := _clean(sought):
        rows = rows.filter(
            Q(name__icontains=words)
            | Q(note__icontains=words)
            | Q(subject__icontains=words)
            | Q(body_text__icontains=words)
        )
    return rows


def template_for(member: Member, pk: int) -> StepTemplate:
    """Return a template of the member's workspace. Raises Http404 for any other."""
    row = StepTemplate.objects.filter(workspace=member.workspace, pk=pk).select_related("created_by").first()
    if row is None:
        raise Http404("No such template")
    return row


def snippets_of(member: Member, sought: str = "") -> QuerySet[Snippet]:
    """Return the workspace's snippets whose name or text holds what is sought."""
    rows = Snippet.objects.filter(workspace=member.workspace)
    if words := _clean(sought):
        rows = rows.filter(Q(name__icontains=words) | Q(text__icontains=words))
    return rows


def snippet_for(member: Member, pk: int) -> Snippet:
    """Return a snippet of the member's workspace. Raises Http404 for any other."""
    row = Snippet.objects.filter(workspace=member.workspace, pk=pk).first()
    if row is None:
        raise Http404("No such snippet")
    return row


def snippets_at_hand(member: Member) -> Sequence[Snippet]:
    """Return the first snippets by name, for the editor."""
    return list(snippets_of(member).order_by("name")[:_IN_EDITOR])


def _clean(sought: str) -> str:
    return sought.replace("\0", "").strip()[:100]
