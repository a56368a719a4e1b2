"""Forms of the room: what a person types; the services judge it."""

from __future__ import annotations

from typing import Any

from django import forms

from campaigns.contacts.core.fields import COUNTRY, EMAIL, LABELS, TEXT_LIMITS, TIME_ZONE
from campaigns.contacts.errors import BadContact

FORM_FIELDS = (EMAIL, *TEXT_LIMITS, COUNTRY, TIME_ZONE)


class RefusableForm(forms.Form):
    """A form whose values a service judges."""

    def refuse(self, error: BadContact) -> None:
        """Show a service's refusal beside the field that caused it."""
        self.add_error(error.field if error.field in self.fields else None, error.cause)


class ContactForm(RefusableForm):
    """One contact; custom fields stand beside it as pairs of inputs."""

    email = forms.CharField(label=LABELS[EMAIL], max_length=400, widget=forms.EmailInput)
    first_name = forms.CharField(label=LABELS["first_name"], required=False)
    last_name = forms.CharField(label=LABELS["last_name"], required=False)
    company = forms.CharField(label=LABELS["company"], required=False)
    title = forms.CharField(label=LABELS["title"], required=False)
    phone = forms.CharField(label=LABELS["phone"], required=False)
    website = forms.CharField(label=LABELS["website"], required=False)
    city = forms.CharField(label=LABELS["city"], required=False)
    country = forms.CharField(label=LABELS[COUNTRY], required=False, help_text="A name or a code such as DE.")
    time_zone = forms.CharField(
        label=LABELS[TIME_ZONE], required=False, help_text="Such as Europe/Berlin. Empty: the campaign's."
    )


class UploadForm(forms.Form):
    """A file of contacts."""

    file = forms.FileField(label="CSV file", error_messages={"required": "Choose a CSV file first."})


class ListForm(RefusableForm):
    """The name of a list."""

    name = forms.CharField(label="Name", max_length=400, error_messages={"required": "Give the list a name."})


class SuppressionForm(forms.Form):
    """Whom never to write to."""

    value = forms.CharField(
        label="Address or domain", max_length=400, help_text="ada@example.com, or example.com for everybody there."
    )
    note = forms.CharField(label="Why", required=False, max_length=2_000, help_text="Kept as evidence beside it.")


class LiftForm(forms.Form):
    """The typed confirmation that somebody may be written to again."""

    typed = forms.CharField(
        label="Type it to confirm", max_length=400, error_messages={"required": "Type it to confirm."}
    )

    def __init__(self, *args: Any, is_binding: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["typed"].required = is_binding
