"""What this room has of a person: what it gives to who asks for it, and how it forgets."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import CharField, Q, QuerySet, TextField
from django.db.models.functions import Cast, Coalesce, Now

from campaigns.contacts.core.difference import Difference
from campaigns.contacts.core.naming import Names, about, named_in, names_any, read
from campaigns.contacts.core.rows import without_example
from campaigns.contacts.models import (
    Contact,
    ContactEdit,
    ContactGround,
    ContactImport,
    ContactNote,
    ContactTag,
    DryRun,
    Erasure,
    ImportChange,
    ImportTrace,
    LiftedSuppression,
    ListInterest,
    ListMember,
    RejectedRow,
    Suppression,
)
from campaigns.contacts.parts import ERASED, Person, PersonPart, Section
from campaigns.contacts.prints import prints_of, refusing_prints
from campaigns.contacts.queries.history import moments_of
from campaigns.contacts.queries.suppressions import refusing
from campaigns.contacts.states import DryRunState, ImportState, SuppressionScope
from outreach.accounts.models import KeptAnswer
from outreach.kit import erasing

LABEL = "Erased person"  # in place of the address, on every page that still counts them
_ACKNOWLEDGED = timedelta(minutes=1)  # the most from "wanted" to the commit that others see: a gate is waited for

# Every column, whichever are added later.
_FIELDS = Contact._meta.concrete_fields  # noqa: SLF001  Django's own way to a model's columns
_COLUMNS = [field.name for field in _FIELDS]
_TEXTS = [field.name for field in _FIELDS if isinstance(field, CharField)]
_ORIGIN = [
    f"origin__{name}"
    for name in (
        "filename", "source", "legal_basis", "basis_on", "basis_page", "subscribers", "created_at", "created_by__email",
    )
]  # fmt: skip
_OWN = ("text", "created_at", "created_by__email", "edited_at", "edited_by__email", "deleted_at", "deleted_by__email")


def _gives(person: Person) -> Sequence[Section]:
    contact = person.contact_id
    own = {"workspace": person.workspace_id, "scope": SuppressionScope.ADDRESS, "value__in": person.keys}
    rule = ("value", "reason", "evidence")
    return (
        Section("Contact", list(Contact.objects.filter(pk=contact).values(*_COLUMNS, *_ORIGIN))),
        Section("Lists", _in_order(ListMember.objects.filter(contact=contact), "contact_list__name", "added_at")),
        Section("Legitimate interests weighed for the lists", _interests(contact)),
        Section("Tags", _in_order(ContactTag.objects.filter(contact=contact), "tag__name", "added_at")),
        Section("Notes", _in_order(ContactNote.objects.filter(contact=contact), *_OWN)),
        Section("Edits", _in_order(ContactEdit.objects.filter(contact=contact), "changes", "made_at")),
        Section(
            "Changes by imports",
            _in_order(ImportChange.objects.filter(contact=contact), "contact_import__filename", "changes"),
        ),
        Section(
            "Grounds stated by later imports",
            _in_order(
                ContactGround.objects.filter(contact=contact),
                *(f"contact_import__{name}" for name in ("filename", "source", "created_by__email")),
                "basis",
                "stated_at",
            ),
        ),
        Section("Senders refused", [row for rows in refusing(_keys(person)).values() for row in map(_refusal, rows)]),
        Section("Suppression", _in_order(Suppression.objects.filter(**own), *rule, "created_at")),
        Section(
            "Lifted suppressions",
            _in_order(
                LiftedSuppression.objects.filter(**own) | _lifted_refusals(person),
                *rule,
                "suppressed_at",
                "lifted_at",
                "why",
            ),
        ),
        Section(
            "Values of files that were left empty",
            [{"filename": row.filename, "notes": notes} for row, notes in _noted(person)],
        ),
        Section("Trials of imports", _trials(person)),
        Section("Answers to programs", _answered(person)),
        Section(
            "Rows of files that were not imported",
            list(_rejected(person).exclude(cause="").values("contact_import__filename", "line", "cause", "original")),
        ),
    )


def _keys(person: Person) -> list[tuple[int, str]]:
    return [(person.workspace_id, key) for key in person.keys]


def _refusal(row: Suppression) -> Mapping[str, Any]:
    return {"sender": row.sender, "reason": row.reason, "evidence": row.evidence, "created_at": row.created_at}


def _lifted_refusals(person: Person) -> QuerySet[LiftedSuppression]:
    """Return the refusals of a sender that were lifted: they name the address by its print."""
    named = Q(pk__in=[])
    for workspace_id, key in _keys(person):
        for print_ in refusing_prints(workspace_id, key):
            named |= Q(value__startswith=f"{print_}:")
    return LiftedSuppression.objects.filter(named, workspace=person.workspace_id, scope=SuppressionScope.SENDER)


def _in_order(rows: QuerySet[Any], *names: str) -> Sequence[Mapping[str, Any]]:
    """Return values of rows, in the order in which they were written down."""
    return list(rows.order_by("pk").values(*names))


def _interests(contact_id: int) -> Sequence[Mapping[str, Any]]:
    rows = ListInterest.objects.filter(contact_list__members__contact=contact_id).order_by("contact_list", "version")
    told = ("version", "purpose", "necessity", "balancing", "decided_by", "decided_at", "review_on")
    return list(rows.values("contact_list__name", *told))


def _names(person: Person) -> Names:
    return names_any(person.spellings)


def _holding(person: Person, *columns: str) -> Q:
    """Return what their spellings may stand in, also within the address of somebody else: see names_any."""
    held = Q(pk__in=[])
    for spelling in person.spellings:
        for column in columns:
            held |= Q(**{f"{column}__icontains": spelling})
    return held


def _rejected(person: Person) -> QuerySet[RejectedRow]:
    """Return the rows that name the person, those included of which a running import has not judged yet."""
    names = _names(person)
    rows = RejectedRow.objects.filter(contact_import__workspace=person.workspace_id)
    found = rows.filter(_holding(person, "original", "cause")).values_list("pk", "original", "cause")
    return rows.filter(
        pk__in=[pk for pk, original, cause in found.iterator(chunk_size=1_000) if names(original) or names(cause)]
    )


def _dry_runs(person: Person) -> QuerySet[DryRun]:
    """Return the dry runs that show the person among their examples."""
    names = _names(person)
    rows = DryRun.objects.filter(contact_import__workspace=person.workspace_id)
    found = rows.annotate(as_text=Cast("difference", TextField())).filter(_holding(person, "as_text"))
    return rows.filter(pk__in=[pk for pk, kept in found.values_list("pk", "difference") if named_in(kept, names)])


def _noted(person: Person) -> Sequence[tuple[ContactImport, Sequence[str]]]:
    """Return imports with those of their notes that show the person in an example."""
    names = _names(person)
    rows = ContactImport.objects.filter(workspace=person.workspace_id).annotate(as_text=Cast("notes", TextField()))
    found = rows.filter(_holding(person, "as_text")).only("filename", "notes")
    noted = [(row, [note for note in row.notes if names(note)]) for row in found]
    return [(row, notes) for row, notes in noted if notes]


def _forget_examples(person: Person) -> None:
    """Take the examples out of the notes that show the person; how many rows were left empty stays."""
    for row, notes in _noted(person):
        left = [without_example(note) if note in notes else note for note in row.notes]
        ContactImport.objects.filter(pk=row.pk).update(notes=left)


def _trials(person: Person) -> Sequence[Mapping[str, Any]]:
    """Return of the dry runs the examples that are theirs, and nobody else's."""
    names = _names(person)
    rows = _dry_runs(person).values("contact_import__filename", "finished_at", "difference")
    return [
        row | {"difference": own}
        for row in rows
        if (kept := row["difference"]) is not None and (own := Difference.from_json(kept).samples_of(names))
    ]


