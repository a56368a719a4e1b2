"""What the undo of an import would take back, and what it keeps and why: asked by its page and by the undo itself.

A contact that the import created stays when anything came of it: a row of another table that hangs on it (any table of
any room, found by its foreign key), an edit, a later import that changed it or only had it in its file, another list,
another tag. A verdict about the address does not count, nor does a suppression: it is of the address, and stays anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from campaigns.contacts.core.columns import label
from campaigns.contacts.core.undo import taken_back
from campaigns.contacts.models import Contact, ContactGround, ContactImport, ContactTag, ImportChange, ListMember
from campaigns.contacts.parts import parts
from campaigns.contacts.queries.later import claims_on, later_of
from campaigns.contacts.queries.returning import returning
from campaigns.contacts.states import BulkAction, BulkState, ImportState, TraceKind
from outreach.kit import clock

_SAMPLES = 5
# Which of a contact's places and changes count is said below.
OWN = (ListMember, ContactTag, ImportChange, ContactGround)  # the last stands for a later file
_OWN_CAUSES = {
    "in_act": "an act on many contacts that is not done yet is about them",
    "changed_again": "a later import changed them",
    "in_later_file": "they stand in the file of a later import too; undo that one first to remove them",
    "changed": "they were changed since",
    "listed": "they were put on another list",
    "tagged": "they were given another tag",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Why some of the created contacts stay."""

    cause: str
    words: str
    number: int
    samples: tuple[tuple[int, str], ...] = ()  # id, address


@dataclass(frozen=True, slots=True)
class Restored:
    """What one contact that was known before gets back."""

    contact_id: int
    email: str
    values: tuple[tuple[str, str, str], ...]  # field, what stands there, what it becomes

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """The same with the names of the fields as a person reads them."""
        return [(label(name), after, before) for name, after, before in self.values]


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What an undo would do at this moment."""

    removed: int
    kept: tuple[Kept, ...]
    changed: int  # contacts that were known before and get values back
    changed_since: int  # further ones that keep all it wrote: changed again since, or a later file says the same
    restored: tuple[Restored, ...]  # some of them
    places: int
    tags: int
    grounds: int  # that go off the record of people who were known before

    @property
    def kept_contacts(self) -> int:
        return sum(one.number for one in self.kept)


def can_be_undone(row: ContactImport) -> bool:
    """Say whether the import has come to its end and the record of what was before is still kept."""
    return row.state == ImportState.DONE and row.undo_until is not None and clock.now() < row.undo_until


def undo_preview(row: ContactImport) -> UndoPreview:
    """Return what an undo of the import would take back and keep."""
    created = _judged(row, Contact.objects.filter(workspace=row.workspace_id, origin=row))
    numbers = dict(created.order_by().values_list("kept_for").annotate(number=Count("pk")))
    changes = ImportChange.objects.filter(contact_import=row)
    back = returning(row)
    return UndoPreview(
        removed=numbers.pop("", 0),
        kept=tuple(
            Kept(
                cause,
                words,
                numbers[cause],
                tuple(created.filter(kept_for=cause).values_list("pk", "email")[:_SAMPLES]),
            )
            for cause, words in causes().items()
            if cause in numbers
        ),
        changed=back.contacts,
        changed_since=changes.count() - back.contacts,
        restored=_restored(row, changes.filter(pk__in=back.samples).select_related("contact").order_by("pk")),
        places=back.places,
        tags=back.tags,
        grounds=ContactGround.objects.filter(contact_import=row).count(),
    )


def kept_by_cause(kept: Mapping[str, int]) -> list[Kept]:
    """Return the causes of an undo's counts in words, most frequent first."""
    words = causes()
    found = [Kept(cause, words.get(cause, cause), number) for cause, number in kept.items()]
    return sorted(found, key=lambda one: (-one.number, one.cause))


def causes() -> dict[str, str]:
    """Return what keeps a contact, in words, in the order in which it is asked."""
    ties = {label: words for part in parts() for label, words in part.ties.items()}
    return {label: ties.get(label, f"they have {names}") for label, names, _ in _tied()} | _OWN_CAUSES


def causes_among(row: ContactImport, ids: Sequence[int]) -> dict[int, str]:
    """Return, for contacts that the import created, the first cause to keep each; "" where there is none."""
    if not ids:
        return {}
    return dict(_judged(row, Contact.objects.filter(pk__in=ids), (min(ids), max(ids))).values_list("pk", "kept_for"))


