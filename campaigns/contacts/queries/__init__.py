"""What this room can be asked."""

from campaigns.contacts.queries.dry_runs import Foreseen, dry_run_of, dry_run_progress, foreseen
from campaigns.contacts.queries.fields import (
    Fit,
    contacts_with,
    field_for,
    fields_of,
    fit_of,
    known_kinds,
    removals_of,
)
from campaigns.contacts.queries.grounds import basis_of, grounds_of
from campaigns.contacts.queries.history import note_for, notes_of, timeline_of, zone_known_of
from campaigns.contacts.queries.imports import Preview, causes_of, import_for, imports_of, preview, progress_of
from campaigns.contacts.queries.interests import interests_in, interests_of, lists_weighed, newest_interest
from campaigns.contacts.queries.listing import (
    IMPORT_DID,
    NAMES_SEARCHED,
    SORTS,
    UNCHECKED,
    Filters,
    contacts_of,
    filters_from,
    listed,
    names_are_cut,
    sort_from,
)
from campaigns.contacts.queries.people import (
    bulk_for,
    contact_for,
    contacts_for,
    countries_of,
    custom_names_among,
    custom_names_of,
    list_for,
    list_names_of,
    lists_among,
    lists_of,
    lists_with,
    suppression_of,
    suppressions_among,
    tag_names_of,
    tags_among,
    tags_with,
)
from campaigns.contacts.queries.rights import (
    data_of,
    erasures_of,
    former_addresses,
    origin_letter,
    retention_of,
    retention_runs_of,
)
from campaigns.contacts.queries.segments import (
    contacts_in,
    contacts_where,
    read_condition,
    segment_for,
    segments_of,
    vocabulary_of,
)
from campaigns.contacts.queries.suppressions import (
    SOMEBODY_REFUSES,
    erased_among,
    is_suppressed,
    lifted_of,
    rare_keys,
    rare_scopes,
    refusing,
    suppressed_contacts,
    suppressed_keys,
    suppressing,
    suppression_for,
    suppression_named,
    suppressions_of,
)
from campaigns.contacts.queries.undoing import Kept, can_be_undone, kept_by_cause, undo_preview
from campaigns.contacts.queries.verification import (
    SUPPRESSED,
    check_for,
    check_progress_of,
    facts_of,
    known_domains,
    last_check_of,
    providers_of,
    takers_of_any,
    verdict_counts,
    verdict_counts_among,
)

__all__ = [
    "IMPORT_DID", "NAMES_SEARCHED", "SOMEBODY_REFUSES", "SORTS", "SUPPRESSED", "UNCHECKED", "Filters", "Fit",
    "Foreseen", "Kept", "Preview", "basis_of", "bulk_for",
    "can_be_undone", "causes_of", "check_for", "check_progress_of", "contact_for", "contacts_for", "contacts_in",
    "contacts_of", "contacts_where", "contacts_with", "countries_of", "custom_names_among", "custom_names_of",
    "data_of", "dry_run_of", "dry_run_progress", "erased_among", "erasures_of", "facts_of", "field_for", "fields_of",
    "filters_from", "fit_of", "foreseen", "former_addresses", "grounds_of", "import_for", "imports_of", "interests_in",
    "interests_of", "is_suppressed", "kept_by_cause", "known_domains", "known_kinds", "last_check_of", "lifted_of",
    "list_for", "list_names_of", "listed", "lists_among", "lists_of", "lists_weighed", "lists_with", "names_are_cut",
    "newest_interest", "note_for", "notes_of", "origin_letter", "preview", "progress_of", "providers_of", "rare_keys",
    "rare_scopes", "read_condition", "refusing", "removals_of", "retention_of", "retention_runs_of", "segment_for",
    "segments_of",
    "sort_from", "suppressed_contacts", "suppressed_keys", "suppressing", "suppression_for", "suppression_named",
    "suppression_of", "suppressions_among", "suppressions_of", "tag_names_of", "tags_among", "tags_with",
    "takers_of_any", "timeline_of", "undo_preview", "verdict_counts", "verdict_counts_among", "vocabulary_of",
    "zone_known_of",
]  # fmt: skip
