"""Forms of a campaign's tracking."""

from __future__ import annotations

from django import forms

from campaigns.sequences.forms import RefusableForm
from campaigns.sequences.services import Tracking
from campaigns.templating.spoken import LANGUAGES


class TrackingForm(RefusableForm):
    """What is followed in a campaign's messages."""

    track_clicks = forms.BooleanField(
        required=False,
        label="Follow clicks on links",
        help_text="Links behind words lead over the tracking host. A link that shows its own address stays as it is. "
        "Where one leads that differs from person to person is kept as theirs, and goes with them.",
    )
    track_text_clicks = forms.BooleanField(
        required=False,
        label="Also in plain text",
        help_text="There the reader sees the address of the tracking host instead of yours.",
    )
    track_opens = forms.BooleanField(
        required=False,
        label="Follow opens",
        help_text="An image of one point. Most mail programs load it by themselves or never: opens say little.",
    )
    opt_out_language = forms.ChoiceField(
        required=False,
        choices=[("", "As each wording seems to be"), *LANGUAGES.items()],
        label="Language of the line that says how to opt out",
        help_text="It stands below every message that does not say it in a whole sentence of its own: the law asks for "
        "it, so it cannot be switched off.",
    )

    def __init__(self, *args: object, is_frozen: bool = False, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for field in self.fields.values():
            field.disabled = is_frozen

    def wanted(self) -> Tracking:
        return Tracking(**self.cleaned_data)
