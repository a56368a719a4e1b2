"""Set the stage: temporary twins of the program's tables, filled with one campaign and all that shares its mailboxes.

Runs behind the curtain. The twins have the columns, the constraints and the indexes of the real tables, and go with the
session. No password, no token and no private key is among what is copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import ForeignKey, Model

from campaigns.sequences.models import Campaign
from outreach.kit import statements
from sending.domains.keys import sealed
from sending.domains.models import DomainKey
from sending.rehearsal.casting import Cast
from sending.smtp.dkim import SigningKey, make_private_key

_FLOORS = ("outreach.", "campaigns.", "sending.")
_OWN_ROOM = "sending.rehearsal"
# What is copied, by the conditions of its rows; all else begins empty. In this order: a later one may ask an earlier.
_COPIED: Mapping[str, str] = {
    "accounts_workspace": "t.id = %(workspace)s",
    "contacts_contact": "t.id = ANY(%(contacts)s)",
    "contacts_custom_field": "t.workspace_id = %(workspace)s",
    # what conditions of branches ask
    "contacts_list": "t.workspace_id = %(workspace)s",
    "contacts_list_member": "t.contact_id = ANY(%(contacts)s)",
    "contacts_tag": "t.workspace_id = %(workspace)s",
    "contacts_tag_place": "t.contact_id = ANY(%(contacts)s)",
    "contacts_segment": "t.workspace_id = %(workspace)s",
    "contacts_import": "t.workspace_id = %(workspace)s",
    "contacts_ground": "t.contact_id = ANY(%(contacts)s)",
    "contacts_domain_record": (
        "t.workspace_id = %(workspace)s AND t.domain IN (SELECT c.domain FROM pg_temp.contacts_contact c)"
    ),
    "contacts_mail_domain": "t.domain IN (SELECT c.domain FROM pg_temp.contacts_contact c)",
    "contacts_suppression": (
        "t.workspace_id = %(workspace)s"
        " AND (t.scope <> 'address' OR t.value IN (SELECT c.email_key FROM pg_temp.contacts_contact c))"
    ),
    "sequences_closed_days": (
        "t.workspace_id = %(workspace)s AND (t.campaign_id IS NULL OR t.campaign_id = ANY(%(campaigns)s))"
    ),
    "sequences_holiday_region": (
        "t.workspace_id = %(workspace)s AND (t.campaign_id IS NULL OR t.campaign_id = ANY(%(campaigns)s))"
    ),
    "domains_key": "t.workspace_id = %(workspace)s",
    "guard_stranger": "t.workspace_id = %(workspace)s OR t.workspace_id IS NULL",
    # also those that a Reply-To leads to: an opt-out by an answer is heard there
    "mailboxes_mailbox": (
        "t.id = ANY(%(mailboxes)s) OR t.workspace_id = %(workspace)s AND lower(t.address) IN"
        " (SELECT lower(b.reply_to) FROM public.mailboxes_mailbox b WHERE b.id = ANY(%(mailboxes)s))"
    ),
    "mailboxes_clock": "t.mailbox_id = ANY(%(mailboxes)s)",
    "mailboxes_cooldown": "t.mailbox_id = ANY(%(mailboxes)s) AND t.until > %(now)s",
    "mailboxes_spending": "t.workspace_id = %(workspace)s AND t.spent_at > %(now)s - interval '2 days'",
    "planner_throttles": "t.workspace_id = %(workspace)s",
    "planner_pause": "t.workspace_id = %(workspace)s AND (t.until IS NULL OR t.until > %(now)s)",
    # what decides whether a decision about the law still stands
    "planner_law_override": "t.campaign_id = ANY(%(campaigns)s) AND t.ended_at IS NULL",
    "sequences_audience_list": "t.campaign_id = ANY(%(campaigns)s)",
    "sequences_audience_segment": "t.campaign_id = ANY(%(campaigns)s)",
    "planner_campaign_ground": "t.campaign_id = ANY(%(campaigns)s)",
    "planner_ground_cover": "t.ground_id = ANY(%(campaigns)s)",
    "planner_campaign_mailbox": "t.campaign_id = ANY(%(campaigns)s)",
    "planner_campaign_rotation": "t.campaign_id = ANY(%(campaigns)s)",
    "planner_enrollment": "t.id = ANY(%(enrollments)s)",
    "planner_written_print": "t.campaign_id = ANY(%(campaigns)s)",
    "outbox_message": "t.contact_id = ANY(%(contacts)s)",
    "inbox_message": "t.contact_id = ANY(%(contacts)s)",
    "inbox_word_rule": "t.workspace_id = %(workspace)s AND t.ended_at IS NULL",
    # what guards count, and conditions ask
    "ledger_event": (
        "t.workspace_id = %(workspace)s AND (t.at > %(now)s - interval '7 days'"
        " AND t.kind IN ('attempted', 'sent', 'bounced_hard', 'complained', 'guard_released')"
        " AND (t.mailbox_id = ANY(%(mailboxes)s) OR t.campaign_id = ANY(%(campaigns)s))"
        " OR t.contact_id = ANY(%(contacts)s) AND t.kind IN ('bounced_hard', 'opted_out', 'clicked', 'opened'))"
    ),
}
# What nobody reads again stays away.
_LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "domains_key": {"private_key": "''::bytea"},  # see _sign_with_another
    "outbox_message": {"body_text": "''", "body_html": "''"},
    "inbox_message": {"text": "''", "raw": "''::bytea", "evidence": "'[]'::jsonb", "thread_id": "NULL"},
}
# The people of a draft come onto the stage as a list of their own (see play.py).
_NOT_COPIED = frozenset({"sequences_audience_list", "sequences_audience_segment"})
_NO_LEASE = """
UPDATE mailboxes_clock
   SET lease_owner = NULL, lease_until = NULL, look_at = %(now)s, hold_code = '', hold_words = '', hold_until = NULL,
       follow_up_hold_words = '', follow_up_hold_until = NULL, new_hold_words = '', new_hold_until = NULL,
       synced_at = %(far)s
