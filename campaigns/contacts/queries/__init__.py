"""What this room can be asked."""

from campaigns.contacts.queries.imports import Preview, import_for, preview
from campaigns.contacts.queries.suppressions import (
    is_suppressed,
    suppressed_condition,
    suppressed_keys,
    suppression_for,
)

__all__ = [
    "Preview", "import_for", "is_suppressed", "preview", "suppressed_condition", "suppressed_keys",
    "suppression_for",
]  # fmt: skip