def _answers(person: Person) -> QuerySet[KeptAnswer]:
    """Return the answers that are kept for a day for programs that ask again."""
    names = _names(person)
    rows = KeptAnswer.objects.filter(workspace=person.workspace_id)
    ids = [row.pk for row in rows.iterator(chunk_size=100) if named_in(read(bytes(row.body)), names)]
    return rows.filter(pk__in=ids)


def _answered(person: Person) -> Sequence[Mapping[str, Any]]:
    """Return of the answers what is about them: one may answer for a thousand people."""
    names = _names(person)
    given = [(row.created_at, about(read(bytes(row.body)), names)) for row in _answers(person)]
    return [{"created_at": at, "body": json.dumps(body, ensure_ascii=False)} for at, body in given if body is not None]


@transaction.atomic
def _erases(person: Person) -> None:
    contact = person.contact_id
    # First of all: whoever is writing down something about them is waited for and seen below, or finds them gone.
    left = {**dict.fromkeys(_TEXTS, ""), "email": LABEL, "email_key": f"erased:{contact}"}
    erased_at = Coalesce("erased_at", Now())  # since the acknowledgement
    Contact.objects.filter(pk=contact).update(**left, fields={}, origin=None, erased_at=erased_at, updated_at=Now())
    ListMember.objects.filter(contact=contact).delete()
    ContactTag.objects.filter(contact=contact).delete()
    ContactNote.objects.filter(contact=contact).delete()
    ContactEdit.objects.filter(contact=contact).delete()
    ImportChange.objects.filter(contact=contact).delete()
    ContactGround.objects.filter(contact=contact).delete()
    # One without a cause is a suspect: a cause would take the row, whoever it is about, out of the import that runs.
    rejected = _rejected(person)
    rejected.filter(cause="").update(original="")
    rejected.exclude(cause="").update(original="", cause=ERASED)
    _forget_examples(person)
    _dry_runs(person).delete()  # their pages reckon anew
    _answers(person).delete()
    own = {"workspace": person.workspace_id, "scope": SuppressionScope.ADDRESS, "value": person.key}
    Suppression.objects.filter(**own).delete()
    print_ = prints_of(person.workspace_id, person.key)[0]
    with erasing.allowed():
        LiftedSuppression.objects.filter(**own).update(
            scope=SuppressionScope.ERASED, value=print_, evidence="", why=ERASED
        )
        _lifted_refusals(person).update(evidence="", why=ERASED)


