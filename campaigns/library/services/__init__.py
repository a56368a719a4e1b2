"""Write the library: keep entries, and put them into wordings. One verb, one transaction."""

from __future__ import annotations

from campaigns.library.services.entries import (
    change_snippet,
    change_template,
    create_snippet,
    create_template,
    delete_snippet,
    delete_template,
    mark_of,
    merge_snippet,
    merge_template,
)
from campaigns.library.services.uses import foresee, keep_wording, note_use, put_in, text_for

__all__ = [
    "change_snippet",
    "change_template",
    "create_snippet",
    "create_template",
    "delete_snippet",
    "delete_template",
    "foresee",
    "keep_wording",
    "mark_of",
    "merge_snippet",
    "merge_template",
    "note_use",
    "put_in",
    "text_for",
]
