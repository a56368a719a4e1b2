"""Forms of the library: what a person types; the services judge it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from campaigns.library.checking import SnippetEntry, TemplateEntry
from campaigns.library.errors import BadEntry
from campaigns.library.models import (
    NAME_LIMIT,
    NOTE_LIMIT,
    SNIPPET_LIMIT,
    SUBJECT_LIMIT,
    TEXT_LIMIT,
    Snippet,
    StepTemplate,
)
from campaigns.library.services import mark_of
from campaigns.sequences.forms import HtmlField, LetterField
from outreach.kit.stale import SeenForm

PLACE_LIMIT = 2_000  # characters put into one place


class EntryForm(SeenForm):
    """A form of something in the library."""

    def refuse(self, error: BadEntry) -> None:
        """Show a service's refusals beside the fields that caused them."""
        for name, cause in error.causes:
            self.add_error(name if name in self.fields else None, cause)


class TemplateForm(EntryForm):
    """A template."""

    name = forms.CharField(max_length=NAME_LIMIT, label="Name", help_text="Only your team sees it.")
    note = forms.CharField(
        max_length=NOTE_LIMIT, required=False, label="When to use it", help_text="For whoever chooses among several."
    )
    subject = forms.CharField(
        max_length=SUBJECT_LIMIT,
        required=False,
        label="Subject",
        help_text="Empty for a message that answers in its thread.",
    )
    text = LetterField(
        max_length=TEXT_LIMIT,
        strip=False,
        label="Text",
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text="[[two brackets]] leave a place to whoever uses it; a message with an open place is never launched.",
    )

    html = HtmlField()

    @classmethod
    def of(cls, row: StepTemplate, *, is_frozen: bool) -> TemplateForm:
        """Return the form with the stored values."""
        initial = {
            "name": row.name,
            "note": row.note,
            "subject": row.subject,
            "text": row.body_text,
            "html": row.body_html,
            "seen": mark_of(row.updated_at),
        }
        return cls(initial=initial, is_frozen=is_frozen)

    def entry(self) -> TemplateEntry:
        """Return the valid form as an entry."""
        data = self.cleaned_data
        return TemplateEntry(data["name"], data["note"], data["subject"], data["text"], data["html"])


class SnippetForm(EntryForm):
    """A snippet."""

    name = forms.CharField(max_length=NAME_LIMIT, label="Name", help_text="By which you find it as you write.")
    text = LetterField(
        max_length=SNIPPET_LIMIT,
        strip=False,
        label="Text",
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Variables, choices and [[places]] work as in any wording.",
    )

    @classmethod
    def of(cls, row: Snippet, *, is_frozen: bool) -> SnippetForm:
        """Return the form with the stored values."""
        return cls(initial={"name": row.name, "text": row.text, "seen": mark_of(row.updated_at)}, is_frozen=is_frozen)

    def entry(self) -> SnippetEntry:
        """Return the valid form as an entry."""
        return SnippetEntry(self.cleaned_data["name"], self.cleaned_data["text"])


class KeepForm(EntryForm):
    """Under which name a wording is kept."""

    name = forms.CharField(max_length=NAME_LIMIT, label="Name", help_text="Only your team sees it.")
    note = forms.CharField(
        max_length=NOTE_LIMIT, required=False, label="When to use it", help_text="For whoever chooses among several."
    )


class PlacesForm(EntryForm):
    """The places that a template leaves, each with what belongs there; what stays empty stays open."""

    def __init__(self, *args: Any, places: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = places
        for number, place in enumerate(places):
            self.fields[f"place{number}"] = LetterField(
                required=False,
                max_length=PLACE_LIMIT,
                strip=False,
                label=place[:1].upper() + place[1:],
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def insist(self, still_open: Iterable[str]) -> None:
        """Ask for what is still open: a launched campaign would hold its people at it."""
        for number, place in enumerate(self._places):
            if place in set(still_open):
                self.add_error(f"place{number}", "Fill it in: this campaign is launched.")

    def tell(self, problems: Iterable[str]) -> None:
        """Show what the template language says to the text with these words."""
        for words in problems:
            self.add_error(None, words)

    def words(self) -> dict[str, str]:
        """Return what the valid form says, by place."""
        return {place: self.cleaned_data[f"place{number}"] for number, place in enumerate(self._places)}