def _is_busy(person: Person) -> bool:
    """Say whether a file is being read whose reader may not have known the print yet; asked before they are erased.

    What begins after the acknowledgement asks for prints itself: it is not waited for.
    """
    known = Erasure.objects.filter(workspace=person.workspace_id, contact_id=person.contact_id).order_by("-pk")
    wanted_at = known.values_list("wanted_at", flat=True).first()
    if wanted_at is None:
        return False
    begun_by = wanted_at + _ACKNOWLEDGED
    # Whose worker died goes on with the rows that were staged before; its instant is that of the last worker.
    goes_on = Q(state=ImportState.QUEUED, attempts__gt=0) | Q(state=ImportState.RUNNING, attempts__gt=1)
    of_imports = ~Q(started_at__gt=begun_by) & Q(state=ImportState.RUNNING) | goes_on & Q(created_at__lte=begun_by)
    imports = ContactImport.objects.filter(of_imports, workspace=person.workspace_id)
    trials = DryRun.objects.filter(contact_import__workspace=person.workspace_id, state=DryRunState.RUNNING)
    return imports.exists() or trials.exclude(started_at__gt=begun_by).exists()


def _active(workspace_id: int, ids: Collection[int], since: datetime) -> set[int]:
    """Return who was added, changed, noted about, tagged, put on a list or in a file since."""
    changed = Contact.objects.filter(Q(created_at__gte=since) | Q(updated_at__gte=since), pk__in=ids)
    found = set(changed.values_list("pk", flat=True))
    of_them: tuple[QuerySet[Any], ...] = (
        ContactNote.objects.filter(contact__in=ids, created_at__gte=since),
        ListMember.objects.filter(contact__in=ids, added_at__gte=since),
        ContactTag.objects.filter(contact__in=ids, added_at__gte=since),
        ImportChange.objects.filter(contact__in=ids, contact_import__merged_at__gte=since),
        ContactGround.objects.filter(contact__in=ids, stated_at__gte=since),
    )
    for rows in of_them:
        found.update(rows.values_list("contact_id", flat=True))
    in_files = ImportTrace.objects.filter(
        contact_import__workspace=workspace_id,
        contact_import__merged_at__gte=since,
        first_id__lte=max(ids),
        last_id__gte=min(ids),
        ids__overlap=list(ids),
    )
    for traced in in_files.values_list("ids", flat=True):
        found.update(set(traced).intersection(ids))
    return found


PART = PersonPart(
    holds=frozenset(
        {
            "accounts.KeptAnswer",
            "contacts.DryRun",
            "contacts.Contact",
            "contacts.ContactEdit",
            "contacts.ContactGround",
            "contacts.ContactImport",
            "contacts.ContactNote",
            "contacts.ContactTag",
            "contacts.ImportChange",
            "contacts.LiftedSuppression",
            "contacts.ListMember",
            "contacts.RejectedRow",
            "contacts.Suppression",
        }
    ),
    moments=moments_of,
    ties={
        "contacts.contactnote": "somebody wrote a note about them",
        "contacts.contactedit": "they were edited by hand",
    },
    gives=_gives,
    is_busy=_is_busy,
    erases=_erases,
    active=_active,
)
