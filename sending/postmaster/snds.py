"""The data of Microsoft's Smart Network Data Services: one row for each address and span of activity. Pure.

Fourteen columns, without a header in the automated form (data.aspx): address, begin and end of the activity, RCPT
commands, DATA commands, message recipients, filter result, complaint rate, begin and end of the trap messages, trap
hits, sample HELO, sample MAIL FROM, comments. Source: https://sendersupport.olc.protection.outlook.com/snds/FAQ.aspx
and the public client sndslib 0.1.4.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from datetime import date

from sending.postmaster.errors import BadReport
from sending.postmaster.fields import key_of
from sending.postmaster.gathering import Gathering
from sending.postmaster.shapes import AddressSpan, Filter, Report, Source
from sending.postmaster.values import Unit, Unreadable, count_of, kept, moment_in, rate_in, shown

_ORDER = (
    "address", "begins", "ends", "rcpt", "data", "recipients", "filter", "complaints", "trap_begins", "trap_ends",
    "traps", "helo", "mail_from", "comments",
)  # fmt: skip
_FEWEST = 8  # up to the complaint rate
_NAMES = {
    **dict.fromkeys(("ipaddress", "ip", "address"), "address"),
    **dict.fromkeys(("activitystart", "activityperiodstart", "activityperiod"), "begins"),
    **dict.fromkeys(("activityend", "activityperiodend"), "ends"),
    "rcptcommands": "rcpt", "datacommands": "data", "messagerecipients": "recipients", "filterresult": "filter",
    "complaintrate": "complaints",
    **dict.fromkeys(("traphits", "trapmessagehits"), "traps"),
    **dict.fromkeys(("samplehelo", "helo"), "helo"),
    **dict.fromkeys(("samplemailfrom", "mailfrom", "jmrp1sender", "jmrpp1sender"), "mail_from"),
    "comments": "comments",
}  # fmt: skip
_BELOW = re.compile(r"(?:<|less than)\s{0,3}(.{1,20})", re.IGNORECASE)
_BLOCKED = 4  # columns of ipStatus.aspx: first and last address, blocked, details
Rows = Sequence[tuple[int, Sequence[str]]]


def is_snds(row: Sequence[str]) -> bool:
    """Say whether this is a first row of SNDS: its header, or one of its addresses."""
    keys = {_NAMES.get(key_of(name)) for name in row}
    return {"address", "filter"} <= keys or (bool(row) and _address_or_none(row[0]) is not None)


def snds(rows: Rows, *, today: date) -> Report:
    """Return what the rows say, with or without a header before them. Raises BadReport."""
    first = rows[0][1]
    if len(first) <= _BLOCKED and len(first) > 1 and _address_or_none(first[1]) is not None:
        raise BadReport("This is the list of blocked addresses of SNDS (ipStatus); its data stand under “View data”.")
    names: Sequence[str | None] = _ORDER
    if _address_or_none(first[0]) is None:
        names, rows = [_NAMES.get(key_of(name)) for name in first], rows[1:]
    gathering, found = Gathering(today), dict[tuple[str, object], AddressSpan]()
    for line, row in rows:
        try:
            span = _span(names, row, gathering)
        except Unreadable as error:
            gathering.refuse(f"line {line}", str(error), ",".join(row))
            continue
        if found.setdefault((span.address, span.begins), span) != span:
            cause = f"{span.address} stands in the file twice with this span, and not alike"
            gathering.refuse(f"line {line}", cause, ",".join(row))
    return Report(Source.SNDS, spans=tuple(found.values()), refused=tuple(gathering.refused))


def _span(names: Sequence[str | None], row: Sequence[str], gathering: Gathering) -> AddressSpan:
    if len(row) < min(len(names), _FEWEST):
        raise Unreadable(f"the line has {len(row)} columns, and not at least {_FEWEST}")
    cells = {name: cell for name, cell in zip(names, row, strict=False) if name}
    if names is _ORDER:  # comments are not quoted, and may have commas
        cells["comments"] = ",".join(row[len(_ORDER) - 1 :])
    address = _address_or_none(cells.get("address", ""))
    if address is None:
        raise Unreadable(f"“{shown(cells.get('address', ''))}” is no IP address")
    begins, ends = moment_in(cells.get("begins", "")), moment_in(cells.get("ends", "") or cells.get("begins", ""))
    if ends < begins:
        raise Unreadable("the activity ends before it begins")
    gathering.check(begins.date())
    rate, is_below = _complaints(cells.get("complaints", ""))
    return AddressSpan(
        address=address, begins=begins, ends=ends, rcpt_commands=count_of(cells.get("rcpt")),
        data_commands=count_of(cells.get("data")), recipients=count_of(cells.get("recipients")),
        filter_result=_filter(cells), complaint_rate=rate, complaint_below=is_below,
        trap_hits=count_of(cells.get("traps")), **_samples(cells),
    )  # fmt: skip


def _samples(cells: Mapping[str, str]) -> dict[str, str]:
    return {name: kept(cells.get(name, ""), 200) for name in ("helo", "mail_from", "comments")}


def _filter(cells: Mapping[str, str]) -> Filter:
    text = cells.get("filter", "").strip().upper()
    if text not in set(Filter):
        raise Unreadable(f"“{shown(text)}” is no filter result: GREEN, YELLOW or RED")
    return Filter(text)


def _complaints(text: str) -> tuple[float | None, bool]:
    """Return the rate, and whether the true one is smaller."""
    below = _BELOW.fullmatch(text.strip()[:60])
    return rate_in(below[1] if below else text, Unit.UNSAID), below is not None


def _address_or_none(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip()[:60]))
    except ValueError:
        return None
