"""Forms of the campaign editor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms

from campaigns.calendar import WaitUnit
from campaigns.sequences.errors import BadEdit
from campaigns.sequences.markup import LONGEST_SOURCE, MarkupProblem, clean_html
from campaigns.sequences.services import Text
from campaigns.sequences.states import StepThread
from campaigns.templating import TemplateProblem, check, check_spin
from outreach.kit.stale import SeenForm

# Minutes exist for rehearsals in speeded-up time; between people the shortest decent wait is hours.
UNITS = ((WaitUnit.DAYS, "days"), (WaitUnit.BUSINESS_DAYS, "business days"), (WaitUnit.HOURS, "hours"))
LONGEST_WAIT = 365
LONGEST_TEXT = 64_000


class CampaignForm(forms.Form):
    """A campaign's name."""

    name = forms.CharField(max_length=120, label="Name", help_text="Only your team sees it.")


class RefusableForm(forms.Form):
    """A form whose values a service may refuse."""

    def refuse(self, error: BadEdit) -> None:
        """Show a service's refusal beside the field that caused it."""
        self.add_error(error.field if error.field in self.fields else None, error.cause)


class EditForm(RefusableForm, SeenForm):
    """A form of a part of a campaign."""


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
    # shown where it is lacking: a launched step that opens a thread of its own from now on
    subject = forms.CharField(max_length=500, required=False, label="Subject of the new thread")


class LetterField(forms.CharField):
    """A text of many lines; a browser sends each line end as two characters, which count and are kept as one."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n").replace("\r", "\n")


class HtmlField(LetterField):
    """HTML, cleaned of what no mail needs. What is pasted may be longer than what is kept of it."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=LONGEST_SOURCE,
            strip=False,
            label="HTML",
            widget=forms.Textarea(attrs={"rows": 12, "class": "control-text"}),
        )

    def clean(self, value: Any) -> str:
        source = str(super().clean(value))
        try:
            cleaned = clean_html(source)
        except MarkupProblem as problem:
            raise forms.ValidationError(str(problem)) from problem
        if len(cleaned) > LONGEST_TEXT:
            words = f"The HTML has {len(cleaned):,} characters; {LONGEST_TEXT:,} at most are sent."
            raise forms.ValidationError(words)
        return cleaned


class VariantForm(EditForm):
    """A wording; what the template language refuses is shown beside the field, with its place and a way out."""

    subject = forms.CharField(max_length=500, required=False, label="Subject")
    body_text = LetterField(
        required=False,
        max_length=LONGEST_TEXT,
        strip=False,
        label="Text",
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    body_html = HtmlField()
    weight = forms.IntegerField(min_value=0, max_value=100, initial=1, label="Share")
    came_from = forms.IntegerField(required=False, min_value=1, max_value=32_767, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, known: frozenset[str], has_subject: bool, may_be_broken: bool = False, **kwargs: Any
    ) -> None:
        """With has_subject off (a step that answers in its thread) no subject is asked for or looked at.

        may_be_broken: what the template language refuses is no error of the form; `problems` has it all the same.
        """
        super().__init__(*args, **kwargs)
        self._known = known
        self._may_be_broken = may_be_broken
        self.problems: list[str] = []
        if not has_subject:
            del self.fields["subject"]

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_body_text(self) -> str:
        return self._checked("body_text")

    def clean_body_html(self) -> str:
        return self._checked("body_html")

    def text(self, *, subject: str) -> Text:
        """Return the valid form as a wording; the subject that was given where it asks for none."""
        data = self.cleaned_data
        return Text(data.get("subject", subject), data["body_text"], data["body_html"], data["weight"])

    def _checked(self, name: str) -> str:
        source: str = self.cleaned_data[name]
        problems = [*check_spin(source), *check(source, known=self._known)]
        self.problems += [_words(problem) for problem in problems]
        if problems and not self._may_be_broken:
            raise forms.ValidationError([_words(problem) for problem in problems])
        return source


def _words(problem: TemplateProblem) -> str:
    hint = f" {problem.hint}" if problem.hint else ""
    return f"Line {problem.line}, column {problem.column}: {problem.message}{hint}"
