"""A table of Google Postmaster Tools: a column of days, one of spam rates, perhaps more. Pure.

Google names no columns in its documentation, so they are found by what they are called, in any order, below up to nine
rows of titles; one that is called otherwise is told. A rate without % or a day that can be read in two ways is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sending.postmaster.errors import BadReport
from sending.postmaster.fields import DAY, DOMAIN, RATES, REPUTATION, error_in, key_of, why_unknown
from sending.postmaster.gathering import Gathering
from sending.postmaster.shapes import Report, Source
from sending.postmaster.values import Unit, Unreadable, day_in, domain_in, order_in, rate_in, shown

_TITLES = 9  # rows above the names of the columns
_REPUTATIONS = {"high": "HIGH", "medium": "MEDIUM", "low": "LOW", "bad": "BAD"}
Rows = Sequence[tuple[int, Sequence[str]]]


def is_google(header: Sequence[str]) -> bool:
    """Say whether a table with these columns is one of Google's."""
    keys = [key_of(name) for name in header]
    return any(key in DAY for key in keys) and any(key in RATES or key in REPUTATION for key in keys)


def header_at(rows: Rows) -> int | None:
    """Return which row names the columns of a table of Google's, None where none of the first ones does."""
    return next((at for at, (_, row) in enumerate(rows[: _TITLES + 1]) if is_google(row)), None)


def google_csv(header: Sequence[str], rows: Rows, *, domain: str, today: date) -> Report:
    """Return what a table says. domain: whose it is where no column names it. Raises BadReport."""
    keys = [key_of(name) for name in header]
    at_domain = next((at for at, key in enumerate(keys) if key in DOMAIN), None)
    if at_domain is None and not domain:
        raise BadReport("No column of the file names the domain: say which domain the file is about.")
    at_day = next(at for at, key in enumerate(keys) if key in DAY)
    order = order_in(row[at_day] for _, row in rows if at_day < len(row))
    gathering = Gathering(today)
    for name, key in zip(header, keys, strict=True):
        if name and not _is_known(name, key):
            gathering.refuse(f"column “{shown(name, 30)}”", f"not taken: it is {why_unknown(name)}", "")
    for line, row in rows:
        try:
            day = gathering.check(day_in(_cell(row, at_day), order))
            whose = domain if at_domain is None else domain_in(_cell(row, at_domain))
            gathering.put(whose, day, _values(header, keys, row))
        except Unreadable as error:
            gathering.refuse(f"line {line}", str(error), ",".join(row))
    return Report(Source.GOOGLE_CSV, tuple(gathering.days.values()), refused=tuple(gathering.refused))


def _values(header: Sequence[str], keys: Sequence[str], row: Sequence[str]) -> Mapping[str, object]:
    """Return the fields of a row that it has. Raises Unreadable where it has none, or one that cannot be read."""
    values: dict[str, object] = {}
    for name, key, cell in zip(header, keys, row, strict=False):
        if key in REPUTATION:
            found = _REPUTATIONS.get(cell.strip().lower())
            if cell.strip() and found is None:
                raise Unreadable(f"“{shown(cell)}” is no reputation: high, medium, low or bad")
            if found:
                values["domain_reputation"] = found
        elif (field := RATES.get(key)) and (rate := rate_in(cell, _unit_of(name, key))) is not None:
            values[field] = rate
        elif (cause := error_in(name)) and (rate := rate_in(cell, _unit_of(name, key))) is not None:
            values.setdefault("errors", {})[cause] = rate  # type: ignore[index]
    if not values:
        raise Unreadable("no rate is given for this day: it stays unknown")
    return values


def _is_known(name: str, key: str) -> bool:
    return key in DAY or key in DOMAIN or key in REPUTATION or key in RATES or error_in(name) is not None


def _cell(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""


def _unit_of(name: str, key: str) -> Unit:
    if "%" in name or "percent" in name.lower():
        return Unit.PERCENT
    return Unit.RATIO if "ratio" in key else Unit.UNSAID
