"""Forms of the paths page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms

from campaigns.contacts.core.segments import LENGTH_LIMIT
from campaigns.sequences.forms import RefusableForm
from campaigns.sequences.models import Path
from campaigns.sequences.positions import path_of
from campaigns.sequences.services import Fork
from campaigns.sequences.states import BranchKind, ReplyClass

_END = "end"
_KINDS = (
    (BranchKind.FIELD, "By what is known of the contact"),
    (BranchKind.REPLY, "By what they answer"),
    (BranchKind.EVERYBODY, "Everybody else"),
)
_REPLIES = (
    (ReplyClass.POSITIVE, "Positive"),
    (ReplyClass.NEUTRAL, "Neutral"),
    (ReplyClass.NEGATIVE, "Negative"),
    (ReplyClass.OUT_OF_OFFICE, "Out of office"),
)


class PathForm(RefusableForm):
    """The name of a path."""

    name = forms.CharField(max_length=60, label="Name")


class BranchForm(RefusableForm):
    """A branch behind a step: who takes it, and where it leads."""

    kind = forms.ChoiceField(choices=_KINDS, label="Who takes it")
    where = forms.CharField(
        required=False,
        max_length=LENGTH_LIMIT,
        label="Condition",
        help_text="By what is known: as a segment has it, like “title contains CTO and not country is DE”.",
        widget=forms.TextInput(attrs={"autocapitalize": "off", "spellcheck": "false"}),
    )
    reply = forms.ChoiceField(choices=_REPLIES, required=False, label="Answer", help_text="By what they answer.")
    path = forms.ChoiceField(label="Leads to")

    def __init__(self, *args: Any, position: int, paths: Sequence[Path], **kwargs: Any) -> None:
        """Offer the paths that lie ahead of the step at the position, and the end."""
        super().__init__(*args, **kwargs)
        ahead = [(str(one.pk), f"{one.number} {one.name}") for one in paths if one.number > path_of(position)]
        cast("forms.ChoiceField", self.fields["path"]).choices = [*ahead, (_END, "The end: nothing more")]

    def fork(self) -> Fork:
        """Return the branch that was filled in; call it on a valid form."""
        data = self.cleaned_data
        path = None if data["path"] == _END else int(data["path"])
        reply = ReplyClass(data["reply"]) if data["reply"] else None
        return Fork(BranchKind(data["kind"]), path, data["where"], reply)
