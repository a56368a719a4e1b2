"""What the ledger has of a person: events, whose counts stay when their words go."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from campaigns.contacts.parts import Person, PersonPart, Section
from outreach.kit import erasing
from sending.ledger.models import Event

# What says nothing about a person beyond the kind of the event; a reason may be a word of ours, or a sentence.
_FORGET = """
UPDATE ledger_event
   SET data = COALESCE((
       SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(data) AS e(key, value)
        WHERE e.key = ANY(ARRAY['inbound', 'category', 'code', 'enhanced', 'position', 'until'])
           OR (e.key = 'reason' AND e.value #>> '{}' ~ '^[a-z_]+$')), '{}')
 WHERE workspace_id = %s AND contact_id = %s
"""


def _gives(person: Person) -> Sequence[Section]:
    rows = Event.objects.filter(workspace=person.workspace_id, contact_id=person.contact_id).order_by("id")
    return (Section("Events", list(rows.values("at", "kind", "data"))),)


def _erases(person: Person) -> None:
    with erasing.allowed(), connection.cursor() as cursor:
        cursor.execute(_FORGET, [person.workspace_id, person.contact_id])


PART = PersonPart(holds=frozenset({"ledger.Event"}), gives=_gives, erases=_erases)
