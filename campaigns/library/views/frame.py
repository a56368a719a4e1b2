"""What the pages of the library share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from campaigns.library.errors import BadEntry, Overtaken
from campaigns.library.forms import EntryForm

FOLDER = "campaigns/library"
Row = TypeVar("Row")


def kept(form: EntryForm, act: Callable[[], Row]) -> Row | None:
    """Act on a form that was sent and is valid; None when it was not, or was refused, which then stands in the form."""
    if not form.is_valid():
        return None
    try:
        return act()
    except BadEntry as error:
        form.refuse(error)
    except Overtaken as error:
        form.overtake(error)
    return None


def status_of(form: EntryForm) -> int:
    return 422 if form.is_bound else 200
