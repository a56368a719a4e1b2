"""Custom fields: come into being with the first value, are named, get another kind."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection, transaction

from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.core.kinds import Typed
from campaigns.contacts.core.typed import canonical
from campaigns.contacts.models import Contact, CustomField
from campaigns.contacts.models.fields import LABEL_LIMIT

_BATCH = 5_000


def define_fields(workspace_id: int, found: Mapping[str, tuple[FieldKind, str]]) -> None:
    """Make the fields (name -> kind and label) that the workspace does not know; known ones stay as they are."""
    known = set(CustomField.objects.filter(workspace=workspace_id, name__in=found).values_list("name", flat=True))
    CustomField.objects.bulk_create(
        [
            CustomField(workspace_id=workspace_id, name=name, kind=kind, label="" if label == name else label)
            for name, (kind, label) in sorted(found.items())  # two who make the same never wait in a circle
            if name not in known
        ],
        ignore_conflicts=True,  # somebody else may have made it meanwhile
    )


def label_field(field: CustomField, label: str) -> None:
    """Give the field another label; empty = its name."""
    cleaned = " ".join(label.replace("\0", " ").split())[:LABEL_LIMIT]
    CustomField.objects.filter(pk=field.pk).update(label=cleaned)


def change_kind(field: CustomField, typed: Typed) -> int:
    """Make the field this kind and rewrite its values; returns how many were emptied because they do not fit.

    One transaction: read a second time, "1.234" that was "1,234" would become 1234.
    """
    with transaction.atomic():
        there = CustomField.objects.select_for_update(no_key=True).filter(pk=field.pk).first()
        if there is None or there.kind == typed.kind:
            return 0
        CustomField.objects.filter(pk=field.pk).update(kind=typed.kind)
        emptied = after = 0
        while rows := _batch_of(field, after):
            changed = {pk: canonical(value, typed.kind, typed.style) for pk, value in rows}
            emptied += sum(not isinstance(value, str) for value in changed.values())
            _store(field.name, {pk: new if isinstance(new, str) else "" for pk, new in changed.items()})
            after = rows[-1][0]
        return emptied


def _batch_of(field: CustomField, after: int) -> list[tuple[int, str]]:
    """Return the next contacts that have the field, with their values, in the order of their ids; they stay locked."""
    with_field = Contact.objects.filter(workspace=field.workspace_id, fields__has_key=field.name, pk__gt=after)
    rows = with_field.order_by("pk").select_for_update(no_key=True).values_list("pk", "fields")[:_BATCH]
    return [(pk, fields[field.name]) for pk, fields in rows]


def _store(name: str, values: Mapping[int, str]) -> None:
    """Write contact id -> value, "" for none, where it is another one."""
    if values:
        with connection.cursor() as cursor:
            cursor.execute(_STORE, {"name": name, "ids": list(values), "values": list(values.values())})


_STORE = """
UPDATE contacts_contact c
   SET fields = CASE WHEN n.value = '' THEN c.fields - %(name)s
                     ELSE c.fields || jsonb_build_object(%(name)s::text, n.value) END,
       updated_at = now()
  FROM unnest(%(ids)s::bigint[], %(values)s::text[]) AS n(id, value)
 WHERE c.id = n.id AND c.fields ->> %(name)s IS DISTINCT FROM NULLIF(n.value, '')
"""
