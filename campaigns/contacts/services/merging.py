"""The two statements that carry a file's rows into the table: COPY to a temporary table, then one INSERT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from django.db import connection

from campaigns.contacts.queries.suppressions import wildcard_condition
from campaigns.contacts.services.comparing import FIELDS, TEXTS, changeable, differs, value_after
from campaigns.contacts.states import ImportPolicy

_KEYS = ("email", "email_key", "domain")
# Byte order as in the contacts table: sorting and joining then need no locale.
_TYPES = {"email_key": 'varchar COLLATE "C"', "domain": 'varchar COLLATE "C"', FIELDS: "jsonb"}
_COPY_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class Merge:
    """Where staged rows go."""

    workspace_id: int
    import_id: int
    list_id: int | None
    now: datetime
    policy: ImportPolicy = ImportPolicy.OVERWRITE
    tag_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """What a merge did; rows that were there and equal are not counted."""

    created: int
    updated: int
    suppressed: int


class Stage:
    """A temporary table of this session that holds the good rows of one import until they are merged."""

    def __init__(self, import_id: int, columns: Sequence[str]) -> None:
        unknown = set(columns) - {*_KEYS, *TEXTS, FIELDS}
        assert not unknown, unknown  # the names go into SQL
        self._import_id = import_id
        self._columns = tuple(columns)

    def __enter__(self) -> Self:
        typed = ", ".join(f"{name} {_TYPES.get(name, 'varchar')}" for name in self._columns)
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.contacts_stage")
            cursor.execute(f"CREATE TEMPORARY TABLE contacts_stage ({typed})")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or (connection.connection is not None and not connection.connection.broken):
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE IF EXISTS pg_temp.contacts_stage")

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Stage rows whose values come in the order of the columns and hold no control characters."""
        _copy(f"COPY pg_temp.contacts_stage ({', '.join(self._columns)}) FROM STDIN", rows)

    def reject(self, rows: Sequence[tuple[int, str, str]]) -> None:
        """Store rejected rows: line, cause, original."""
        lines = [(str(self._import_id), str(line), _escaped(cause[:300]), _escaped(raw)) for line, cause, raw in rows]
        _copy(
            "COPY contacts_rejected_row (contact_import_id, line, cause, original) FROM STDIN",
            lines,
            escape=False,
        )

    def merge(self, into: Merge) -> Counts:
        """Insert new contacts, fill known ones, put all on the list and tag them. Must run inside a transaction."""
        names = {
            "workspace": into.workspace_id, "origin": into.import_id, "list": into.list_id, "now": into.now,
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_ROOM_TO_WORK)
            cursor.execute(_merge_sql(self._columns, into.policy), names)
            created, updated = cursor.fetchone()
            cursor.execute(_LOCK_LIST, names)
            if cursor.fetchone():  # it may have been deleted since the import was confirmed
                cursor.execute(_LIST_PLACES, names)
            if into.tag_ids:
                cursor.execute(_TAG_PLACES, names | {"tags": list(into.tag_ids)})
        return Counts(created, updated, self.suppressed(into.workspace_id))

    def suppressed(self, workspace_id: int) -> int:
        """Return how many of the staged rows are people whom the workspace never writes to."""
        with connection.cursor() as cursor:
            cursor.execute(_SUPPRESSED, {"workspace": workspace_id})
            (count,) = cursor.fetchone()
        return int(count)


# Sorted by key, so that two imports into one workspace take their row locks in one order and cannot deadlock;
# pages of the unique index are then filled one after the other, too. An empty value never erases what is
# known.
_MERGE = """
WITH merged AS (
    INSERT INTO contacts_contact AS c (workspace_id, origin_id, created_at, updated_at, {columns})
    SELECT %(workspace)s, %(origin)s, %(now)s, %(now)s, {values}
      FROM pg_temp.contacts_stage ORDER BY email_key
    ON CONFLICT ON CONSTRAINT contacts_one_per_address DO {action}
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM merged
"""

_ROOM_TO_WORK = "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"

_LOCK_LIST = "SELECT id FROM contacts_list WHERE id = %(list)s AND workspace_id = %(workspace)s FOR KEY SHARE"

# In the order of the ids, which is that of the pages of both indexes.
_LIST_PLACES = """
INSERT INTO contacts_list_member (contact_list_id, contact_id, added_at)
SELECT %(list)s, c.id, %(now)s
  FROM pg_temp.contacts_stage s JOIN contacts_contact c ON c.workspace_id = %(workspace)s AND c.email_key =
  s.email_key
 ORDER BY c.id
ON CONFLICT DO NOTHING
"""

_TAG_PLACES = """
INSERT INTO contacts_tag_place (tag_id, contact_id)
SELECT t.id, c.id
  FROM pg_temp.contacts_stage s JOIN contacts_contact c ON c.workspace_id = %(workspace)s AND c.email_key =
  s.email_key
 CROSS JOIN unnest(%(tags)s::bigint[]) AS t(id)
 ORDER BY t.id, c.id
ON CONFLICT DO NOTHING
"""

_WILDCARDS = "SELECT value FROM rules WHERE scope = 'wildcard'"
_SUPPRESSED = f"""
WITH rules AS (
    SELECT scope, value FROM contacts_suppression WHERE workspace_id = %(workspace)s
), barred AS (
    SELECT d.domain FROM (SELECT DISTINCT domain FROM pg_temp.contacts_stage) d
     WHERE EXISTS (SELECT 1 FROM rules WHERE scope = 'domain')
       AND EXISTS (
           SELECT 1 FROM generate_series(1, cardinality(string_to_array(d.domain, '.')) - 1) AS i
             JOIN rules r ON r.scope = 'domain'
              AND r.value = array_to_string((string_to_array(d.domain, '.'))[i:], '.'))
)
SELECT count(*) FROM pg_temp.contacts_stage
 WHERE email_key IN (SELECT value FROM rules WHERE scope = 'address') OR domain IN (SELECT domain FROM barred)
    OR (EXISTS (SELECT 1 FROM rules WHERE scope = 'wildcard')
        AND {wildcard_condition(key="email_key", domain="domain", values=_WILDCARDS)})
"""  # noqa: S608  # a condition of our own


def _merge_sql(columns: Sequence[str], policy: ImportPolicy) -> str:
    empty = dict.fromkeys(TEXTS, "''") | {FIELDS: "'{}'::jsonb"}
    placed = empty | {name: name for name in columns}
    action = _action(columns, policy)
    return _MERGE.format(columns=", ".join(placed), values=", ".join(placed.values()), action=action)


def _action(columns: Sequence[str], policy: ImportPolicy) -> str:
    """Return what happens to a known contact; one that would stay as it is is not written."""
    names = changeable(columns, policy)
    if not names:
        return "NOTHING"
    changes = ", ".join(f"{name} = {value_after(name, policy, new='EXCLUDED')}" for name in names)
    condition = " OR ".join(differs(name, policy, new="EXCLUDED") for name in names)
    return f"UPDATE SET {changes}, updated_at = EXCLUDED.updated_at WHERE {condition}"


def _copy(statement: str, rows: Sequence[Sequence[str]], *, escape: bool = True) -> None:
    """Send rows in COPY's text format; escape doubles backslashes, all that clean values may need."""
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(rows), 1_000):
            text = "\n".join(map("\t".join, rows[start : start + 1_000])) + "\n"
            if escape and "\\" in text:
                text = text.replace("\\", "\\\\")
            copy.write(text)


def _escaped(text: str) -> str:
    """Return any text as a value of COPY's text format."""
    return text.translate(_ESCAPES)


_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\ufffd"})
