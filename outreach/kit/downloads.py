"""Give a table out as a file, row by row, in the form that was asked for: `?format=xlsx`, or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.http import HttpRequest, StreamingHttpResponse

from outreach.kit.csvfile import csv_lines
from outreach.kit.xlsxfile import xlsx_pieces

XLSX = "xlsx"
TOGETHER = 2_000  # rows that a query of a download reads at once
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def download(
    request: HttpRequest, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """Stream the rows under the header as a file of this name, in bounded memory; no cell of it is a formula."""
    ending = XLSX if request.GET.get("format") == XLSX else "csv"
    pieces = xlsx_pieces(header, rows) if ending == XLSX else csv_lines(header, rows)
    response = StreamingHttpResponse(pieces, content_type=_TYPES[ending])
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response
