"""Put the mails that are stored already into conversations, in batches, while everybody reads and writes."""

import hashlib
import re
from typing import Any

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models, transaction

from outreach.kit import gate
from outreach.kit.addresses import key_of

_BATCH = 1000
_SPACE = re.compile(r"\s+")
_RE = re.compile(r"^\s*(?:(?:re|aw|fwd?|wg|sv|vs|antw|rif|tr|r|i|ynt|odp)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_NEXT = """
SELECT id, workspace_id, mailbox_id, contact_id, enrollment_id, from_address, subject, received_at
  FROM inbox_message
 WHERE id > %s AND workspace_id = %s AND thread_id IS NULL ORDER BY id LIMIT %s
"""
_ADD = """
INSERT INTO inbox_thread (workspace_id, mailbox_id, contact_id, enrollment_id, writer, topic, name, address, subject,
                          snippet, newest_at, newest_kind, state)
VALUES (%s, %s, %s, %s, %s, %s, '', '', %s, '', %s, '', 'open') RETURNING id
"""
_OF_SEQUENCE = "SELECT id FROM inbox_thread WHERE enrollment_id = %s"
_OF_WRITER = "SELECT id FROM inbox_thread WHERE mailbox_id = %s AND writer = %s AND topic = %s AND enrollment_id IS NULL LIMIT 1"
_PUT = """
UPDATE inbox_message m SET thread_id = v.thread_id
  FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, thread_id) WHERE m.id = v.id
"""
# What the rows say is told by their mails.
_TELL = """
WITH told AS (
    SELECT m.thread_id, count(*) AS mails, max(m.received_at) AS newest_at,
           max(m.received_at) FILTER (WHERE m.kind IN ('human_reply', 'opt_out')) AS heard_at,
           (array_agg(m.kind ORDER BY m.received_at DESC, m.id DESC))[1] AS newest_kind,
           (array_agg(m.label ORDER BY m.received_at DESC, m.id DESC)
              FILTER (WHERE m.kind IN ('human_reply', 'auto_reply', 'opt_out')))[1] AS says,
           (array_agg(m.kind ORDER BY m.received_at DESC, m.id DESC)
              FILTER (WHERE m.kind IN ('human_reply', 'opt_out')))[1] AS heard,
           (array_agg(m.id ORDER BY (m.kind IN ('human_reply', 'opt_out')) DESC, m.received_at DESC, m.id DESC))[1] AS shown,
           (array_agg(left(regexp_replace(left(m.text, 2000), '\\s+', ' ', 'g'), 160)
                      ORDER BY m.received_at DESC, m.id DESC))[1] AS snippet
      FROM inbox_message m WHERE m.thread_id = ANY(%(ids)s) GROUP BY m.thread_id
)
UPDATE inbox_thread t
   SET mails = told.mails, newest_at = told.newest_at, heard_at = told.heard_at, newest_kind = told.newest_kind,
       says = COALESCE(told.says, ''), snippet = btrim(told.snippet), name = m.from_name, address = m.from_address,
       is_talk = told.heard_at IS NOT NULL, is_unread = told.heard_at IS NOT NULL,
       is_awaiting = COALESCE(told.heard = 'human_reply', false), version = t.version + 1
  FROM told JOIN inbox_message m ON m.id = told.shown
 WHERE t.id = told.thread_id
"""
_WORDS = """
INSERT INTO inbox_thread_words (thread_id, words)
SELECT m.thread_id,
       to_tsvector('simple', left(string_agg(concat_ws(' ', m.from_name, m.from_address, m.subject, left(m.text, 20000)), ' '), 200000))
  FROM inbox_message m WHERE m.thread_id = ANY(%(ids)s) GROUP BY m.thread_id
ON CONFLICT (thread_id) DO UPDATE SET words = EXCLUDED.words
"""


def _topic_of(subject: str) -> str:
    plain = _SPACE.sub(" ", _RE.sub("", subject)).strip().casefold()
    return hashlib.md5(plain.encode(), usedforsecurity=False).hexdigest()


def place(_apps: object, _schema_editor: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM accounts_workspace ORDER BY id")
        workspaces = [pk for (pk,) in cursor.fetchall()]
    for workspace in workspaces:
        after: int | None = 0
        while after is not None:
            after = _place_some(workspace, after)


@transaction.atomic
def _place_some(workspace: int, after: int) -> int | None:
    """Place the next mails of a workspace, in the order of their ids. Returns the last id, None at the end."""
    gate.hold_shut(workspace)
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [after, workspace, _BATCH])
        rows = cursor.fetchall()
        if not rows:
            return None
        pairs = [(row[0], _thread_of(cursor, *row[1:])) for row in rows]
        cursor.execute(_PUT, [[pk for pk, _ in pairs], [thread for _, thread in pairs]])
        ids = {"ids": sorted({thread for _, thread in pairs})}
        cursor.execute(_TELL, ids)
        cursor.execute(_WORDS, ids)
    return int(rows[-1][0])


def _thread_of(cursor: Any, workspace: int, mailbox: int, contact: int | None, enrollment: int | None, address: str, subject: str, received_at: Any) -> int:
    writer = key_of(address)[:320]
    topic = _topic_of(subject)
    if enrollment is not None:
        cursor.execute(_OF_SEQUENCE, [enrollment])
    elif writer:
        cursor.execute(_OF_WRITER, [mailbox, writer, topic])
    if enrollment is not None or writer:
        found = cursor.fetchone()
        if found:
            return int(found[0])
    own = ("", "") if enrollment is not None else (writer, topic)
    cursor.execute(_ADD, [workspace, mailbox, contact, enrollment, *own, subject, received_at])
    return int(cursor.fetchone()[0])


class Migration(migrations.Migration):

    atomic = False  # each batch, and each index, in a transaction of its own

    dependencies = [
        ("inbox", "0007_threads"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="inboundmessage",
            index=models.Index(fields=["thread", "-received_at", "-id"], name="inbox_of_thread"),
        ),
        AddIndexConcurrently(
            model_name="inboundmessage",
            index=django.contrib.postgres.indexes.HashIndex(
                condition=models.Q(("message_id", ""), _negated=True), fields=["message_id"], name="inbox_by_message_id"
            ),
        ),
        migrations.RunPython(place, migrations.RunPython.noop, elidable=True),
    ]
