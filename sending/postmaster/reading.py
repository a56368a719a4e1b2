"""Read a file of Google Postmaster Tools or Microsoft SNDS, hostile until it is read. Pure."""

from __future__ import annotations

from datetime import date

from sending.postmaster.errors import BadReport
from sending.postmaster.google_csv import google_csv, header_at
from sending.postmaster.google_json import google_json
from sending.postmaster.shapes import Report
from sending.postmaster.snds import is_snds, snds
from sending.postmaster.tables import rows_of
from sending.postmaster.values import shown

SIZE_LIMIT_BYTES = 5_000_000
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\xd0\xcf\x11\xe0")


def read_report(content: bytes, *, today: date, domain: str = "") -> Report:
    """Return what a file says, and each part of it that was refused. Raises BadReport where it is no such file.

    domain: whose a table of Google's is that does not name it, as A-labels. today: in UTC.
    """
    if len(content) > SIZE_LIMIT_BYTES:
        raise BadReport(f"The file is larger than {SIZE_LIMIT_BYTES // 1_000_000} MB.")
    text = _text_of(content)
    if not text.strip():
        raise BadReport("The file is empty.")
    if text.lstrip()[0] in "{[":
        return google_json(text, today=today)
    if text.lstrip()[0] == "<":
        raise BadReport("This is a web page, not a file: perhaps the sign-in page. Download the file in a browser.")
    rows = list(rows_of(text))
    if not rows:
        raise BadReport("The file is empty.")
    first = rows[0][1]
    if is_snds(first):
        return snds(rows, today=today)
    if (at := header_at(rows)) is not None:
        return google_csv(rows[at][1], rows[at + 1 :], domain=domain, today=today)
    columns = ", ".join(f"“{shown(name, 30)}”" for name in first[:8])
    raise BadReport(
        "This is no file of Google Postmaster Tools (a column “Date” and one “Spam rate”) or of Microsoft SNDS (an IP "
        f"address and its data in each row). The first row has: {columns}."
    )


def _text_of(content: bytes) -> str:
    if content.startswith(_PACKED):
        raise BadReport("This is no text: save it as CSV, or take it out of its archive first.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")  # what Excel of the West writes
    if "\0" in text:
        raise BadReport("This is no text: there are NUL bytes in it.")
    return text
