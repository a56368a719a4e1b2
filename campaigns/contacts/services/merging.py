"""Carry the staged rows of an import into the contacts, in one transaction, and record what was there before.

Known people are told from new ones by one join; those who change are locked, recorded and written; those who do not
are not touched at all. Rows are locked and inserted in the order of their addresses, changes before inserts: imports
cannot deadlock, and pages of the unique index are filled one after the other. An empty value never erases anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper

from campaigns.contacts.services.comparing import (
    FIELDS,
    HAS_REFUSED,
    REFUSALS,
    TEXTS,
    before_and_after,
    changeable,
    differs,
    value_after,
)
from campaigns.contacts.services.staging import Stage
from campaigns.contacts.states import FURTHER_GROUNDS, ImportPolicy, LegalBasis, TraceKind

_ROUNDS = 5
TRACE_IDS = 10_000  # of one row


@dataclass(frozen=True, slots=True)
class Merge:
    """Where staged rows go."""

    workspace_id: int
    import_id: int
    list_id: int | None
    now: datetime
    policy: ImportPolicy = ImportPolicy.OVERWRITE
    tag_ids: tuple[int, ...] = ()
    basis: LegalBasis = LegalBasis.UNSTATED


@dataclass(frozen=True, slots=True)
class Counts:
    """What a merge did; rows that were there and equal are not counted."""

    created: int
    updated: int
    suppressed: int
    grounded: int  # of those known: for whom the ground went on record


def merge(stage: Stage, into: Merge) -> Counts:
    """Insert new contacts, fill known ones, put all on the list and tag them. Must run inside a transaction."""
    merger = _Merger(stage, into)
    with connection.cursor() as cursor:
        cursor.execute(_PREPARE.format(stage=stage.table))
        for _ in range(_ROUNDS):  # one, unless somebody else adds the same people at this moment
            merger.know(cursor)
            merger.state(cursor)
            merger.change(cursor)
            if merger.insert(cursor):
                break
        else:
            raise RuntimeError("the same people are added elsewhere, again and again")
        merger.place(cursor)
        return merger.counts(cursor)


@dataclass(frozen=True, slots=True, order=True)
class _Gift:
    """A list, or a tag, on which all of an import get a place."""

    kind: TraceKind
    of: int
    table: str
    column: str

    def lacks(self, contact: str) -> str:
        """Return the SQL condition that a contact has no such place yet."""
        place = f"SELECT 1 FROM {self.table} p WHERE p.{self.column} = {self.of:d} AND p.contact_id = {contact}"  # noqa: S608
        return f"NOT EXISTS ({place})"


class _Merger:
    """The statements of one merge, which share their names."""

    def __init__(self, stage: Stage, into: Merge) -> None:
        self._stage = stage
        self._into = into
        self._names: dict[str, Any] = {
            "workspace": into.workspace_id, "import": into.import_id, "list": into.list_id, "now": into.now,
            "basis": into.basis.value,
        }  # fmt: skip
        changes = changeable(stage.columns, into.policy)
        self._changes = changes
        self._differs = " OR ".join(differs(name, into.policy, new="s") for name in changes) or "false"

    def know(self, cursor: CursorWrapper) -> None:
        """Find out who is known already."""
        cursor.execute(_KNOW.format(stage=self._stage.table, differs=self._differs), self._names)
        cursor.execute("ANALYZE pg_temp.contacts_known")  # so that what follows is planned for how many they are

    def state(self, cursor: CursorWrapper) -> None:
        """Make who only wrote to us a contact like others, changed or not, and remember who that was."""
        if self._into.policy == ImportPolicy.SKIP:  # who is known is left as they are
            return
        cursor.execute(_HAS_CORRESPONDENTS)
        if cursor.fetchone() == (True,):
            cursor.execute(_HOLD_CORRESPONDENTS)
            cursor.execute(_TRACE.format(given=_STATE, of="stated"), self._traced(TraceKind.WROTE))

    def change(self, cursor: CursorWrapper) -> None:
        """Lock who changes, keep what was there, and write."""
        if not self._changes:
            return
        policy = self._into.policy
        values = before_and_after(self._changes, policy, new="s")
        written = ", ".join(f"{name} = {value_after(name, policy, new='s')}" for name in self._changes)
        texts = {"stage": self._stage.table, "differs": self._differs, "values": values, "written": written}
        cursor.execute(_RECORD.format(**texts), self._names)
        if cursor.rowcount:
            cursor.execute(_WRITE.format(**texts), self._names)

    def insert(self, cursor: CursorWrapper) -> bool:
        """Insert who is new; False when somebody came in between, who is known now."""
        placed = dict.fromkeys(TEXTS, "''") | {FIELDS: "'{}'::jsonb"} | {name: name for name in self._stage.columns}
        columns, values = ", ".join(placed), ", ".join(placed.values())
        texts = {"stage": self._stage.table, "columns": columns, "values": values}
        _insert_beside_rivals(cursor, _INSERT.format(**texts, otherwise=_OTHERWISE), self._names)
        cursor.execute(_LEFT.format(stage=self._stage.table))
        return bool(cursor.fetchone() == (0,))

    def place(self, cursor: CursorWrapper) -> None:
        """Put all on the list and tag them; of those who were known, remember who was, and what they were given."""
        cursor.execute(_TRACE.format(given="", of="pg_temp.contacts_known"), self._traced(TraceKind.KNOWN))
        gifts = [_Gift(TraceKind.TAGGED, tag_id, "contacts_tag_place", "tag_id") for tag_id in self._into.tag_ids]
        cursor.execute(_LOCK_LIST, self._names)
        for (list_id,) in cursor.fetchall():  # it may have been deleted since the import was confirmed
            gifts.append(_Gift(TraceKind.LISTED, list_id, "contacts_list_member", "contact_list_id"))
        is_ground = self._into.basis in FURTHER_GROUNDS
        if gifts or is_ground:
            lacks = "true" if is_ground else " OR ".join(gift.lacks("k.id") for gift in gifts)
            cursor.execute(_HOLD_KNOWN.format(lacks=lacks))
        if is_ground:
            cursor.execute(_GROUND, self._names | {"wishes": REFUSALS})
        for gift in sorted(gifts):
            names = self._traced(gift.kind) | {"of": gift.of}
            place = {"table": gift.table, "column": gift.column}
            # The known first: their ids are lower, and the indexes grow at their ends.
            given = _PLACE_KNOWN.format(**place, lacks=gift.lacks("h.id"), otherwise=_OTHERWISE)
            _insert_beside_rivals(cursor, _TRACE.format(given=given, of="given"), names)
            cursor.execute(_PLACE_NEW.format(**place), names)

    def counts(self, cursor: CursorWrapper) -> Counts:
        cursor.execute(_COUNTS, self._names)
        created, updated, grounded = cursor.fetchone()
        return Counts(created, updated, self._stage.suppressed(self._into.workspace_id), grounded)

    def _traced(self, kind: TraceKind) -> dict[str, Any]:
        return self._names | {"kind": kind.value, "size": TRACE_IDS}


def _insert_beside_rivals(cursor: CursorWrapper, statement: str, names: dict[str, Any]) -> None:
    """Run a statement that inserts; of rows that somebody else adds at this moment it leaves his.

    That is seldom, so that it is noticed by an error instead of being looked out for, which costs each row.
    """
    try:
        with transaction.atomic():
            cursor.execute(statement.replace(_OTHERWISE, ""), names)
    except IntegrityError:
        cursor.execute(statement.replace(_OTHERWISE, "ON CONFLICT DO NOTHING"), names)


_OTHERWISE = "contacts_otherwise"  # in place of what is to be done with a row that is there already

_PREPARE = """
SET LOCAL work_mem = '64MB'; SET LOCAL jit = off;
DROP TABLE IF EXISTS pg_temp.contacts_known, pg_temp.contacts_new, pg_temp.contacts_held;
CREATE TEMPORARY TABLE contacts_known (line integer, id bigint, differs boolean, wrote boolean) ON COMMIT DROP;
CREATE TEMPORARY TABLE contacts_new (id bigint) ON COMMIT DROP;
CREATE TEMPORARY TABLE contacts_held (id bigint) ON COMMIT DROP;
ANALYZE {stage} (email_key, line)
"""

# Who was inserted by a round before is not known: only new.
_KNOW = """
INSERT INTO pg_temp.contacts_known (line, id, differs, wrote)
SELECT s.line, c.id, {differs}, c.is_correspondent
  FROM {stage} s JOIN contacts_contact c ON c.workspace_id = %(workspace)s AND c.email_key = s.email_key
 WHERE c.origin_id IS DISTINCT FROM %(import)s
   AND NOT EXISTS (SELECT 1 FROM pg_temp.contacts_known k WHERE k.line = s.line)
