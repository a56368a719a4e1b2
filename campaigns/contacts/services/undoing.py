"""Take an import back, batch by batch, without what was changed since.

Each batch is one transaction that does its part, takes it off the record, and counts it: a worker that is killed
leaves the rest to the next one, which finds in the record what is left. Contacts are locked before they are judged, so
that what somebody does to one of them at this moment is either seen, or comes too late. Merges and other undos of the
workspace stay outside of a batch: neither the people in a file being merged are locked, nor the records of others.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Max, Min

from campaigns.contacts.core.undo import UndoCounts, before_of_next, taken_back
from campaigns.contacts.errors import IllegalMove
from campaigns.contacts.models import (
    Contact,
    ContactGround,
    ContactImport,
    ContactTag,
    ImportChange,
    ImportTrace,
    ListMember,
)
from campaigns.contacts.queries.later import Later, claims_on, later_of
from campaigns.contacts.queries.undoing import OWN, can_be_undone, causes_among
from campaigns.contacts.services.comparing import FIELDS, TEXTS
from campaigns.contacts.services.locks import hold_for_undo, running
from campaigns.contacts.states import ImportState, TraceKind
from outreach.accounts.models import User
from outreach.kit import clock
from outreach.kit.away import gave_way
from outreach.kit.hints import hint_at

Step = Callable[[ContactImport, UndoCounts], bool]  # does a part of an undo; False when nothing was left
_AT_ONCE = 2_000  # contacts of one batch
_SMALL = 5_000  # so many contacts are done while the person waits
_TRIES = 4
logger = logging.getLogger(__name__)


def undo_import(row: ContactImport, *, by: User | None, hint: bool = True) -> None:
    """Take the import back: at once when it is small, else by a worker; hint wakes one. by: None at a command line.

    Raises IllegalMove when the import is not done, was undone already, or is too old. Must not be called inside a
    transaction.
    """
    moved = can_be_undone(row) and ContactImport.objects.filter(pk=row.pk, state=ImportState.DONE).update(
        state=ImportState.UNDOING, undone_by=by, undo_asked_at=clock.now(), undo=asdict(UndoCounts())
    )
    if not moved:
        raise IllegalMove(row.pk, ImportState.UNDOING)
    logger.info("import.undo_asked", extra={"import_id": row.pk, "user_id": by.pk if by else None})
    if row.rows_read - row.rows_rejected <= _SMALL:
        run_undo(row.pk)
    elif hint:
        queue_undo_hint(row.pk)


def run_undo(import_id: int) -> None:
    """Do what is left of an undo. Returns at once when nothing is, or another worker has it. Safe to run twice."""
    with running(import_id) as is_ours:
        while is_ours and _batch(import_id):
            pass


def queue_undo_hint(import_id: int) -> None:
    """Wake a worker. Only a hint: the sweep finds the undo when Redis is away."""
    hint_at("contacts.undo_import", import_id, "import")


def _batch(import_id: int) -> bool:
    """Do one batch; False when nothing was left. Somebody may be in the way of it, each once."""
    for _ in range(_TRIES):
        try:
            return _do_batch(import_id)
        except IntegrityError:  # something came to hang on a contact meanwhile: it is seen now
            continue
        except OperationalError as error:  # a courier holds some of them in another order
            if not gave_way(error):
                raise
    return _do_batch(import_id)


@transaction.atomic
def _do_batch(import_id: int) -> bool:
    rows = ContactImport.objects.filter(pk=import_id, state=ImportState.UNDOING)
    for workspace_id in rows.values_list("workspace", flat=True):
        hold_for_undo(workspace_id)
    row = rows.select_for_update().first()
    if row is None:
        return False
    counts = UndoCounts(**row.undo)
    if any(step(row, counts) for step in _STEPS):
        ContactImport.objects.filter(pk=row.pk).update(undo=asdict(counts))
        return True
    ImportTrace.objects.filter(contact_import=row).delete()
    ContactImport.objects.filter(pk=row.pk).update(state=ImportState.UNDONE, undone_at=clock.now(), undo=asdict(counts))
    return False


def _remove_created(row: ContactImport, counts: UndoCounts) -> bool:
    """Remove the next of the contacts that the import created, except those of which something came.

    Goes by ranges of ids, which one merge has given out one behind the other.
    """
    created = Contact.objects.filter(workspace=row.workspace_id, origin=row.pk)
    if counts.next_id is None:
        ends = created.aggregate(first=Min("pk"), last=Max("pk"))
        counts.next_id, counts.last_id = ends["first"] or 1, ends["last"] or 0
    if counts.next_id > counts.last_id:
        return False
    lowest, highest = counts.next_id, counts.next_id + _AT_ONCE - 1
    there = created.filter(pk__range=(lowest, highest))
    ids = list(there.order_by("pk").select_for_update().values_list("pk", flat=True))
    causes = causes_among(row, ids)
    doomed = [pk for pk in ids if not causes[pk]]
    _remove(doomed)
    counts.removed += len(doomed)
    for cause in filter(None, causes.values()):
        counts.kept[cause] = counts.kept.get(cause, 0) + 1
    counts.next_id = highest + 1
    return True


def _remove(ids: Sequence[int]) -> None:
    """Delete contacts that are locked, and to whom nothing points but their own places: that was just asked.

    Django would look through every table once more, row by row. What points at them with a constraint would still be
    refused by the database.
    """
    with connection.cursor() as cursor:
        for model in OWN:
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE contact_id = ANY(%s)", [list(ids)])  # noqa: S608, SLF001
        cursor.execute("DELETE FROM contacts_contact WHERE id = ANY(%s)", [list(ids)])


def _restore_changed(row: ContactImport, counts: UndoCounts) -> bool:
    """Give the next of the contacts that were known before their values back, where these are still the import's."""
    changes = list(ImportChange.objects.filter(contact_import=row).order_by("contact_id")[:_AT_ONCE])
    if not changes:
        return False
    # In the order in which imports lock them.
    held = Contact.objects.filter(pk__in=[change.contact_id for change in changes]).order_by("email_key")
    contacts = {contact.pk: contact for contact in held.select_for_update(no_key=True)}
    later = later_of(row, list(contacts))
    restored = []
    claimed: list[tuple[ImportChange, Mapping[str, Later]]] = []
    for change in changes:
        contact = contacts.get(change.contact_id)
        if contact is None:  # deleted at this moment
            continue
        claims = claims_on(change, later.get(contact.pk, ()))
        ours = {name: pair for name, pair in change.changes.items() if name not in claims}
        columns, stays = taken_back(vars(contact), ours)
        if columns:
            is_as_before = contact.updated_at == row.merged_at and not claims
            updated_at = change.updated_before if is_as_before else clock.now()
            restored.append(
                {name: getattr(contact, name) for name in _COLUMNS}
                | columns
                | {
                    "id": contact.pk,
                    "updated_at": updated_at.isoformat(),
                }
            )
        claimed.append((change, claims))
        counts.kept_values += bool(stays or claims)
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [json.dumps(restored)])
    counts.restored += len(restored)
    _hand_over(row, claimed, later)
    ImportChange.objects.filter(pk__in=[change.pk for change in changes]).delete()
    return True