def _judged(row: ContactImport, contacts: QuerySet[Contact], within: tuple[int, int] | None = None) -> QuerySet[Any]:
    """Return the contacts with `kept_for`; within: the lowest and highest id among them, where that is known."""
    cases = [When(condition, then=Value(cause)) for cause, condition in _conditions(row, within).items()]
    return contacts.annotate(kept_for=Case(*cases, default=Value("")))


def _conditions(row: ContactImport, within: tuple[int, int] | None) -> dict[str, Exists | Q]:
    conditions: dict[str, Exists | Q] = {label: exists for label, _, exists in _tied()}
    places = ListMember.objects.filter(contact=OuterRef("pk"))
    tags = ContactTag.objects.filter(contact=OuterRef("pk"))
    own_list = {"contact_list": row.contact_list_id, "added_at": row.merged_at}
    return conditions | {
        "in_act": Q(pk__in=_in_acts(row)),
        "changed_again": Exists(ImportChange.objects.filter(contact=OuterRef("pk"))),
        "in_later_file": Q(pk__in=_in_other_files(row, within)),
        "changed": ~Q(updated_at=row.merged_at),
        "listed": Exists(places.exclude(**own_list)),
        "tagged": Exists(tags.exclude(added_at=row.merged_at)),
    }


def _tied() -> list[tuple[str, str, Exists]]:
    """Return the models of all rooms that point at a contact, ours first: label, name in the plural, has such a row."""
    relations = [one for one in Contact._meta.related_objects if one.related_model not in OWN]  # noqa: SLF001  its API
    tied = []
    for relation in relations:
        options = relation.related_model._meta  # noqa: SLF001
        assert options.default_manager is not None
        rows = options.default_manager.filter(**{relation.field.name: OuterRef("pk")})
        tied.append((options.label_lower, str(options.verbose_name_plural), Exists(rows)))
    return sorted(tied, key=lambda one: (not one[0].startswith("contacts."), one[0]))


def _in_other_files(row: ContactImport, within: tuple[int, int] | None) -> RawSQL:
    lowest, highest = within or (0, 2**63 - 1)
    parameters = [row.workspace_id, ImportState.DONE, row.pk, TraceKind.KNOWN, lowest, highest]
    return RawSQL(_KNOWN_ELSEWHERE, parameters, output_field=BigIntegerField())  # noqa: S611  no input in it


def _in_acts(row: ContactImport) -> RawSQL:
    """Return who is still to be acted on; a suppression counts before it is confirmed: it would find nobody then."""
    parameters = [row.workspace_id, BulkState.RUNNING, _NO_TOUCH, BulkState.PLANNED, BulkAction.SUPPRESS]
    return RawSQL(_TO_BE_ACTED_ON, parameters, output_field=BigIntegerField())  # noqa: S611  no input in it


_NO_TOUCH = [str(BulkAction.CHECK), str(BulkAction.DELETE)]
_TO_BE_ACTED_ON = """
SELECT unnest(p.ids) FROM contacts_bulk_part p JOIN contacts_bulk_act b ON b.id = p.bulk_act_id
 WHERE b.workspace_id = %s AND (b.state = %s AND NOT b.action = ANY(%s) OR b.state = %s AND b.action = %s)
"""
_KNOWN_ELSEWHERE = """
SELECT unnest(t.ids) FROM contacts_import_trace t JOIN contacts_import i ON i.id = t.contact_import_id
 WHERE i.workspace_id = %s AND i.state = %s AND i.id <> %s AND t.kind = %s AND t.last_id >= %s AND t.first_id <= %s
"""


def _restored(row: ContactImport, changes: QuerySet[ImportChange]) -> tuple[Restored, ...]:
    later = later_of(row, [change.contact_id for change in changes])
    found = []
    for change in changes:
        claims = claims_on(change, later.get(change.contact_id, ()))
        _, stays = taken_back(vars(change.contact), change.changes)
        values = tuple(
            (name, after, before or "")
            for name, (before, after) in change.changes.items()
            if name not in claims and name not in stays
        )
        found.append(Restored(change.contact_id, change.contact.email, values))
    return tuple(found)