"""
# Whatever is under way counts as sent now, as in a forecast.
_ARRIVED = """
UPDATE outbox_message
   SET state = 'sent', dot_at = COALESCE(dot_at, %(now)s), sent_at = %(now)s, ended_at = %(now)s, lease_until = NULL,
       retry_at = NULL, again_at = NULL
 WHERE state IN ('claimed', 'dot_pending', 'deferred', 'in_doubt')
"""
# What conditions name of campaigns that share no mailbox: that they are there. Nothing of them is played.
_ELSEWHERE = "t.workspace_id = %(workspace)s AND NOT t.id = ANY(%(campaigns)s)"
_PUT_AWAY = "UPDATE sequences_campaign SET state = 'archived' WHERE NOT id = ANY(%(campaigns)s)"
# A copy of a table gives its constraints names of their own; statements name some of them (ON CONFLICT).
_MISNAMED = """
SELECT quote_ident(mine.relname), quote_ident(own.conname), quote_ident(theirs.conname)
  FROM pg_class mine
  JOIN pg_class real ON real.relname = mine.relname AND real.relnamespace = 'public'::regnamespace
  JOIN pg_constraint own ON own.conrelid = mine.oid
  JOIN pg_constraint theirs
    ON theirs.conrelid = real.oid AND theirs.contype = own.contype AND theirs.conkey = own.conkey
 WHERE mine.relnamespace = pg_my_temp_schema() AND own.contype = 'u' AND own.conname <> theirs.conname
"""
# of play: whom a hold that no clock ends was found for
_HELD = """
CREATE INDEX rehearsal_held ON pg_temp.planner_enrollment (due_at)
 WHERE state = 'active' AND hold_code IN ('missing_value', 'bad_template')
