"""Forms of the room: what a person types; the services judge it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from campaigns.contacts.core.fields import COUNTRY, EMAIL, LABELS, SUBSCRIBER, TEXT_LIMITS, TIME_ZONE, FieldKind
from campaigns.contacts.core.pasting import table_of
from campaigns.contacts.core.typed import Style, canonical
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import INTEREST_LIMIT, NOTE_LIMIT, SHORTEST_DAYS, CustomField
from campaigns.contacts.services.erasing import WHY_LIMIT as ERASE_WHY_LIMIT
from campaigns.contacts.services.interests import Weighing
from campaigns.contacts.services.suppressions import WHY_LIMIT
from campaigns.contacts.states import SUBSCRIBER_KINDS
from outreach.kit.stale import SeenForm

PASTE_LIMIT = 1_000_000  # characters: at four bytes each below DATA_UPLOAD_MAX_MEMORY_SIZE
FORM_FIELDS = (EMAIL, *TEXT_LIMITS, COUNTRY, TIME_ZONE, SUBSCRIBER)


class RefusableForm(forms.Form):
    """A form whose values a service judges."""

    def refuse(self, error: BadContact) -> None:
        """Show a service's refusal beside the field that caused it."""
        self.add_error(error.field if error.field in self.fields else None, error.cause)


class ContactForm(SeenForm, RefusableForm):
    """One contact; custom fields stand beside it as pairs of inputs."""

    email = forms.CharField(label=LABELS[EMAIL], max_length=400, widget=forms.EmailInput)
    first_name = forms.CharField(label=LABELS["first_name"], required=False)
    last_name = forms.CharField(label=LABELS["last_name"], required=False)
    company = forms.CharField(label=LABELS["company"], required=False)
    title = forms.CharField(label=LABELS["title"], required=False)
    phone = forms.CharField(label=LABELS["phone"], required=False)
    website = forms.CharField(label=LABELS["website"], required=False)
    city = forms.CharField(label=LABELS["city"], required=False)
    region = forms.CharField(
        label=LABELS["region"], required=False, help_text="Tells the time zone in the US, Canada, Australia and Brazil."
    )
    country = forms.CharField(label=LABELS[COUNTRY], required=False, help_text="A name or a code such as DE.")
    time_zone = forms.CharField(
        label=LABELS[TIME_ZONE], required=False, help_text="Such as Europe/Berlin. Empty: the campaign's."
    )
    subscriber_kind = forms.ChoiceField(
        label=LABELS[SUBSCRIBER],
        required=False,
        choices=[(kind.value, words) for kind, words in SUBSCRIBER_KINDS.items()],
        help_text="In the United Kingdom companies are written to without consent, individuals only with one.",
    )


@dataclass(frozen=True, slots=True)
class FieldInput:
    """How the form asks for the value of a custom field."""

    name: str
    label: str
    value: str
    kind: str  # "text", "number", "date" as HTML knows them, or "yes_no"


def field_inputs(values: Mapping[str, str], known: Iterable[CustomField]) -> list[FieldInput]:
    """Return an input for each field that the workspace knows, and for those only this contact has.

    A stored value that is none of its field's kind is shown as the text that it is.
    """
    inputs = [_field_input(field, values.get(field.name, "")) for field in known]
    others = sorted(set(values) - {one.name for one in inputs})
    return inputs + [FieldInput(name, name, values[name], FieldKind.TEXT) for name in others]


def _field_input(field: CustomField, value: str) -> FieldInput:
    kind = FieldKind(field.kind)
    style = Style.POINT if kind == FieldKind.NUMBER else Style.UNKNOWN
    return FieldInput(
        field.name, field.title, value, kind if canonical(value, kind, style) == value else FieldKind.TEXT
    )


class UploadForm(forms.Form):
    """A file of contacts, or a table pasted in its place."""

    file = forms.FileField(
        label="File", required=False, error_messages={"empty": "The file is empty: there is not a single row in it."}
    )
    pasted = forms.CharField(
        label="Rows", required=False, strip=False, max_length=PASTE_LIMIT, widget=forms.Textarea(attrs={"rows": 6})
    )

    example = "email\tfirst name\nada@example.com\tAda"  # what pasted rows look like

    def clean(self) -> None:
        """Ask for one of both."""
        super().clean()
        if self.errors:
            return
        has_text = bool(self.cleaned_data["pasted"].strip())
        if not self.cleaned_data["file"] and not has_text:
            self.add_error("file", "Choose a file, or paste rows below.")
        elif self.cleaned_data["file"] and has_text:
            self.add_error("pasted", "Either choose a file or paste rows, not both.")

    def pasted_bytes(self) -> bytes:
        """Return the pasted table as the bytes of a file."""
        return table_of(self.cleaned_data["pasted"]).encode("utf-8", "replace")


