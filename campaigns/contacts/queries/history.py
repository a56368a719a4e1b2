"""What this room knows of a person's past: how they came in, lists, tags, notes, edits, suppressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TypeVar
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from django.shortcuts import get_object_or_404

from campaigns.calendar import zone_of_country, zone_of_place
from campaigns.contacts.core.fields import CUSTOM_PREFIX, LABELS
from campaigns.contacts.core.moments import Moment, Place, page_of, read_place
from campaigns.contacts.core.suppressing import usual_keys, wildcard_keys
from campaigns.contacts.models import (
    Contact,
    ContactEdit,
    ContactGround,
    ContactNote,
    ContactTag,
    ImportChange,
    LiftedSuppression,
    ListMember,
    Suppression,
)
from campaigns.contacts.parts import Asked, parts
from campaigns.contacts.prints import refusing_prints
from campaigns.contacts.states import BASIS_LABELS, LegalBasis, SuppressionScope
from outreach.accounts.access import Member
from outreach.accounts.models import User

T = TypeVar("T", bound=Model)
TIMELINE_SIZE = 30
_NOTES = 20
_SHORT = 60  # characters of a value before and after an edit


def timeline_of(member: Member, contact: Contact, *, after: str = "") -> tuple[Sequence[Moment], Place | None]:
    """Return a page of everything that happened to a contact, newest first, and where the older part begins."""
    asked = Asked(member, contact, read_place(after), TIMELINE_SIZE + 1)
    return page_of((source for part in parts() for source in part.moments(asked)), TIMELINE_SIZE)


@dataclass(frozen=True, slots=True)
class KnownZone:
    """A contact's time zone, and where it comes from, in words."""

    name: str
    source: str


def zone_known_of(contact: Contact) -> KnownZone | None:
    """Return the zone of a contact; None where it is not known, and that of each campaign decides."""
    if contact.time_zone:
        return KnownZone(contact.time_zone, "their own")
    if not contact.country:
        return None
    if of_country := zone_of_country(contact.country):
        return KnownZone(of_country, f"from the country {contact.country}")
    of_region = zone_of_place(contact.country, contact.region) if contact.region else None
    return KnownZone(of_region, f"from the region {contact.region}, {contact.country}") if of_region else None


def notes_of(contact: Contact) -> Sequence[ContactNote]:
    """Return the newest notes that were not deleted."""
    rows = ContactNote.objects.filter(contact=contact, deleted_at=None).select_related("created_by", "edited_by")
    return list(rows.order_by("-created_at", "-pk")[:_NOTES])


def note_for(member: Member, note_id: int) -> ContactNote:
    """Return a note that was not deleted, with its contact. Raises Http404 for strangers."""
    rows = ContactNote.objects.select_related("contact").filter(deleted_at=None)
    return get_object_or_404(rows, contact__workspace=member.workspace, pk=note_id)


def moments_of(asked: Asked) -> Sequence[Sequence[Moment]]:
    """Return the newest moments of each source of this room."""
    return (
        _entry(asked),
        _imports(asked),
        _grounds(asked),
        _lists(asked),
        _tags(asked),
        _notes(asked),
        _edits(asked),
        _suppressions(asked),
        _once_suppressed(asked),
        _lifted(asked),
    )


def _entry(asked: Asked) -> Sequence[Moment]:
    rows = Contact.objects.filter(pk=asked.contact.pk).select_related("origin__created_by")
    return [
        Moment(
            Place(row.created_at, "entry", row.pk),
            "created",
            f"Imported from {row.origin.filename}" if row.origin else "Added by hand",
            row.origin.source if row.origin else "",
            asked.member.url("contacts:import_result", row.origin.pk) if row.origin else "",
            _name(row.origin.created_by) if row.origin else "",
        )
        for row in asked.newest(rows, "entry", by="created_at")
    ]


def _imports(asked: Asked) -> Sequence[Moment]:
    """Return the imports that changed the contact, as long as it is kept what they changed."""
    rows = ImportChange.objects.filter(contact=asked.contact, contact_import__finished_at__isnull=False)
    found = asked.newest(rows.select_related("contact_import__created_by"), "import", by="contact_import__finished_at")
    return [
        Moment(
            Place(row.contact_import.finished_at, "import", row.pk),
            "edited",
            f"Changed by the import of {row.contact_import.filename}",
            _changes(row.changes),
            asked.member.url("contacts:import_result", row.contact_import.pk),
            _name(row.contact_import.created_by),
        )
        for row in found
        if row.contact_import.finished_at is not None
    ]


def _grounds(asked: Asked) -> Sequence[Moment]:
    """Return when imports that came later stated a ground."""
    rows = ContactGround.objects.filter(contact=asked.contact).select_related("contact_import__created_by")
    return [
        Moment(
            Place(row.stated_at, "ground", row.pk),
            "edited",
            f"{BASIS_LABELS[LegalBasis(row.basis)]}: stated by the import of {row.contact_import.filename}",
            row.contact_import.source,
            asked.member.url("contacts:import_result", row.contact_import.pk),
            _name(row.contact_import.created_by),
        )
        for row in asked.newest(rows, "ground", by="stated_at")
    ]


