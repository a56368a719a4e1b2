"""The form of the question "what if?": it lives in the URL, and what is left empty stays as it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms

from campaigns.sequences.schedule_forms import WEEKDAYS
from sending.mailboxes.models import Mailbox
from sending.pacing.changes import Change
from sending.pacing.rotation import Rotation

_MOST = 100_000
_MOST_MAILBOXES = 50

_ROTATIONS = [
    ("", "as they do"),
    (Rotation.EVEN.value, "evenly"),
    (Rotation.WEIGHTED.value, "by weights"),
    (Rotation.PROVIDER.value, "by provider"),
]


class WhatIfForm(forms.Form):
    """Other limits, more mailboxes, other days."""

    mailbox = forms.TypedChoiceField(required=False, label="Limits of", coerce=int, empty_value=None)
    daily = forms.IntegerField(required=False, min_value=1, max_value=_MOST, label="Messages a day")
    hourly = forms.IntegerField(required=False, min_value=1, max_value=_MOST, label="Messages an hour")
    gap_min = forms.FloatField(required=False, min_value=0, max_value=1440, label="Shortest gap, minutes")
    gap_max = forms.FloatField(required=False, min_value=0, max_value=1440, label="Longest gap, minutes")
    ramp_step = forms.IntegerField(required=False, min_value=0, max_value=1000, label="Ramp: more each sending day")
    without_ramp = forms.BooleanField(required=False, label="Without a ramp")
    more = forms.IntegerField(required=False, min_value=0, max_value=_MOST_MAILBOXES, label="More mailboxes")
    days = forms.TypedMultipleChoiceField(
        required=False, coerce=int, choices=WEEKDAYS, label="Sending days", widget=forms.CheckboxSelectMultiple
    )
    new_leads = forms.IntegerField(required=False, min_value=1, max_value=_MOST, label="New contacts a day")
    messages = forms.IntegerField(required=False, min_value=1, max_value=_MOST, label="Campaign: messages in a day")
    rotation = forms.TypedChoiceField(
        required=False, coerce=Rotation, choices=_ROTATIONS, empty_value=None, label="New contacts come to mailboxes"
    )
    stop = forms.FloatField(required=False, min_value=0, max_value=100, label="Stop behind each message, %")

    def __init__(self, *args: Any, mailboxes: list[Mailbox], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "each mailbox"), *((one.pk, one.address) for one in mailboxes)]
        self.fields["mailbox"].choices = choices  # type: ignore[attr-defined]

    def change(self, weekdays: frozenset[int]) -> Change | None:
        """Return the valid form as a change; None where nothing is to change. weekdays are those of today."""
        data = self.cleaned_data
        days = frozenset(data["days"])
        change = Change(
            mailbox_id=data["mailbox"],
            daily=data["daily"],
            hourly=data["hourly"],
            gap_min=_minutes(data["gap_min"]),
            gap_max=_minutes(data["gap_max"]),
            ramp_step=data["ramp_step"],
            without_ramp=data["without_ramp"],
            more_mailboxes=data["more"] or 0,
            weekdays=days if days and days != weekdays else None,
            new_leads=data["new_leads"],
            messages=data["messages"],
            rotation=data["rotation"],
        )
        return None if change == Change(mailbox_id=data["mailbox"]) else change

    def stop_share(self) -> float | None:
        """Return the share that the form assumes to stop; None where it leaves that to the past."""
        share = self.cleaned_data["stop"]
        return None if share is None else share / 100


def _minutes(value: float | None) -> timedelta | None:
    return None if value is None else timedelta(minutes=value)
