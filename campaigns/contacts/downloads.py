"""Files that pages and the API give out."""

from __future__ import annotations

from django.http import StreamingHttpResponse

from campaigns.contacts.core.exporting import csv_lines
from campaigns.contacts.models import ContactImport

_TOGETHER = 2_000  # rows read at once


def rejected_rows(row: ContactImport) -> StreamingHttpResponse:
    """Stream the rejected rows of an import as CSV: line, cause, original."""
    rows = row.rejected.order_by("line", "pk").values_list("line", "cause", "original")
    lines = csv_lines(["line", "cause", "original row"], rows.iterator(chunk_size=_TOGETHER))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-rows-{row.pk}.csv"'
    return response
