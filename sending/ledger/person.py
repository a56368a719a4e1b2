"""What the ledger has of a person: events, whose counts stay when their words go."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from campaigns.contacts.parts import ERASED, Person, PersonPart, Section
from outreach.kit import erasing
from sending.ledger.models import Event

# What says nothing about a person beyond the kind of the event; a reason may be a word of ours, or a sentence.
_FORGET = """
UPDATE ledger_event
   SET data = COALESCE((
       SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(data) AS e(key, value)
        WHERE e.key = ANY(ARRAY['inbound', 'category', 'code', 'enhanced', 'position', 'until', 'branch', 'path',
                                  'how'])
           OR (e.key = 'reason' AND e.value #>> '{}' ~ '^[a-z_]+$')), '{}')
 WHERE workspace_id = %s AND contact_id = %s
"""
# Of a mailbox or a campaign, in the words of a server that named the person: the sentence goes, the rest stays.
_FORGET_WORDS = """
UPDATE ledger_event
   SET data = (
       SELECT jsonb_object_agg(e.key, CASE
                  WHEN position(lower(%(spelling)s) IN lower(e.value::text)) > 0 THEN to_jsonb(%(erased)s::text)
                  ELSE e.value END)
         FROM jsonb_each(data) AS e(key, value))
 WHERE workspace_id = %(workspace)s AND contact_id IS NULL AND position(lower(%(spelling)s) IN lower(data::text)) > 0
"""


def _gives(person: Person) -> Sequence[Section]:
    rows = Event.objects.filter(workspace=person.workspace_id, contact_id=person.contact_id).order_by("id")
    return (
        Section("Events", list(rows.values("at", "kind", "data"))),
        Section("Events of mailboxes and campaigns", list(_named(person).values("at", "kind", "data"))),
    )


def _named(person: Person) -> QuerySet[Event]:
    """Return the events that are about nobody, and whose words name the person."""
    named = Q(pk__in=[])
    for spelling in person.spellings:
        named |= Q(as_text__icontains=spelling)
    rows = Event.objects.filter(workspace=person.workspace_id, contact_id=None)
    return rows.annotate(as_text=Cast("data", TextField())).filter(named).order_by("id")


def _erases(person: Person) -> None:
    with erasing.allowed(), connection.cursor() as cursor:
        cursor.execute(_FORGET, [person.workspace_id, person.contact_id])
        for spelling in person.spellings:
            cursor.execute(_FORGET_WORDS, {"workspace": person.workspace_id, "spelling": spelling, "erased": ERASED})


PART = PersonPart(holds=frozenset({"ledger.Event"}), gives=_gives, erases=_erases)
