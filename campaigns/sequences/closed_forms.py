"""Fields of closed days: days that are typed, and regions whose public holidays close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.http import QueryDict

from campaigns.calendar import (
    ClosedProblem,
    ClosedSpan,
    Region,
    RegionProblem,
    parse_closed,
    parse_region,
    region_label,
    region_labels,
)
from campaigns.calendar.closed import FARTHEST
from campaigns.sequences.forms import EditForm
from outreach.kit import clock

MOST_REGIONS = 20
_FREE_ROWS = 3
_LONGEST = 120


class ClosedField(forms.CharField):
    """Spans of days, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            max_length=20_000,
            widget=forms.Textarea(attrs={"rows": 5, "placeholder": "2026-12-24..2027-01-01 Between the years"}),
            **kwargs,
        )

    def clean(self, value: Any) -> tuple[ClosedSpan, ...]:
        try:
            spans = parse_closed(str(super().clean(value)))
        except ClosedProblem as problem:
            raise forms.ValidationError(str(problem)) from problem
        if late := [str(span) for span in spans if span.last > clock.now().date() + FARTHEST]:
            raise forms.ValidationError(f"Closed days lie five years ahead at most, not as {late[0]}.")
        return spans


class RowsWidget(forms.Widget):
    """Several controls of one name, one a row; campaigns/sequences/_regions.html draws them."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[str]:  # noqa: ARG002
        return [row.strip() for row in cast("QueryDict", data).getlist(name) if row.strip()]


class RegionsField(forms.Field):
    """Countries and parts of countries, one a row, as region_label writes them or by code or name."""

    widget = RowsWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def clean(self, value: list[str] | None) -> tuple[Region, ...]:
        rows = value or []
        if len(rows) > MOST_REGIONS:
            raise forms.ValidationError(f"{len(rows)} are too many: {MOST_REGIONS} countries or parts at most.")
        found, problems = [], []
        for row in rows:
            try:
                found.append(parse_region(row))
            except RegionProblem as problem:
                problems.append(str(problem))
        if problems:
            raise forms.ValidationError(problems)
        return tuple(sorted(set(found)))


class ClosingForm(forms.Form):
    """The part of a form that closes days. Its field `regions` starts with labels."""

    regions = RegionsField(
        label="Public holidays",
        help_text="A country, or a part of one: Germany, DE, DE-BY. Its days off are closed, each year.",
    )

    def __init__(self, *args: Any, is_frozen: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.disabled = is_frozen

    def region_rows(self) -> list[str]:
        """Return what stands in the rows, and some empty ones behind it."""
        rows = cast("list[str]", self["regions"].value() or [])
        room = 0 if self.fields["regions"].disabled else MOST_REGIONS - len(rows)
        return [row[:_LONGEST] for row in rows] + [""] * min(_FREE_ROWS, max(0, room))

    def region_choices(self) -> tuple[str, ...]:
        """Return what may stand in a row, to choose from."""
        return region_labels()


class ClosedDaysForm(ClosingForm, EditForm):
    """The days on which no campaign of the workspace sends."""

    closed = ClosedField(
        label="Days of your own", help_text="One a line, with a name if you like. They count where the recipient is."
    )


def labels(regions: Iterable[Region]) -> list[str]:
    """Return regions as they stand in the rows of a form."""
    return [region_label(one) for one in regions]
