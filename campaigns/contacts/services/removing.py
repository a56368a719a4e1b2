"""Take a custom field from everybody who has it, batch by batch, gone on with after any crash.

The field goes first, in one transaction with the note that its values are to go: a condition about it cannot be read
from then on, where one that reads and finds no value would mean those whom it excluded. Each batch is one transaction
with the note of how far it came: a worker that is killed leaves the rest to the next one, which goes on there.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import F

from campaigns.contacts.core.fields import CUSTOM_PREFIX
from campaigns.contacts.errors import FieldInUse
from campaigns.contacts.models import Contact, ContactImport, CustomField, FieldRemoval
from campaigns.contacts.states import ImportState
from outreach.kit import clock
from outreach.kit.hints import hint_at

_BATCH = 5_000  # contacts
_AT_ONCE = 4  # batches that are done while the person waits
_UNDER_WAY = (ImportState.QUEUED, ImportState.RUNNING)

# Who has made the field anew meanwhile means the values that were written since.
_TAKE = """
UPDATE contacts_contact c SET fields = c.fields - %(name)s, updated_at = now()
 WHERE c.id = ANY(%(ids)s)
   AND NOT EXISTS (SELECT 1 FROM contacts_custom_field f
                    WHERE f.workspace_id = c.workspace_id AND f.name = %(name)s AND f.created_at <= c.updated_at)
"""


def delete_field(field: CustomField, *, hint: bool = True) -> int | None:
    """Delete the field and take its values from everybody; returns how many had one.

    None where that goes on by a worker, which hint wakes; the field itself is gone then, too. Raises FieldInUse while
    an import that was started brings values for it.
    """
    with transaction.atomic():
        _refuse_in_use(field)
        if not CustomField.objects.filter(pk=field.pk).delete()[0]:
            return 0  # deleted twice at once
        wanted = {"label": field.title, "after": 0, "contacts": 0, "wanted_at": clock.now()}
        row, _ = FieldRemoval.objects.update_or_create(
            workspace_id=field.workspace_id, name=field.name, defaults=wanted
        )
    count = 0
    for _ in range(_AT_ONCE):
        found = _batch(row.pk)
        count += found or 0
        if not found:
            return count
    if hint:
        _hint(row.pk)
    return None


def _refuse_in_use(field: CustomField) -> None:
    under_way = ContactImport.objects.filter(workspace=field.workspace_id, state__in=_UNDER_WAY)
    for filename, mapping in under_way.values_list("filename", "mapping"):
        if f"{CUSTOM_PREFIX}{field.name}" in mapping.values():
            raise FieldInUse(f"The import of {filename} brings values for it. Wait until it has ended, or cancel it.")


def run_removal(removal_id: int) -> None:
    """Take away what is left. Safe to run twice, late or never."""
    while _batch(removal_id):
        pass


def sweep_removals() -> None:
    """Hint the removals that are open: one at which somebody works is left to them, batch by batch."""
    for pk in FieldRemoval.objects.values_list("pk", flat=True):
        _hint(pk)


@transaction.atomic
def _batch(removal_id: int) -> int:
    """Take the field from the next contacts that have it; 0 when none is left, or somebody else does it."""
    row = FieldRemoval.objects.select_for_update(skip_locked=True).filter(pk=removal_id).first()
    if row is None:
        return 0
    with_field = Contact.objects.filter(workspace=row.workspace_id, fields__has_key=row.name, pk__gt=row.after)
    ids = list(with_field.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)[:_BATCH])
    if not ids:
        row.delete()
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"name": row.name, "ids": ids})
    FieldRemoval.objects.filter(pk=row.pk).update(after=ids[-1], contacts=F("contacts") + len(ids))
    return len(ids)


def _hint(removal_id: int) -> None:
    """Wake a worker. Only a hint: the sweep finds the removal when Redis is away."""
    hint_at("contacts.run_removal", removal_id, "removal")
