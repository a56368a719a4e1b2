"""Imports as pages and the command line show them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from campaigns.contacts.core import dialect, encoding
from campaigns.contacts.models import ContactImport
from campaigns.contacts.services.uploads import read_head
from outreach.accounts.access import Member

_SAMPLES = 3
_ROWS = 8


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """One column of an uploaded file: its name, where it would go, and what stands in it."""

    name: str
    target: str  # a field, "fields.<name>", or "" for ignored
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a stored file looks like."""

    columns: tuple[PreviewColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    encoding: str  # in words
    delimiter: str  # in words
    has_header: bool


def import_for(member: Member, import_id: int) -> ContactImport:
    """Return the import. Raises Http404 for strangers."""
    return get_object_or_404(
        ContactImport.objects.select_related("contact_list", "created_by"),
        workspace=member.workspace,
        pk=import_id,
    )


def imports_of(member: Member) -> QuerySet[ContactImport]:
    return ContactImport.objects.filter(workspace=member.workspace).select_related("contact_list", "created_by")


def preview(row: ContactImport) -> Preview:
    """Read the beginning of a stored file as it will be imported. Raises BadFile."""
    reading = read_head(row, encoding=row.encoding, delimiter=row.delimiter)
    filled = [
        tuple(cells[at].strip() for cells in reading.rows if at < len(cells) and cells[at].strip())
        for at in range(len(row.columns))
    ]
    columns = tuple(
        PreviewColumn(name, row.mapping.get(name, ""), values[:_SAMPLES])
        for name, values in zip(row.columns, filled, strict=True)
    )
    return Preview(
        columns=columns,
        rows=tuple(tuple(cells) for cells in reading.rows[:_ROWS]),
        encoding=encoding.LABELS.get(row.encoding, row.encoding),
        delimiter=dialect.LABELS.get(row.delimiter, row.delimiter),
        has_header=row.has_header,
    )
