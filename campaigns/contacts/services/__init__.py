"""What this room does: one verb, one transaction."""

from campaigns.contacts.services.bulk import cancel_bulk, confirm_bulk, plan_bulk, run_bulk, sweep_bulk
from campaigns.contacts.services.checks import cancel_check, look_again, run_check, start_check, sweep_checks
from campaigns.contacts.services.dry_runs import run_dry_run, start_dry_run, sweep_dry_runs
from campaigns.contacts.services.erasing import erase, sweep_erasures
from campaigns.contacts.services.fields import change_kind, define_fields, label_field
from campaigns.contacts.services.grounds import note_ground
from campaigns.contacts.services.imports import (
    cancel_import,
    choose,
    confirm,
    confirm_onto,
    queue_hint,
    reread,
    sweep_imports,
)
from campaigns.contacts.services.interests import Weighing, weigh_interest
from campaigns.contacts.services.learning import learn
from campaigns.contacts.services.notes import add_note, delete_note, edit_note
from campaigns.contacts.services.people import (
    add_to_list,
    create_contact,
    create_list,
    delete_contacts,
    delete_list,
    edit_contact,
    list_named,
    remove_from_list,
    rename_list,
    seen_contact,
)
from campaigns.contacts.services.receiving import received
from campaigns.contacts.services.removing import delete_field, run_removal, sweep_removals
from campaigns.contacts.services.retention import keep_retention, set_retention
from campaigns.contacts.services.running import run_import
from campaigns.contacts.services.segments import change_segment, create_segment, delete_segment
from campaigns.contacts.services.suppression_files import Taken, import_suppressions
from campaigns.contacts.services.suppressions import Wish, carry_refusals, lift, suppress, suppress_all, suppress_rule
from campaigns.contacts.services.tags import add_tags, remove_tags
from campaigns.contacts.services.undoing import run_undo, undo_import
from campaigns.contacts.services.uploads import store_received, store_upload
from campaigns.contacts.services.upserts import upsert_contacts

__all__ = [
    "Taken",
    "Weighing",
    "Wish",
    "add_note",
    "add_tags",
    "add_to_list",
    "cancel_bulk",
    "cancel_check",
    "cancel_import",
    "carry_refusals",
    "change_kind",
    "change_segment",
    "choose",
    "confirm",
    "confirm_bulk",
    "confirm_onto",
    "create_contact",
    "create_list",
    "create_segment",
    "define_fields",
    "delete_contacts",
    "delete_field",
    "delete_list",
    "delete_note",
    "delete_segment",
    "edit_contact",
    "edit_note",
    "erase",
    "import_suppressions",
    "keep_retention",
    "label_field",
    "learn",
    "lift",
    "list_named",
    "look_again",
    "note_ground",
    "plan_bulk",
    "queue_hint",
    "received",
    "remove_from_list",
    "remove_tags",
    "rename_list",
    "reread",
    "run_bulk",
    "run_check",
    "run_dry_run",
    "run_import",
    "run_removal",
    "run_undo",
    "seen_contact",
    "set_retention",
    "start_check",
    "start_dry_run",
    "store_received",
    "store_upload",
    "suppress",
    "suppress_all",
    "suppress_rule",
    "sweep_bulk",
    "sweep_checks",
    "sweep_dry_runs",
    "sweep_erasures",
    "sweep_imports",
    "sweep_removals",
    "undo_import",
    "upsert_contacts",
    "weigh_interest",
]  # fmt: skip
