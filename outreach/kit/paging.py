"""Keyset paging: a page costs the same at the start and after a million rows, and new rows shift nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from outreach.kit import cursors

T = TypeVar("T", bound=Model)
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows in their order. `newer` and `older` are query strings for what comes before and after, "" at an end.

    end: the last row that was looked at, where there are more that were not (see Bounded); None: all were.
    """

    rows: Sequence[T]
    newer: str
    older: str
    end: T | None = None


@dataclass(frozen=True, slots=True)
class Bounded(Generic[T]):
    """What was found among the first rows in their order, and the last of those rows where there are more behind it."""

    rows: QuerySet[T]
    end: T | None


Bound = Callable[[QuerySet[T]], Bounded[T]]


def paged(  # noqa: PLR0913  # each is a part of a list's order
    request: HttpRequest,
    rows: QuerySet[T],
    *,
    by: str,
    size: int = PAGE_SIZE,
    rises: bool = False,
    bound: Bound[T] | None = None,
) -> Page[T]:
    """Return the page that the request's `after` or `before` cursor names, newest first by (by, id), or rising.

    by is a column, or what the rows are annotated with. The filters of the URL stay in the links. A cursor that cannot
    be read is the first page. bound: where finding a row is dear, looks for it among the first rows behind the cursor
    alone; such a page may be short, or empty, and the next one begins where it has ended.
    """
    before = _read(request.GET.get("before", ""), by)
    backwards = before is not None
    cursor = before or _read(request.GET.get("after", ""), by)
    ordered = rows.order_by(*_order(by, rises=rises != backwards))
    if cursor is not None:
        ordered = ordered.filter(_beyond(by, cursor, rises=rises != backwards))
    found, end, place = _read_on(ordered, size, bound)
    if backwards:
        found.reverse()
        newer, older = place, found[-1] if found else None
    else:
        newer, older = found[0] if found and cursor is not None else None, place
    return Page(
        rows=found,
        newer=_link(request, "before", newer, by) if newer is not None else "",
        older=_link(request, "after", older, by) if older is not None else "",
        end=end,
    )


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """Rows in descending order, and the cursor of what comes behind them, "" at the end."""

    rows: Sequence[T]
    next: str


class BadCursor(ValueError):
    """A cursor that no answer of ours has given."""


def sliced(rows: QuerySet[T], *, by: str, size: int, cursor: str = "", bound: Bound[T] | None = None) -> Slice[T]:
    """Return the rows behind the cursor, newest first by (by, id); bound: see paged. Raises BadCursor."""
    ordered = rows.order_by(*_order(by, rises=False))
    if cursor:
        place = _read(cursor, by)
        if place is None:
            raise BadCursor("This is no cursor of this list: begin without one.")
        ordered = ordered.filter(_beyond(by, place, rises=False))
    found, _, last = _read_on(ordered, size, bound)
    return Slice(rows=found, next=_cursor(last, by) if last is not None else "")


def _read_on(ordered: QuerySet[T], size: int, bound: Bound[T] | None) -> tuple[list[T], T | None, T | None]:
    """Return so many rows, the last row that was looked at (None: all), and the row behind which there may be more."""
    end = None
    if bound is not None:
        limited = bound(ordered)
        ordered, end = limited.rows, limited.end
    found = list(ordered[: size + 1])
    if len(found) > size:
        return found[:size], None, found[size - 1]
    return found, end, end


def _order(by: str, *, rises: bool) -> list[str]:
    names = ["id"] if by == "id" else [by, "id"]
    return names if rises else [f"-{name}" for name in names]


def _beyond(by: str, cursor: tuple[Any, int], *, rises: bool) -> Q:
    sign = "gt" if rises else "lt"
    value, pk = cursor
    if by == "id":
        return Q(**{f"id__{sign}": pk})
    # The first condition says nothing new, but lets the index begin at the cursor instead of at the first row.
    return Q(**{f"{by}__{sign}e": value}) & (Q(**{f"{by}__{sign}": value}) | Q(**{f"id__{sign}": pk}))


def _link(request: HttpRequest, name: str, row: Model, by: str) -> str:
    query = request.GET.copy()
    for old in ("before", "after"):
        query.pop(old, None)
    query[name] = _cursor(row, by)
    return "?" + query.urlencode()


def _cursor(row: Model, by: str) -> str:
    value = getattr(row, by)
    text = value.isoformat() if isinstance(value, datetime) else value
    return cursors.written(text, row.pk)


def _read(text: str, by: str) -> tuple[Any, int] | None:
    found = cursors.read(text, count=2)
    if found is None or not cursors.is_id(found[1]):
        return None
    value, pk = found
    if by == "id":
        return pk, pk
    if by.endswith("_at"):
        try:
            value = datetime.fromisoformat(value)
        except (ValueError, TypeError):
            return None
        return (value, pk) if value.tzinfo else None
    return (value, pk) if isinstance(value, str) else None