def _restore_correspondents(row: ContactImport, counts: UndoCounts) -> bool:  # noqa: ARG001  one shape of steps
    """Let the next of those who only wrote to us be that again, unless a later import states them, too.

    An edit since does not state anybody: it may be a person's who tidied a name.
    """
    trace = ImportTrace.objects.filter(contact_import=row, kind=TraceKind.WROTE).order_by("first_id").first()
    if trace is None:
        return False
    held = Contact.objects.filter(pk__in=trace.ids, erased_at=None).order_by("email_key")
    ids = list(held.select_for_update(no_key=True).values_list("pk", flat=True))
    later = later_of(row, ids)
    passed: dict[int, list[int]] = {}
    for pk in ids:
        one = next((one for one in later.get(pk, ()) if one.states), None)
        passed.setdefault(one.file.pk if one else row.pk, []).append(pk)
    Contact.objects.filter(pk__in=passed.pop(row.pk, [])).update(is_correspondent=True)
    _pass_on(TraceKind.WROTE, passed)
    trace.delete()
    return True


def _pass_on(kind: TraceKind, passed: Mapping[int, Sequence[int]]) -> None:
    """Put ids on the record of later imports, by import."""
    for import_id, ids in passed.items():
        ImportTrace.objects.create(
            contact_import_id=import_id, kind=kind, first_id=min(ids), last_id=max(ids), ids=sorted(ids)
        )