"""

_HAS_CORRESPONDENTS = "SELECT EXISTS (SELECT 1 FROM pg_temp.contacts_known WHERE wrote)"

# With those who may change, in the order of their addresses, as imports lock them.
_HOLD_CORRESPONDENTS = """
SELECT count(*) FROM (
    SELECT c.id FROM pg_temp.contacts_known k JOIN contacts_contact c ON c.id = k.id
     WHERE k.differs OR k.wrote ORDER BY c.email_key FOR NO KEY UPDATE OF c
) AS held
"""

_STATE = """stated AS (
    UPDATE contacts_contact c SET is_correspondent = false
      FROM pg_temp.contacts_known k WHERE k.wrote AND c.id = k.id AND c.is_correspondent RETURNING c.id
), """

_RECORD = """
INSERT INTO contacts_import_change (contact_import_id, contact_id, updated_before, changes)
SELECT %(import)s, id, updated_at, changes
  FROM (SELECT c.id, c.updated_at, {values} AS changes
          FROM pg_temp.contacts_known k
          JOIN {stage} s ON s.line = k.line
          JOIN contacts_contact c ON c.id = k.id
         WHERE k.differs AND ({differs})
         ORDER BY c.email_key
           FOR NO KEY UPDATE OF c) AS locked
"""

# In the order of their ids, which is nearly that of the table: each page is read and written once.
_WRITE = """
UPDATE contacts_contact c SET {written}, updated_at = %(now)s
  FROM (SELECT h.contact_id, s.*
          FROM contacts_import_change h
          JOIN pg_temp.contacts_known k ON k.id = h.contact_id AND k.differs
          JOIN {stage} s ON s.line = k.line
         WHERE h.contact_import_id = %(import)s
         ORDER BY h.contact_id) s
 WHERE c.id = s.contact_id AND ({differs})
