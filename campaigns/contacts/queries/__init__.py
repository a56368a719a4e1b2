"""What this room can be asked."""

from campaigns.contacts.queries.imports import Preview, causes_of, import_for, imports_of, preview, progress_of
from campaigns.contacts.queries.people import (
    NAMES_SEARCHED,
    Filters,
    contact_for,
    contacts_for,
    contacts_of,
    counted,
    countries_of,
    custom_names_among,
    filters_from,
    list_for,
    list_names_of,
    lists_of,
    lists_with,
    names_are_cut,
    suppression_of,
    suppressions_among,
)
from campaigns.contacts.queries.suppressions import (
    is_suppressed,
    suppressed_condition,
    suppressed_keys,
    suppression_for,
    suppressions_of,
)

__all__ = [
    "NAMES_SEARCHED", "Filters", "Preview", "causes_of", "contact_for", "contacts_for", "contacts_of", "counted",
    "countries_of", "custom_names_among", "filters_from", "import_for", "imports_of", "is_suppressed", "list_for",
    "list_names_of", "lists_of", "lists_with", "names_are_cut", "preview", "progress_of", "suppressed_condition",
    "suppressed_keys", "suppression_for", "suppression_of", "suppressions_among", "suppressions_of",
]  # fmt: skip
