"""Forms of the campaign editor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any, cast

from django import forms
from django.http import QueryDict

from campaigns.calendar import WaitUnit, Window, ZoneProblem, parse_zone
from campaigns.sequences.closed_forms import ClosedField, ClosingForm
from campaigns.sequences.errors import BadEdit, Overtaken
from campaigns.sequences.services import Schedule, Text
from campaigns.sequences.states import Priority, StepThread
from campaigns.templating import TemplateProblem, check, check_spin

WEEKDAYS = (
    (1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"), (6, "Saturday"), (7, "Sunday"),
)  # fmt: skip
# Minutes exist for rehearsals in speeded-up time; between people the shortest decent wait is hours.
UNITS = ((WaitUnit.DAYS, "days"), (WaitUnit.BUSINESS_DAYS, "business days"), (WaitUnit.HOURS, "hours"))
LONGEST_WAIT = 365


class CampaignForm(forms.Form):
    """A campaign's name."""

    name = forms.CharField(max_length=120, label="Name", help_text="Only your team sees it.")


class EditForm(forms.Form):
    """A form of something that others may edit, too: `seen` is the fingerprint of what it was drawn from."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    is_overtaken = False

    def __init__(self, *args: Any, is_frozen: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.disabled = is_frozen

    def refuse(self, error: BadEdit) -> None:
        """Show a service's refusal beside the field that caused it."""
        self.add_error(error.field if error.field in self.fields else None, error.cause)

    def overtake(self, error: Overtaken) -> None:
        """Keep what was typed and say that somebody else was faster; saved again, it replaces what they saved."""
        data = cast("QueryDict", self.data).copy()
        data["seen"] = error.seen
        self.data = data
        self.is_overtaken = True
        self.add_error(None, str(error))


class AudienceForm(EditForm):
    """The lists and segments that a campaign writes to."""

    lists = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        error_messages={"invalid_choice": "One of the lists is not there any more. Look at the choice and save again."},
    )
    segments = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        error_messages={
            "invalid_choice": "One of the segments is not there any more. Look at the choice and save again."
        },
    )

    def __init__(self, *args: Any, list_ids: Sequence[int], segment_ids: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, ids in (("lists", list_ids), ("segments", segment_ids)):
            field = cast("forms.TypedMultipleChoiceField", self.fields[name])
            field.choices = [(pk, str(pk)) for pk in ids]

    def chosen(self, name: str = "lists") -> set[str]:
        """Return the ids that are ticked, as they stand in the page."""
        return {str(pk) for pk in self[name].value() or []}


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


class StepForm(EditForm):
    """A follow-up's wait and thread."""

    wait_amount = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_WAIT,
        label="Wait",
        error_messages={
            "min_value": "A follow-up waits 1 at least: at once it would be a second first message.",
            "max_value": f"A follow-up waits {LONGEST_WAIT} at most.",
        },
    )
    wait_unit = forms.ChoiceField(
        choices=UNITS, label="Unit", widget=forms.Select(attrs={"aria-label": "Unit of the wait"})
    )
    thread = forms.ChoiceField(
        choices=((StepThread.REPLY, "In the same thread"), (StepThread.NEW, "With a new subject")),
        label="Thread",
        widget=forms.Select(attrs={"aria-label": "Thread"}),
    )


class _LetterField(forms.CharField):
    """A text of many lines; a browser sends each line end as two characters, which count and are kept as one."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n").replace("\r", "\n")


class VariantForm(EditForm):
    """A wording; what the template language refuses is shown beside the field, with its place and a way out."""

    subject = forms.CharField(max_length=500, required=False, label="Subject")
    body_text = _LetterField(
        required=False,
        max_length=64_000,
        strip=False,
        label="Text",
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    weight = forms.IntegerField(min_value=0, max_value=100, initial=1, label="Share")

    def __init__(self, *args: Any, known: frozenset[str], has_subject: bool, **kwargs: Any) -> None:
        """With has_subject off (a step that answers in its thread) no subject is asked for or looked at."""
        super().__init__(*args, **kwargs)
        self._known = known
        if not has_subject:
            del self.fields["subject"]

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_body_text(self) -> str:
        return self._checked("body_text")

    def text(self, *, subject: str, body_html: str) -> Text:
        """Return the valid form as a wording; the subject and the HTML that were given where it asks for none."""
        data = self.cleaned_data
        return Text(data.get("subject", subject), data["body_text"], body_html, data["weight"])

    def _checked(self, name: str) -> str:
        source: str = self.cleaned_data[name]
        problems = [*check_spin(source), *check(source, known=self._known)]
        if problems:
            raise forms.ValidationError([_words(problem) for problem in problems])
        return source


def _words(problem: TemplateProblem) -> str:
    hint = f" {problem.hint}" if problem.hint else ""
    return f"Line {problem.line}, column {problem.column}: {problem.message}{hint}"


def minute_of(at: time) -> int:
    """Return the minute of the day, 0..1439."""
    return at.hour * 60 + at.minute


def end_minute_of(at: time) -> int:
    """Return the minute of the day at which a window ends; midnight is the end of the day, 1440."""
    return minute_of(at) or 1440