class ListForm(RefusableForm):
    """The name of a list."""

    name = forms.CharField(label="Name", max_length=400, error_messages={"required": "Give the list a name."})


class InterestForm(RefusableForm):
    """The weighing of a legitimate interest for a list."""

    purpose = forms.CharField(
        label="Which interest, and whose",
        max_length=INTEREST_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Such as: we sell racks to those who run warehouses, and want to offer them to these. Whoever gets a "
        "message reads it on the page that says where you have their address from.",
    )
    necessity = forms.CharField(
        label="Why it takes these data, and no milder way does",
        max_length=INTEREST_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Which data, from where, for how long; and what else you could do.",
    )
    balancing = forms.CharField(
        label="What weighs on their side, and why it weighs less",
        max_length=INTEREST_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What they would expect, what it costs them, and how easily they get rid of it.",
    )
    review_on = forms.DateField(
        label="To be looked at again by",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="After this day it counts no more.",
    )
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def weighing(self) -> Weighing:
        """Return the valid form as what was weighed."""
        return Weighing(
            **{name: self.cleaned_data[name] for name in ("purpose", "necessity", "balancing", "review_on")}
        )


class NoteForm(RefusableForm):
    """What somebody writes about a contact."""

    text = forms.CharField(
        label="Note",
        strip=False,
        max_length=10 * NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "There is nothing in the note."},
    )


class SuppressionForm(forms.Form):
    """Whom never to write to."""

    value = forms.CharField(
        label="Address, domain or wildcard",
        max_length=400,
        help_text="ada@example.com; example.com for everybody there and below; *.example.com, *@*.gov, info@*.",
    )
    note = forms.CharField(label="Why", required=False, max_length=2_000, help_text="Kept as evidence beside it.")


class SuppressionFileForm(forms.Form):
    """A list of whom never to write to."""

    file = forms.FileField(
        label="File",
        help_text="CSV or one in each line: addresses, domains, wildcards. Columns “reason” and “evidence” are kept.",
        error_messages={"empty": "The file is empty: nobody is named in it."},
    )


class LiftForm(forms.Form):
    """Why somebody may be written to again, and where it needs one the typed confirmation."""

    why = forms.CharField(
        label="Why",
        max_length=WHY_LIMIT,
        help_text="Kept for good, with your name and the time.",
        error_messages={"required": "Say why: it is kept."},
    )
    typed = forms.CharField(
        label="Type it to confirm", max_length=400, error_messages={"required": "Type it to confirm."}
    )

    def __init__(self, *args: Any, is_binding: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["typed"].required = is_binding


class EraseForm(forms.Form):
    """The typed confirmation that everything about a person goes for good."""

    why = forms.CharField(
        label="Why",
        max_length=ERASE_WHY_LIMIT,
        help_text="Such as “asked by mail on 5 May”. It is kept for good: write no name.",
        error_messages={"required": "Say why: it is kept."},
    )
    typed = forms.CharField(
        label="Type the address to confirm", max_length=400, error_messages={"required": "Type the address to confirm."}
    )


class RetentionForm(forms.Form):
    """After how long what is forgotten; empty = never."""

    idle_months = forms.IntegerField(
        label="Contacts with whom nothing happened: erased after, in months",
        required=False,
        min_value=1,
        max_value=240,
        help_text="Nobody wrote, nobody was written to or changed, and no campaign has them to come.",
    )
    files_days = forms.IntegerField(
        label="Rejected rows, and files that did not go in: forgotten after, in days",
        required=False,
        min_value=1,
        max_value=3_650,
        help_text="How many there were stays with each import.",
    )
    transcripts_days = forms.IntegerField(
        label="Dialogues with mail servers: forgotten after, in days",
        required=False,
        min_value=SHORTEST_DAYS,
        max_value=3_650,
        help_text="The last answer stays with its message.",
    )
