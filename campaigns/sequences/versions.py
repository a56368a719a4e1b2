"""What a wording was at each time: its versions, and the way back and forth among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from campaigns.sequences.models import Variant, WordingVersion
from outreach.kit.paging import Page, paged

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class Version:
    """One text that a wording had, or has."""

    number: int
    subject: str
    body_text: str
    body_html: str
    came_from: int | None  # the version that it brought back
    saved_by: str  # an address; "" = nobody is known
    saved_at: datetime | None
    is_current: bool

    @property
    def origin(self) -> int:
        """Return the version under which somebody wrote this text."""
        return self.came_from or self.number


@dataclass(frozen=True, slots=True)
class VersionsPage:
    """A page of the versions of a wording, the newest first, each with the one before it (None: it is the first).

    rows and the links to other pages: see outreach.kit.paging.
    """

    pairs: Sequence[tuple[Version, Version | None]]
    rows: Page[WordingVersion]


def versions_of(variant: Variant) -> list[Version]:
    """Return all versions of a wording, the newest first."""
    rows = WordingVersion.objects.filter(variant=variant).select_related("saved_by").order_by("-number")
    return [_current(variant), *(_version(row) for row in rows)]


def versions_page(request: HttpRequest, variant: Variant) -> VersionsPage:
    """Return the page of versions that the request asks for; the one that stands is on top of the first."""
    rows = WordingVersion.objects.filter(variant=variant).select_related("saved_by")
    page = paged(request, rows, by="id", size=PAGE_SIZE)
    shown = [_version(row) for row in page.rows]
    if not page.newer:
        shown.insert(0, _current(variant))
    before = version_of(variant, shown[-1].number - 1) if shown else None
    return VersionsPage(list(zip(shown, [*shown[1:], before], strict=True)), page)


def version_of(variant: Variant, number: int) -> Version | None:
    """Return one version of a wording, None where there is no such number."""
    if number == variant.version:
        return _current(variant)
    row = WordingVersion.objects.filter(variant=variant, number=number).select_related("saved_by").first()
    return _version(row) if row else None


def undo_of(variants: Sequence[Variant]) -> dict[int, int]:
    """Return the version before the one that each wording reads like, by wording; those that have none are left out.

    Undone twice, the text goes back by two: a version that was brought back counts as the one that it came from.
    """
    found = {one.pk: (one.came_from or one.version) - 1 for one in variants}
    return {pk: number for pk, number in found.items() if number >= 1}


def redo_of(variants: Sequence[Variant]) -> dict[int, int]:
    """Return the version that an undo came from, by wording: what was written behind the text that was brought back."""
    wanted = {one.pk: one.came_from + 1 for one in variants if one.came_from}
    rows = WordingVersion.objects.filter(variant__in=wanted, came_from__isnull=True).values_list("variant", "number")
    there = {(pk, number) for pk, number in rows.filter(number__in=set(wanted.values()))}
    return {pk: number for pk, number in wanted.items() if (pk, number) in there}


def _current(variant: Variant) -> Version:
    return _made(variant, variant.version, is_current=True)


def _version(row: WordingVersion) -> Version:
    return _made(row, row.number, is_current=False)


def _made(row: Variant | WordingVersion, number: int, *, is_current: bool) -> Version:
    return Version(
        number=number,
        subject=row.subject,
        body_text=row.body_text,
        body_html=row.body_html,
        came_from=row.came_from,
        saved_by=row.saved_by.email if row.saved_by else "",
        saved_at=row.saved_at,
        is_current=is_current,
    )
