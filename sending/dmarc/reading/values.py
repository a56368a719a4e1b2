"""Single values of a report: instants, counts, domains, results; bounded, and refused with a cause. Pure."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from outreach.kit.addresses import BadAddress, parse_domain
from sending.dmarc.reading.errors import BadReport, Fault

KEPT = timedelta(days=400)  # reports are forgotten after that, so that none older is taken in
LONGEST = timedelta(days=32)  # a report is of a day, or of some
_AHEAD = timedelta(days=2)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{0,9})?", re.ASCII)
_HIGHEST = 10**12
_UNPRINTABLE = re.compile(r"[^\S ]|[^\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]")
_RESULTS = {
    **{one: one for one in ("none", "pass", "fail", "policy", "neutral", "softfail", "temperror", "permerror")},
    "hardfail": "fail", "unknown": "temperror", "error": "permerror",  # as RFC 4408 and early reporters call them
}  # fmt: skip


class Unreadable(ValueError):
    """A value that cannot be taken; the words say why, for people."""


def instant(text: str) -> datetime:
    """Return an instant: seconds of Unix, also with a fraction, or RFC 3339; without a zone it is UTC."""
    text = text.strip()[:40]
    try:
        if _NUMBER.fullmatch(text):
            return datetime.fromtimestamp(int(float(text)), UTC)
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Unreadable(f"“{shown(text)}” is no instant") from error


def check_range(begins: datetime, ends: datetime, now: datetime) -> None:
    """Raise BadReport for a stretch of time that no report can be of."""
    if ends < begins:
        raise BadReport(Fault.BAD_VALUE, "The report ends before it begins.")
    if ends - begins > LONGEST:
        raise BadReport(Fault.BAD_VALUE, f"The report is of more than {LONGEST.days} days.")
    if ends > now + _AHEAD:
        raise BadReport(Fault.BAD_VALUE, f"The report is of {ends:%d %B %Y}, which is still to come.")
    if ends < now - KEPT:
        words = f"The report is of {ends:%d %B %Y}: what is older than {KEPT.days} days is not kept."
        raise BadReport(Fault.BAD_VALUE, words)


def count(value: object) -> int:
    """Return a count of messages or sessions; a whole number may be written 3.0."""
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not _NUMBER.fullmatch(text) or float(text) != int(float(text)) or float(text) > _HIGHEST:
        raise Unreadable(f"“{shown(str(value))}” is no count")
    return int(float(text))


def address(text: str) -> str:
    """Return an IP address in its usual form; an IPv4 address that is written as IPv6 is one of IPv4."""
    try:
        found = ipaddress.ip_address(text.strip()[:60].partition("%")[0])
    except ValueError as error:
        raise Unreadable(f"“{shown(text)}” is no IP address") from error
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


@lru_cache(maxsize=2_000)
def domain(text: str) -> str:
    """Return a domain as A-labels in lower case, of an address the part behind its @."""
    text = text.strip().strip("<>").rpartition("@")[2].rstrip(".")[:300]
    try:
        return parse_domain(text)
    except BadAddress as error:
        raise Unreadable(f"“{shown(text)}” is no domain") from error


def domain_or_none(text: str) -> str:
    """Return a domain, "" where it is none: what only illustrates must not cost the record."""
    try:
        return domain(text)
    except Unreadable:
        return ""


def result(text: str) -> str:
    """Return a result of DKIM or SPF as RFC 8601 calls it; what no standard knows is "unknown"."""
    return _RESULTS.get(text.strip().lower()[:20], "unknown")


def shown(text: str, most: int = 60) -> str:
    """Return the beginning of a text on one line, of characters that can be shown and stored."""
    plain = _UNPRINTABLE.sub(" ", text[: 4 * most]).strip()
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
