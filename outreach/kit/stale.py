"""Pages that went stale: a form says what it was drawn from, so that nobody replaces unseen what others saved."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol, cast

from django import forms
from django.http import QueryDict


def fingerprint(*values: object) -> str:
    """Return what stands for the values: another where one of them differs."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


class FasterError(Protocol):
    """Somebody else was faster: `seen` is the fingerprint of what they saved."""

    seen: str


class SeenForm(forms.Form):
    """A form of something that others may edit, too: `seen` is the fingerprint of what it was drawn from."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    is_overtaken = False

    def __init__(self, *args: Any, is_frozen: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.disabled = is_frozen

    def overtake(self, error: FasterError) -> None:
        """Keep what was typed and say that somebody else was faster; saved again, it replaces what they saved."""
        data = cast("QueryDict", self.data).copy()
        data["seen"] = error.seen
        self.data = data
        self.is_overtaken = True
        self.add_error(None, str(error))