def _lists(asked: Asked) -> Sequence[Moment]:
    rows = ListMember.objects.filter(contact=asked.contact).select_related("contact_list")
    return [
        Moment(
            Place(row.added_at, "list", row.pk),
            "listed",
            f"Put on the list {row.contact_list.name}",
            url=asked.member.url("contacts:list_detail", row.contact_list.pk),
        )
        for row in asked.newest(rows, "list", by="added_at")
    ]


def _tags(asked: Asked) -> Sequence[Moment]:
    rows = ContactTag.objects.filter(contact=asked.contact, added_at__isnull=False).select_related("tag")
    return [
        Moment(Place(row.added_at, "tag", row.pk), "tagged", f"Tagged {row.tag.name}")
        for row in asked.newest(rows, "tag", by="added_at")
        if row.added_at is not None
    ]


def _notes(asked: Asked) -> Sequence[Moment]:
    rows = ContactNote.objects.filter(contact=asked.contact)
    found = asked.newest(rows.select_related("created_by", "edited_by", "deleted_by"), "note", by="created_at")
    return [
        Moment(Place(row.created_at, "note", row.pk), "note", _title_of_note(row), row.text, by=_name(row.created_by))
        for row in found
    ]


def _title_of_note(row: ContactNote) -> str:
    if row.deleted_at is not None:
        return f"Note, deleted by {_name(row.deleted_by) or 'somebody who has left'}"
    if row.edited_at is not None:
        return f"Note, edited by {_name(row.edited_by) or 'somebody who has left'}"
    return "Note"


def _edits(asked: Asked) -> Sequence[Moment]:
    rows = ContactEdit.objects.filter(contact=asked.contact).select_related("made_by")
    return [
        Moment(
            Place(row.made_at, "edit", row.pk), "edited", "Edited by hand", _changes(row.changes), by=_name(row.made_by)
        )
        for row in asked.newest(rows, "edit", by="made_at")
    ]


def _changes(changes: dict[str, list[str | None]]) -> str:
    return "; ".join(
        f"{LABELS.get(name, name.removeprefix(CUSTOM_PREFIX))}: {_value(before)} → {_value(after)}"
        for name, (before, after) in changes.items()
    )


def _value(text: str | None) -> str:
    if not text:
        return "empty"
    return f"“{text[:_SHORT]}{'…' if len(text) > _SHORT else ''}”"


def _suppressions(asked: Asked) -> Sequence[Moment]:
    """Return the rules in force that name the contact."""
    rules = _about(asked.contact, asked.member, Suppression.objects.select_related("created_by"))
    return [
        Moment(
            Place(row.created_at, "suppression", row.pk),
            "suppressed",
            f"{_said(row)} suppressed: {row.reason_words.lower()}",
            row.evidence,
            f"{asked.member.url('contacts:suppressions')}?{urlencode({'q': row.value})}",
            _name(row.created_by),
        )
        for row in asked.newest(rules, "suppression", by="created_at")
    ]


def _once_suppressed(asked: Asked) -> Sequence[Moment]:
    """Return when rules came into force that were lifted since."""
    rules = _about(asked.contact, asked.member, LiftedSuppression.objects.all())
    return [
        Moment(
            Place(row.suppressed_at, "once_suppressed", row.pk),
            "suppressed",
            f"{_said(row)} suppressed: {row.reason_words.lower()}",
            row.evidence,
            by=row.suppressed_by,
        )
        for row in asked.newest(rules, "once_suppressed", by="suppressed_at")
    ]


def _lifted(asked: Asked) -> Sequence[Moment]:
    rules = _about(asked.contact, asked.member, LiftedSuppression.objects.all())
    return [
        Moment(
            Place(row.lifted_at, "lifted", row.pk),
            "released",
            f"Suppression of {_said(row)} lifted",
            row.why,
            asked.member.url("contacts:suppressions_lifted"),
            row.lifted_by,
        )
        for row in asked.newest(rules, "lifted", by="lifted_at")
    ]


def _about(contact: Contact, member: Member, rows: QuerySet[T]) -> QuerySet[T]:
    """Return those of the rules of the workspace that name the contact."""
    keys = [*usual_keys(contact.email_key), *wildcard_keys(contact.email_key)]
    named = Q(pk__in=[])
    for scope, pairs in groupby(sorted(keys), key=itemgetter(0)):
        named |= Q(scope=scope, value__in=[value for _, value in pairs])
    for print_ in refusing_prints(contact.workspace_id, contact.email_key):
        named |= Q(scope=SuppressionScope.SENDER, value__startswith=f"{print_}:")
    return rows.filter(named, workspace=member.workspace)


def _said(row: Suppression | LiftedSuppression) -> str:
    """Return what a rule is about, a single sender by its address."""
    return f"Mail of {row.sender}" if row.sender else row.value


def _name(user: User | None) -> str:
    return str(user) if user else ""
