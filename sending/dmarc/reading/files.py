"""Read a file that receivers send about a domain, hostile until it is read. Pure."""

from __future__ import annotations

import itertools
import re
from datetime import datetime

from sending.dmarc.reading.aggregate import read_aggregate
from sending.dmarc.reading.errors import BadReport, Fault
from sending.dmarc.reading.packages import is_packed, pieces_of
from sending.dmarc.reading.shapes import Report
from sending.dmarc.reading.tls import read_tls

_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
# receiver!domain!begin!end[!id].xml.gz (RFC 9990 section 3.1, RFC 8460 section 5.1)
_NAME = re.compile(
    r"[\w.-]{1,253}![\w.-]{1,253}!\d{6,14}(?:\.\d{1,9})?!\d{6,14}(?:\.\d{1,9})?(?:![^!/\\]{0,200})?"
    r"\.(?:xml|xml\.gz|xml\.zip|gz|zip|json|json\.gz)",
    re.IGNORECASE | re.ASCII,
)
_TYPES = frozenset({"application/tlsrpt+gzip", "application/tlsrpt+json"})


def read_report(content: bytes, *, now: datetime) -> Report:
    """Return what a file says. Raises BadReport."""
    pieces = pieces_of(content)
    first = next(pieces, b"")
    pieces = itertools.chain([first], pieces)
    begins = first.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if begins == b"<" or first.startswith(_UTF16):
        return read_aggregate(pieces, now=now)
    if begins == b"{":
        return read_tls(pieces, now=now)
    raise BadReport(Fault.NO_REPORT, "This is neither a DMARC report (XML) nor a TLS report (JSON).")


def is_named_so(name: str, content_type: str) -> bool:
    """Say whether an attachment says of itself that it is a report."""
    return content_type in _TYPES or _NAME.fullmatch(name) is not None


def looks_so(content: bytes) -> bool:
    """Say whether a file is meant as such a report, whole or not: a package, XML, or JSON with policies."""
    head = content[:4_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    is_tls = head.startswith(b"{") and b'"policies"' in content and b'"report-id"' in content
    return is_packed(content) or head.startswith(b"<") or content.startswith(_UTF16) or is_tls
