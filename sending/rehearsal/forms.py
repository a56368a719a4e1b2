"""The form that starts a rehearsal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from sending.rehearsal.script import KINDS, USUAL
from sending.sandbox.behaviour import Behaviour

_DAYS = [(7, "A week"), (14, "Two weeks"), (30, "30 days"), (60, "60 days"), (90, "90 days"), (180, "180 days")]
_LABELS = {
    Behaviour.REPLY: "Answer",
    Behaviour.OUT_OF_OFFICE: "Are out of office",
    Behaviour.OPT_OUT: "Ask to be left alone",
    Behaviour.COMPLAIN: "Report spam",
    Behaviour.BOUNCE: "Bounce later",
    Behaviour.REFUSE: "Do not exist: refused at once",
    Behaviour.POLICY: "Refused by a policy",
    Behaviour.FULL: "Have a full mailbox",
    Behaviour.GREYLIST: "Are greylisted at first",
}
_MOST_SEED = 999_999


class RehearsalForm(forms.Form):
    """How long, and what comes back: shares of the people, in percent."""

    days = forms.TypedChoiceField(choices=_DAYS, coerce=int, initial=30, label="Virtual time, at most")
    seed = forms.IntegerField(
        min_value=0,
        max_value=_MOST_SEED,
        initial=1,
        label="Seed",
        help_text="The same seed lets the same people answer again.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in KINDS:
            share = Decimal(USUAL.get(kind, 0)) / 10
            self.fields[kind.value] = forms.DecimalField(
                min_value=0, max_value=100, decimal_places=1, initial=share, label=_LABELS[kind]
            )
        for field in self.fields.values():
            if isinstance(field, forms.DecimalField):
                field.widget.attrs |= {"step": "0.1", "inputmode": "decimal"}

    def clean(self) -> dict[str, Any]:
        """Refuse more than everybody."""
        found = super().clean() or {}
        if sum(found.get(kind.value) or 0 for kind in KINDS) > 100:
            raise forms.ValidationError("Together these are more than 100 % of the people.")
        return found

    @property
    def share_fields(self) -> list[forms.BoundField]:
        return [self[kind.value] for kind in KINDS]

    def shares(self) -> dict[Behaviour, int]:
        """Return the shares of the valid form, per thousand."""
        return {kind: int(self.cleaned_data[kind.value] * 10) for kind in KINDS}
