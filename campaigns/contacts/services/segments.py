"""Keep conditions under names."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from campaigns.contacts.core.segments import EVERYBODY, BadQuery, parse, segments_in, write
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import Segment, SegmentUse
from campaigns.contacts.queries.segments import read_condition, vocabulary_of
from campaigns.contacts.services.people import clean_name
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.kit import clock


def create_segment(member: Member, name: str, where: str) -> Segment:
    """Keep a condition under a name. Raises BadContact for the name, BadQuery for the condition."""
    row = Segment(workspace=member.workspace, created_by=member.user)
    _keep(row, name, where)
    return row


def change_segment(row: Segment, name: str, where: str) -> None:
    """Give the segment a name and a condition; whoever uses it follows. Raises BadContact, BadQuery."""
    _keep(row, name, where)


def delete_segment(row: Segment) -> None:
    """Delete the segment; its contacts stay. Raises ProtectedError while a campaign or another segment uses it."""
    row.delete()


def _keep(row: Segment, name: str, where: str) -> None:
    row.name = clean_name(name, "segment")
    try:
        with transaction.atomic():
            # One at a time in a workspace: two changes at once could close a circle that neither of them sees.
            Workspace.objects.select_for_update(no_key=True).get(pk=row.workspace_id)
            node = parse(where, vocabulary_of(row.workspace_id))
            if node == EVERYBODY:
                raise BadQuery("A segment needs one condition at least; without any it is everybody.")
            row.where = write(node)
            row.updated_at = clock.now()
            row.save()
            _keep_uses(row, segments_in(node))
            read_condition(row.workspace_id, row.where)  # finds circles, by way of others too
    except IntegrityError as error:
        raise BadContact("name", "A segment with this name exists already.") from error


def _keep_uses(row: Segment, named: frozenset[int]) -> None:
    if row.pk in named:
        raise BadQuery("A segment cannot be a part of itself.")
    there = Segment.objects.filter(workspace=row.workspace_id, pk__in=named)
    SegmentUse.objects.filter(outer=row).delete()
    SegmentUse.objects.bulk_create([SegmentUse(outer=row, inner=one) for one in there])
