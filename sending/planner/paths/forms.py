"""Forms of the paths page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms

from campaigns.sequences.forms import EditForm, RefusableForm
from campaigns.sequences.models import Path
from campaigns.sequences.positions import path_of
from campaigns.sequences.services import Fork
from campaigns.sequences.states import BranchKind, ReplyClass

END = "end"
_KINDS = (
    (BranchKind.FIELD, "By what is known of the contact"),
    (BranchKind.CLICK, "By a click of theirs on a link"),
    (BranchKind.REPLY, "By what they answer"),
    (BranchKind.EVERYBODY, "Everybody else"),
)
_REPLIES = (
    (ReplyClass.POSITIVE, "Positive"),
    (ReplyClass.NEUTRAL, "Neutral"),
    (ReplyClass.NEGATIVE, "Negative"),
    (ReplyClass.REFERRAL, "Somebody else is named"),
    (ReplyClass.NOT_NOW, "Not now"),
    (ReplyClass.OUT_OF_OFFICE, "Out of office"),
)


class PathForm(RefusableForm):
    """The name of a path."""

    name = forms.CharField(max_length=60, label="Name")


class BranchForm(EditForm):
    """A branch behind a step: who takes it, and where it leads. The condition is put together beside it."""

    kind = forms.ChoiceField(choices=_KINDS, label="Who takes it")
    reply = forms.ChoiceField(
        choices=_REPLIES, required=False, label="Answer", help_text="What a person of the team says that it says."
    )
    path = forms.ChoiceField(label="Leads to")

    def __init__(self, *args: Any, position: int, paths: Sequence[Path], **kwargs: Any) -> None:
        """Offer the paths that lie ahead of the step at the position, and the end."""
        super().__init__(*args, auto_id="branch_%s", use_required_attribute=False, **kwargs)
        ahead = [(str(one.pk), f"{one.number} {one.name}") for one in paths if one.number > path_of(position)]
        cast("forms.ChoiceField", self.fields["path"]).choices = [*ahead, (END, "The end: nothing more")]

    def fork(self, where: str) -> Fork:
        """Return the branch that was filled in, with its condition; call it on a valid form."""
        data = self.cleaned_data
        path = None if data["path"] == END else int(data["path"])
        reply = ReplyClass(data["reply"]) if data["reply"] else None
        return Fork(BranchKind(data["kind"]), path, where, reply)
