"""The form of a campaign's schedule, and what it starts with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import time
from typing import Any

from django import forms

from campaigns.calendar import Window, ZoneProblem, closed_text, parse_zone
from campaigns.sequences.closed_forms import ClosedField, ClosingForm, labels
from campaigns.sequences.closing import Closing
from campaigns.sequences.forms import EditForm
from campaigns.sequences.models import Campaign
from campaigns.sequences.seen import seen_schedule
from campaigns.sequences.services import Schedule
from campaigns.sequences.states import Priority

WEEKDAYS = (
    (1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"), (6, "Saturday"), (7, "Sunday"),
)  # fmt: skip
_OFFICE = Window(1, 9 * 60, 17 * 60)  # offered where no window is set


class ScheduleForm(ClosingForm, EditForm):
    """When a campaign may send."""

    time_zone = forms.CharField(max_length=64, label="Time zone", help_text="For example Europe/Berlin.")
    use_contact_zone = forms.BooleanField(
        required=False,
        label="Use the contact's own time zone when it is known",
        help_text="From the contact's time zone, or from a country with a single one.",
    )
    weekdays = forms.TypedMultipleChoiceField(
        choices=WEEKDAYS,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        label="Days",
        error_messages={"required": "Choose one day at least: without one nothing could ever go out."},
    )
    start = forms.TimeField(label="From", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    end = forms.TimeField(
        label="Until",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="00:00 means the end of the day.",
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

    def clean_time_zone(self) -> str:
        try:
            return parse_zone(self.cleaned_data["time_zone"]).key
        except ZoneProblem as problem:
            raise forms.ValidationError(str(problem)) from problem

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "start" in cleaned and "end" in cleaned and minute_of(cleaned["start"]) >= end_minute_of(cleaned["end"]):
            self.add_error(
                "end", "The window must end after it starts. For a window over midnight choose two campaigns."
            )
        return cleaned

    def schedule(self) -> Schedule:
        """Return the valid form as a schedule."""
        data = self.cleaned_data
        start, end = minute_of(data["start"]), end_minute_of(data["end"])
        return Schedule(
            time_zone=data["time_zone"],
            use_contact_zone=data["use_contact_zone"],
            windows=[Window(weekday, start, end) for weekday in sorted(set(data["weekdays"]))],
            new_leads_per_day=data["new_leads_per_day"],
            closed=data["closed"],
            regions=data["regions"],
            daily_limit=data["daily_limit"],
            priority=Priority(data["priority"] or Priority.NORMAL),
        )


def schedule_values(campaign: Campaign, windows: Sequence[Window], closing: Closing) -> dict[str, Any]:
    """Return what the form of the schedule starts with."""
    first = windows[0] if windows else _OFFICE
    return {
        "time_zone": campaign.time_zone,
        "use_contact_zone": campaign.use_contact_zone,
        "weekdays": sorted({one.weekday for one in windows}),
        "start": _time(first.start),
        "end": _time(first.end),
        "new_leads_per_day": campaign.new_leads_per_day,
        "daily_limit": campaign.daily_limit,
        "priority": campaign.priority,
        "closed": closed_text(closing.spans),
        "regions": labels(closing.regions),
        "seen": seen_schedule(campaign, windows, closing.spans, closing.regions),
    }


def unlike_the_form(windows: Collection[Window]) -> list[str]:
    """Return the windows in words when the form, which knows the same hours for each day, cannot show them."""
    hours = {(one.start, one.end) for one in windows}
    if len(hours) < 2:
        return []
    days = dict(WEEKDAYS)
    return [f"{days[one.weekday]} {_time(one.start):%H:%M} to {_time(one.end):%H:%M}" for one in windows]


def minute_of(at: time) -> int:
    """Return the minute of the day, 0..1439."""
    return at.hour * 60 + at.minute


def end_minute_of(at: time) -> int:
    """Return the minute of the day at which a window ends; midnight is the end of the day, 1440."""
    return minute_of(at) or 1440


def _time(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)