def _hand_over(
    row: ContactImport,
    claimed: Sequence[tuple[ImportChange, Mapping[str, Later]]],
    later: Mapping[int, Sequence[Later]],
) -> None:
    """Let the next import that says the same values put back what was there before this one."""
    new, known = [], []
    for change, claims in claimed:
        for one in later.get(change.contact_id, ()):
            names = [name for name, claimant in claims.items() if claimant is one]
            if one.change is not None:
                one.change.changes = before_of_next(one.change.changes, names, change.changes)
                if one.change.updated_before == row.merged_at:
                    one.change.updated_before = change.updated_before
                known.append(one.change)
            elif names:
                changes = before_of_next({}, names, change.changes)
                new.append(
                    ImportChange(
                        contact_import=one.file,
                        contact_id=change.contact_id,
                        updated_before=change.updated_before,
                        changes=changes,
                    )
                )
    ImportChange.objects.bulk_create(new)
    ImportChange.objects.bulk_update(known, ["changes", "updated_before"], batch_size=500)


def _take_back(kind: TraceKind, model: type[ListMember | ContactTag], owner: str, name: str) -> Step:
    """Return the step that takes places of a kind back from contacts that were known before.

    Those which a later import gives, too, pass over to its record.
    """

    def step(row: ContactImport, counts: UndoCounts) -> bool:
        trace = ImportTrace.objects.filter(contact_import=row, kind=kind).order_by("first_id").first()
        if trace is None:
            return False
        places = list(model.objects.filter(pk__in=trace.ids).values_list("pk", "contact", owner))
        later = later_of(row, [contact_id for _, contact_id, _ in places])
        passed: dict[int, list[int]] = {}
        for pk, contact_id, of in places:
            one = next((one for one in later.get(contact_id, ()) if one.gives(kind, of)), None)
            passed.setdefault(one.file.pk if one else row.pk, []).append(pk)
        taken, _ = model.objects.filter(pk__in=passed.pop(row.pk, [])).delete()
        setattr(counts, name, getattr(counts, name) + taken)
        _pass_on(kind, passed)
        trace.delete()
        return True

    return step


def _take_grounds(row: ContactImport, counts: UndoCounts) -> bool:
    """Take the next of the grounds that it stated for people known before off the record; what others stated stays."""
    grounds = ContactGround.objects.filter(contact_import=row).order_by("contact")
    ids = list(grounds.values_list("pk", flat=True)[:_AT_ONCE])
    counts.grounds += ContactGround.objects.filter(pk__in=ids).delete()[0]
    return bool(ids)


_COLUMNS = (*TEXTS, FIELDS)
_STEPS = (
    _take_grounds,  # first: nobody is written to on a ground that is taken back
    _restore_correspondents,
    _remove_created,
    _restore_changed,
    _take_back(TraceKind.LISTED, ListMember, "contact_list", "places"),
    _take_back(TraceKind.TAGGED, ContactTag, "tag__name", "tags"),
)
_WRITE = f"""
UPDATE contacts_contact c SET {", ".join(f"{name} = v.{name}" for name in _COLUMNS)}, updated_at = v.updated_at
  FROM jsonb_to_recordset(%s::jsonb)
       AS v(id bigint, updated_at timestamptz, {FIELDS} jsonb, {", ".join(f"{name} text" for name in TEXTS)})
 WHERE c.id = v.id
"""  # noqa: S608  names of our own
