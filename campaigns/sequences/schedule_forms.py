"""The form of a campaign's schedule: hours of each weekday, a first day, a zone, limits, closed days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.forms import BoundField
from django.http import QueryDict

from campaigns.calendar import HoursProblem, Window, ZoneProblem, closed_text, hours_text, parse_hours, parse_zone
from campaigns.calendar.hours import Span
from campaigns.sequences.closed_forms import ClosedField, ClosingForm, labels
from campaigns.sequences.closing import Closing
from campaigns.sequences.forms import EditForm
from campaigns.sequences.models import Campaign
from campaigns.sequences.seen import seen_schedule
from campaigns.sequences.services import LONGEST_AHEAD, Schedule
from campaigns.sequences.states import Priority
from outreach.kit import clock

WEEKDAYS = (
    (1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"), (6, "Saturday"), (7, "Sunday"),
)  # fmt: skip
_EARLIEST = date(2000, 1, 1)


class HoursField(forms.CharField):
    """The windows of one weekday; empty where none opens."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"placeholder": "closed", "autocomplete": "off", "spellcheck": "false"})
        super().__init__(required=False, max_length=200, widget=widget, **kwargs)

    def clean(self, value: Any) -> tuple[Span, ...]:
        try:
            return parse_hours(str(super().clean(value)))
        except HoursProblem as problem:
            raise forms.ValidationError(str(problem)) from problem


class ScheduleForm(ClosingForm, EditForm):
    """When a campaign may send."""

    starts_on = forms.DateField(
        required=False,
        label="First day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Nothing goes out before this day begins where the recipient is. Empty: from the launch on.",
    )
    time_zone = forms.CharField(max_length=64, label="Time zone", help_text="For example Europe/Berlin.")
    use_contact_zone = forms.BooleanField(
        required=False,
        label="Use the contact's own time zone when it is known",
        help_text="From the contact's time zone, or from a country with a single one.",
    )
    new_leads_per_day = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100_000,
        label="New contacts a day",
        help_text="Empty: as many as the mailboxes carry beside due follow-ups.",
    )
    daily_limit = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100_000,
        label="Messages a day",
        help_text="Of all steps and mailboxes together. Empty: as many as fall due.",
    )
    priority = forms.ChoiceField(
        required=False,
        choices=((Priority.HIGH, "High"), (Priority.NORMAL, "Normal"), (Priority.LOW, "Low")),
        initial=Priority.NORMAL,
        label="Priority",
        help_text="How often it begins somebody where campaigns share mailboxes: four turns, two or one.",
    )
    closed = ClosedField(
        label="Closed days",
        help_text="One a line, beside those of the workspace. A day counts where the recipient is.",
    )

    def __init__(self, *args: Any, is_frozen: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, is_frozen=is_frozen, **kwargs)
        for weekday, name in WEEKDAYS:
            self.fields[_hours(weekday)] = HoursField(label=name, disabled=is_frozen)

    def days(self) -> Iterator[BoundField]:
        """Yield the fields of the weekdays, in order."""
        for weekday, _ in WEEKDAYS:
            yield self[_hours(weekday)]

    def like_monday(self) -> None:
        """Put the hours of Monday, as they were typed, on the other days of the working week."""
        data = cast("QueryDict", self.data).copy()
        for weekday in range(2, 6):
            data[_hours(weekday)] = data.get(_hours(1), "")
        self.data = data

    def clean_time_zone(self) -> str:
        try:
            return parse_zone(self.cleaned_data["time_zone"]).key
        except ZoneProblem as problem:
            raise forms.ValidationError(str(problem)) from problem

    def clean_starts_on(self) -> date | None:
        day: date | None = self.cleaned_data["starts_on"]
        if day is not None and day > clock.now().date() + LONGEST_AHEAD:
            raise forms.ValidationError("The first day is a year ahead at most.")
        if day is not None and day < _EARLIEST:
            raise forms.ValidationError("That is too long ago: leave it empty to send from the launch on.")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        names = [_hours(weekday) for weekday, _ in WEEKDAYS]
        if not any(cleaned.get(name) for name in names) and not set(names) & set(self.errors):
            self.add_error(None, "Write the hours of one day at least: without them nothing could ever go out.")
        return cleaned

    def schedule(self) -> Schedule:
        """Return the valid form as a schedule."""
        data = self.cleaned_data
        return Schedule(
            time_zone=data["time_zone"],
            use_contact_zone=data["use_contact_zone"],
            windows=[Window(weekday, *span) for weekday, _ in WEEKDAYS for span in data[_hours(weekday)]],
            new_leads_per_day=data["new_leads_per_day"],
            closed=data["closed"],
            regions=data["regions"],
            daily_limit=data["daily_limit"],
            priority=Priority(data["priority"] or Priority.NORMAL),
            starts_on=data["starts_on"],
        )


def schedule_values(campaign: Campaign, windows: Sequence[Window], closing: Closing) -> dict[str, Any]:
    """Return what the form of the schedule starts with."""
    hours = {
        _hours(day): hours_text((one.start, one.end) for one in windows if one.weekday == day) for day, _ in WEEKDAYS
    }
    return {
        **hours,
        "starts_on": campaign.starts_on,
        "time_zone": campaign.time_zone,
        "use_contact_zone": campaign.use_contact_zone,
        "new_leads_per_day": campaign.new_leads_per_day,
        "daily_limit": campaign.daily_limit,
        "priority": campaign.priority,
        "closed": closed_text(closing.spans),
        "regions": labels(closing.regions),
        "seen": seen_schedule(campaign, windows, closing.spans, closing.regions),
    }


def _hours(weekday: int) -> str:
    return f"hours_{weekday}"
