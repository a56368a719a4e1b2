"""Give tags to contacts and take them away."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction

from campaigns.contacts.models import ContactTag, Tag
from campaigns.contacts.services.people import held
from outreach.accounts.models import Workspace


def tags_named(workspace: Workspace | int, names: Sequence[str]) -> list[Tag]:
    """Return the tags of these names, as parse_tags gives them, made where there are none."""
    pk = workspace if isinstance(workspace, int) else workspace.pk
    # Sorted, so that two who make the same tags wait for each other and never in a circle.
    Tag.objects.bulk_create([Tag(workspace_id=pk, name=name) for name in sorted(names)], ignore_conflicts=True)
    return list(Tag.objects.filter(workspace=pk, name__in=names).order_by("name"))


@transaction.atomic
def add_tags(workspace: Workspace, ids: Collection[int], names: Sequence[str]) -> int:
    """Give the tags to those of the contacts that belong to the workspace; returns how many those are."""
    known = held(workspace.pk, ids)
    places = [ContactTag(tag=tag, contact_id=pk) for tag in tags_named(workspace, names) for pk in known]
    ContactTag.objects.bulk_create(places, ignore_conflicts=True)
    return len(known)


def remove_tags(workspace: Workspace, ids: Collection[int], names: Sequence[str]) -> int:
    """Take the tags from the contacts; returns how many places that were."""
    places = ContactTag.objects.filter(tag__workspace=workspace, tag__name__in=names, contact__in=ids)
    removed, _ = places.delete()
    return removed