"""
_SEQUENCE = """
SELECT pg_get_serial_sequence(%s, attname) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'id'
"""
_TIDY = "VACUUM (ANALYZE) {}"
_SET_TIME = "SELECT set_config('rehearsal.now', %s::text, false)"
FAR = timedelta(days=3650)  # nothing is looked at so late


def set_stage(cast: Cast) -> None:
    """Make the twins and fill them. The one transaction behind the curtain that may make a table."""
    asked: dict[str, Any] = {
        "workspace": cast.workspace_id,
        "campaigns": list(cast.campaign_ids),
        "mailboxes": list(cast.mailbox_ids),
        "contacts": list(cast.contact_ids),
        "enrollments": list(cast.enrollment_ids),
        "now": cast.begins_at,
        "far": cast.begins_at + FAR,
    }
    copied = {**_COPIED, **_conditions_of_sequences()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ WRITE")
        for table in _tables():
            cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL)")
        cursor.execute(_MISNAMED)
        for table, own, theirs in cursor.fetchall():
            cursor.execute(f"ALTER TABLE pg_temp.{table} RENAME CONSTRAINT {own} TO {theirs}")
        for table, condition in copied.items():
            cursor.execute(_copy(table, condition), asked)
        cursor.execute(_copy("sequences_campaign", _ELSEWHERE), asked)
        cursor.execute(_PUT_AWAY, asked)
        for table in copied:
            _go_on_counting(cursor, table)
            cursor.execute(f"ANALYZE pg_temp.{table}")
        cursor.execute(_HELD)
        set_time(cast.begins_at)
        cursor.execute(_NO_LEASE, asked)
        cursor.execute(_ARRIVED, asked)
        _sign_with_another()


def _sign_with_another() -> None:
    """Let what signs sign with a key that is made for this stage: nobody can verify the mails of a rehearsal."""
    rows = list(DomainKey.objects.all())
    pem = make_private_key() if rows else ""
    for row in rows:
        another = sealed(row.workspace_id, SigningKey(row.domain, row.selector, pem))
        DomainKey.objects.filter(pk=row.pk).update(private_key=another)


def set_time(at: datetime) -> None:
    """Set the clock of the stage."""
    statements.run(_SET_TIME, [at.isoformat()])


def tidy() -> None:
    """Throw away what changes have left behind, and let the planner of statements know how much stands in each table.

    Nobody else does it for temporary tables. It runs in no transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TIDY.format(", ".join(f"pg_temp.{table}" for table in _tables())))


def empty_tables() -> set[str]:
    """Return the tables that stand empty on the stage when a rehearsal begins."""
    return set(_tables()) - _COPIED.keys() - _conditions_of_sequences().keys()


def _tables() -> list[str]:
    rooms = [one for one in apps.get_app_configs() if one.name.startswith(_FLOORS) and one.name != _OWN_ROOM]
    return [_table_of(model) for one in rooms for model in one.get_models(include_auto_created=True)]


def _table_of(model: type[Model]) -> str:
    return model._meta.db_table  # noqa: SLF001  # its API


def _columns_of(model: type[Model]) -> list[Any]:
    return list(model._meta.concrete_fields)  # noqa: SLF001  # its API


def _copy(table: str, condition: str) -> str:
    model = next(one for one in apps.get_models(include_auto_created=True) if _table_of(one) == table)
    names = [str(field.column) for field in _columns_of(model)]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(_LEFT_OUT.get(table, {}).get(name) or f't."{name}"' for name in names)
    return f"INSERT INTO pg_temp.{table} ({columns}) SELECT {values} FROM public.{table} t WHERE {condition}"  # noqa: S608  # our own words


def _conditions_of_sequences() -> dict[str, str]:
    """Return a condition for each table that belongs to a campaign, also for those that are added one day."""
    known: set[type[Model]] = {Campaign}
    left = [
        model
        for model in apps.get_app_config("sequences").get_models()
        if model not in known and _table_of(model) not in {*_COPIED, *_NOT_COPIED}
    ]
    found = {_table_of(Campaign): "t.id = ANY(%(campaigns)s)"}
    while ready := [(model, key) for model in left if (key := _way_to(known, model))]:
        for model, key in ready:
            twin = _table_of(key.related_model)
            found[_table_of(model)] = f"t.{key.column} IN (SELECT k.id FROM pg_temp.{twin} k)"  # noqa: S608  # our own words
            known.add(model)
            left.remove(model)
    return found


def _way_to(known: set[type[Model]], model: type[Model]) -> ForeignKey[Any, Any] | None:
    """Return a key that is never empty to one of the known models."""
    for field in _columns_of(model):
        if isinstance(field, ForeignKey) and not field.null and field.related_model in known:
            return field
    return None


def _go_on_counting(cursor: CursorWrapper, table: str) -> None:
    """Let new rows get numbers behind those that were copied."""
    cursor.execute(_SEQUENCE, [f"pg_temp.{table}"] * 2)
    row = cursor.fetchone()
    if row and row[0]:
        counted = f"SELECT setval(%s, max(id)) FROM pg_temp.{table} HAVING max(id) IS NOT NULL"  # noqa: S608  # our own words
        cursor.execute(counted, [row[0]])
