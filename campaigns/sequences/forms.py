"""Forms of the campaign editor."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms

from campaigns.calendar import WaitUnit, Window, ZoneProblem, parse_zone
from campaigns.sequences.services import Schedule, Text
from campaigns.sequences.states import StepThread
from campaigns.templating import check, check_spin

WEEKDAYS = (
    (1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"), (6, "Saturday"), (7, "Sunday"),
)  # fmt: skip
# Minutes exist for rehearsals in speeded-up time; between people the shortest decent wait is hours.
UNITS = ((WaitUnit.DAYS, "days"), (WaitUnit.BUSINESS_DAYS, "business days"), (WaitUnit.HOURS, "hours"))
LONGEST_WAIT = 365


class CampaignForm(forms.Form):
    """A campaign's name."""

    name = forms.CharField(max_length=120, label="Name", help_text="Only your team sees it.")


class ScheduleForm(forms.Form):
    """When a campaign may send."""

    time_zone = forms.CharField(max_length=64, label="Time zone", help_text="For example Europe/Berlin.")
    use_contact_zone = forms.BooleanField(
        required=False,
        label="Use the contact's own time zone when it is known",
        help_text="From the contact's time zone, or from a country with a single one.",
    )
    weekdays = forms.TypedMultipleChoiceField(
        choices=WEEKDAYS, coerce=int, widget=forms.CheckboxSelectMultiple, label="Days"
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

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"].strip()
        try:
            parse_zone(name)
        except ZoneProblem as problem:
            raise forms.ValidationError(str(problem)) from problem
        return name

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
            windows=[Window(weekday, start, end) for weekday in data["weekdays"]],
            new_leads_per_day=data["new_leads_per_day"],
        )


class StepForm(forms.Form):
    """A step's wait and thread."""

    wait_amount = forms.IntegerField(min_value=0, max_value=LONGEST_WAIT, label="Wait")
    wait_unit = forms.ChoiceField(choices=UNITS, label="Unit")
    thread = forms.ChoiceField(
        choices=((StepThread.REPLY, "In the same thread"), (StepThread.NEW, "With a new subject")),
        label="Thread",
    )


class VariantForm(forms.Form):
    """A wording; what the template language refuses is shown beside the field, with line and a way out."""

    subject = forms.CharField(max_length=500, required=False, label="Subject")
    body_text = forms.CharField(
        required=False,
        max_length=64_000,
        strip=False,
        label="Text",
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    weight = forms.IntegerField(min_value=0, max_value=100, initial=1, label="Share")

    def __init__(self, *args: Any, known: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known = known

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_body_text(self) -> str:
        return self._checked("body_text")

    def text(self) -> Text:
        """Return the valid form as a wording."""
        data = self.cleaned_data
        return Text(subject=data["subject"], body_text=data["body_text"], weight=data["weight"])

    def _checked(self, name: str) -> str:
        source: str = self.cleaned_data[name].replace("\r\n", "\n")
        problems = [*check_spin(source), *check(source, known=self._known)]
        if problems:
            raise forms.ValidationError([_problem_words(problem) for problem in problems])
        return source


def _problem_words(problem: Any) -> str:
    hint = f" {problem.hint}" if problem.hint else ""
    return f"Line {problem.line}: {problem.message}{hint}"


def minute_of(at: time) -> int:
    """Return the minute of the day, 0..1439."""
    return at.hour * 60 + at.minute


def end_minute_of(at: time) -> int:
    """Return the minute of the day at which a window ends; midnight is the end of the day, 1440."""
    return minute_of(at) or 1440
