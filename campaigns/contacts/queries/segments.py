"""Segments, and who is in them."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.module_loading import import_string

from campaigns.contacts.core.fields import CUSTOM_PREFIX, FieldKind
from campaigns.contacts.core.segments import At, BadQuery, Node, Vocabulary, combined, parse, segments_in
from campaigns.contacts.core.segments.tree import DayIs, DidIt, Fact, Has, NumberIs, TextIs, leaves_of
from campaigns.contacts.models import Contact, ContactImport, ContactList, CustomField, Segment
from campaigns.contacts.queries.conditions import condition
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.kit import clock
from outreach.slots import CAMPAIGNS_THERE


def segments_of(member: Member) -> QuerySet[Segment]:
    """Return the segments by name."""
    return Segment.objects.filter(workspace=member.workspace).order_by("name", "pk")


def segment_for(member: Member, segment_id: int) -> Segment:
    """Return the segment. Raises Http404 for strangers."""
    return get_object_or_404(Segment, workspace=member.workspace, pk=segment_id)


def vocabulary_of(workspace_id: int) -> Vocabulary:
    """Return the fields that conditions of a workspace can be about."""
    rows = CustomField.objects.filter(workspace=workspace_id).values_list("name", "kind")
    return Vocabulary({name: FieldKind(kind) for name, kind in rows})


def read_condition(workspace_id: int, text: str) -> Node:
    """Return the condition that a text of anybody's says, segments in it put in place. Raises BadQuery."""
    vocabulary = vocabulary_of(workspace_id)
    node = parse(text, vocabulary)
    node = _placed(workspace_id, node, vocabulary) if segments_in(node) else node
    _refuse_gone(workspace_id, node, vocabulary)
    return node


def _refuse_gone(workspace_id: int, node: Node, vocabulary: Vocabulary) -> None:
    """Refuse what is about something that is gone: under a negation it would mean everybody. Raises BadQuery."""
    leaves = leaves_of(node)
    lists = {int(one.value) for one in leaves if isinstance(one, Has) and one.fact is Fact.LIST}
    there = ContactList.objects.filter(workspace=workspace_id, pk__in=lists).values_list("pk", flat=True)
    if gone := lists.difference(there):
        raise BadQuery(f"There is no list {min(gone)} any more.")
    imports = {int(one.value) for one in leaves if isinstance(one, Has) and one.fact is Fact.IMPORT}
    kept = ContactImport.objects.filter(workspace=workspace_id, pk__in=imports).values_list("pk", flat=True)
    if gone := imports.difference(kept):
        raise BadQuery(f"There is no import {min(gone)} any more.")
    campaigns = {one.campaign for one in leaves if isinstance(one, DidIt) and one.campaign is not None}
    if campaigns and (gone := campaigns - import_string(CAMPAIGNS_THERE)(workspace_id, campaigns)):
        raise BadQuery(f"There is no campaign {min(gone)} any more.")
    fields = {one.field for one in leaves if isinstance(one, TextIs | NumberIs | DayIs)}
    custom = {one.removeprefix(CUSTOM_PREFIX) for one in fields if one.startswith(CUSTOM_PREFIX)}
    if lost := custom.difference(vocabulary.custom):
        raise BadQuery(f"There is no field {min(lost)} any more.")


def contacts_where(workspace: Workspace, node: Node) -> QuerySet[Contact]:
    """Return the contacts of the workspace for whom the condition holds now, unordered."""
    at = At(clock.now(), ZoneInfo(workspace.time_zone))
    return Contact.objects.filter(condition(node, workspace.pk, at), workspace=workspace, erased_at=None)


def contacts_in(segment: Segment) -> QuerySet[Contact]:
    """Return who is in the segment now, unordered. Raises BadQuery when it cannot be read any more."""
    return contacts_where(segment.workspace, read_condition(segment.workspace_id, segment.where))


def _placed(workspace_id: int, node: Node, vocabulary: Vocabulary) -> Node:
    texts: Mapping[int, tuple[str, str]] = {
        pk: (name, where)
        for pk, name, where in Segment.objects.filter(workspace=workspace_id).values_list("pk", "name", "where")
    }

    def segment(pk: int) -> Node:
        if pk not in texts:
            raise BadQuery(f"There is no segment {pk}.")
        name, where = texts[pk]
        try:
            return parse(where, vocabulary)
        except BadQuery as error:
            raise BadQuery(f"The segment {name} in it cannot be read. {error}") from error

    return combined(node, segment)