"""

_INSERT = """
WITH added AS (
    INSERT INTO contacts_contact (workspace_id, origin_id, created_at, updated_at, {columns})
    SELECT %(workspace)s, %(import)s, %(now)s, %(now)s, {values}
      FROM {stage} s
     WHERE NOT EXISTS (SELECT 1 FROM pg_temp.contacts_known k WHERE k.line = s.line)
     ORDER BY email_key
    {otherwise}
    RETURNING id
)
INSERT INTO pg_temp.contacts_new (id) SELECT id FROM added
"""

_LEFT = """
SELECT (SELECT count(*) FROM {stage}) - (SELECT count(*) FROM pg_temp.contacts_known)
     - (SELECT count(*) FROM pg_temp.contacts_new)
"""

# Ids that belong to this import, in rows of so many: a million of them take 8 MB.
_TRACE = """
WITH {given}numbered AS (
    SELECT id, (row_number() OVER (ORDER BY id) - 1) / %(size)s AS part FROM {of}
)
INSERT INTO contacts_import_trace (contact_import_id, kind, first_id, last_id, ids)
SELECT %(import)s, %(kind)s, min(id), max(id), array_agg(id ORDER BY id) FROM numbered GROUP BY part
"""

_LOCK_LIST = "SELECT id FROM contacts_list WHERE id = %(list)s AND workspace_id = %(workspace)s FOR KEY SHARE"

# Nobody but this transaction sees who is new: no lock is needed, and nothing can be there already.
_PLACE_NEW = """
INSERT INTO {table} ({column}, contact_id, added_at)
SELECT %(of)s, id, %(now)s FROM pg_temp.contacts_new ORDER BY id
"""

# Who is known may be deleted at this moment; a lock, as a foreign key takes it, makes one wait for the other.
_HOLD_KNOWN = """
INSERT INTO pg_temp.contacts_held (id)
SELECT c.id FROM pg_temp.contacts_known k JOIN contacts_contact c ON c.id = k.id
 WHERE {lacks} ORDER BY c.id FOR KEY SHARE OF c
"""

# Who has said no is not said to have agreed.
_GROUND = f"""
INSERT INTO contacts_ground (contact_import_id, contact_id, basis, stated_at)
SELECT %(import)s, c.id, %(basis)s, %(now)s
  FROM pg_temp.contacts_held h JOIN contacts_contact c ON c.id = h.id
 WHERE NOT {HAS_REFUSED}
 ORDER BY c.id
"""  # noqa: S608  # our own words

_PLACE_KNOWN = """given AS (
    INSERT INTO {table} ({column}, contact_id, added_at)
    SELECT %(of)s, h.id, %(now)s FROM pg_temp.contacts_held h WHERE {lacks} ORDER BY h.id
    {otherwise} RETURNING id
), """

_COUNTS = """
SELECT (SELECT count(*) FROM pg_temp.contacts_new),
       (SELECT count(*) FROM contacts_import_change WHERE contact_import_id = %(import)s),
       (SELECT count(*) FROM contacts_ground WHERE contact_import_id = %(import)s)
"""
