"""Files that pages and the API give out."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from campaigns.contacts import queries
from campaigns.contacts.core.fields import COUNTRY, SUBSCRIBER, TEXT_LIMITS, TIME_ZONE
from campaigns.contacts.models import Contact, ContactImport
from outreach.kit.downloads import TOGETHER, download

_COLUMNS = ("email", *TEXT_LIMITS, COUNTRY, TIME_ZONE, SUBSCRIBER, "created_at")


def rejected_rows(request: HttpRequest, row: ContactImport) -> StreamingHttpResponse:
    """Stream the rejected rows of an import: line, cause, original."""
    rows = row.told_rejections.order_by("line", "pk").values_list("line", "cause", "original")
    header = ["line", "cause", "original row"]
    return download(request, f"rejected-rows-{row.pk}", header, rows.iterator(chunk_size=TOGETHER))


def contacts_file(request: HttpRequest, name: str, rows: QuerySet[Contact]) -> StreamingHttpResponse:
    """Stream contacts with every field that one of them has; our import knows its columns again."""
    custom = queries.custom_names_among(rows)
    values = rows.order_by("-pk").values_list(*_COLUMNS, "fields").iterator(chunk_size=TOGETHER)
    lines = ([*texts, at.isoformat(timespec="seconds"), *map(fields.get, custom)] for *texts, at, fields in values)
    return download(request, name, [*_COLUMNS, *custom], lines)
