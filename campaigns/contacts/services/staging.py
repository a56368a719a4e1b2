"""Where the good rows of an import wait until all are read: a table of its own, which a killed worker leaves behind.

It is UNLOGGED: as cheap to write as a temporary one, kept when a worker dies, emptied when PostgreSQL itself did;
whoever goes on counts it first. It is no model: its columns are those of the file, and it goes with the import's end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from django.db import connection

from campaigns.contacts.queries.suppressions import wildcard_condition
from campaigns.contacts.services.comparing import FIELDS, TEXTS

_KEYS = ("email", "email_key", "domain")
# Byte order as in the contacts table: sorting and joining then need no locale.
_TYPES = {"email_key": 'varchar COLLATE "C"', "domain": 'varchar COLLATE "C"', FIELDS: "jsonb"}
_NAME = "contacts_stage_"
_THIS = "contacts_this_stage"  # in place of the name of a table, where other braces may stand
_AT_ONCE = 1_000
_KEYS_AT_ONCE = 10_000


class Stage:
    """The staged rows of one import, each with its line."""

    def __init__(self, import_id: int, columns: Sequence[str]) -> None:
        unknown = set(columns) - {*_KEYS, *TEXTS, FIELDS}
        assert not unknown, unknown  # the names go into SQL
        self.import_id = import_id
        self.columns = tuple(columns)
        self.table = f"{_NAME}{import_id:d}"
        self._typed = ", ".join(["line integer", *(f"{name} {_TYPES.get(name, 'varchar')}" for name in columns)])

    def create(self) -> None:
        """Make the table, empty. What another attempt has left is gone."""
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {self.table}")
            cursor.execute(f"CREATE UNLOGGED TABLE {self.table} ({self._typed}) WITH (autovacuum_enabled = false)")

    def holds(self, rows: int) -> bool:
        """Say whether the table is there with so many rows."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s)", [self.table])
            if cursor.fetchone() == (None,):
                return False
            cursor.execute(f"SELECT count(*) FROM {self.table}")  # noqa: S608  our own name
            return bool(cursor.fetchone() == (rows,))

    def drop(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {self.table}")

    def addresses(self) -> Iterator[str]:
        """Yield the key of each row's address. Must run inside a transaction."""
        with connection.cursor() as cursor:
            cursor.execute(f"DECLARE staged NO SCROLL CURSOR FOR SELECT email_key FROM {self.table}")  # noqa: S608
            while True:
                cursor.execute(f"FETCH {_KEYS_AT_ONCE} FROM staged")
                found = cursor.fetchall()
                if not found:
                    break
                yield from (key for (key,) in found)
            cursor.execute("CLOSE staged")

    def add(self, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
        """Stage rows whose values come in the order of the columns and hold no control characters."""
        texts = map("\t".join, rows)
        statement = f"COPY {self.table} ({', '.join(self.columns)}, line) FROM STDIN"
        _copy(statement, [f"{text}\t{line}" for text, line in zip(texts, lines, strict=True)])

    def reject(self, rows: Sequence[tuple[int, str, str]]) -> None:
        """Store rejected rows: line, cause, original. Without a cause they are suspects, which settle() judges."""
        lines = [f"{self.import_id}\t{line}\t{_escaped(cause[:300])}\t{_escaped(raw)}" for line, cause, raw in rows]
        statement = "COPY contacts_rejected_row (contact_import_id, line, cause, original) FROM STDIN"
        _copy(statement, lines, escape=False)

    def suppressed(self, workspace_id: int) -> int:
        """Return how many of the staged rows are people whom the workspace never writes to."""
        with connection.cursor() as cursor:
            cursor.execute(_SUPPRESSED.replace(_THIS, self.table), {"workspace": workspace_id})
            (count,) = cursor.fetchone()
        return int(count)

    def settle(self, place: str) -> int:
        """Reject the suspects whose address stands further up, and forget the others; returns how many were rejected.

        The first row of an address counts; later ones name its line. Must run inside a transaction.
        """
        names: dict[str, Any] = {"import": self.import_id, "words": f"Same address as {place} "}
        with connection.cursor() as cursor:
            cursor.execute(_REPEATED.format(table=self.table), names)
            cursor.execute(_UNSTAGE.format(table=self.table), names)
            unstaged = int(cursor.rowcount)
            cursor.execute(_FORGET, names)
        return unstaged


class PassingStage(Stage):
    """A stage of this session alone, for one batch after the other."""

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__(0, columns)
        self.table = "pg_temp.contacts_stage"

    def __enter__(self) -> Self:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {self.table}")
            cursor.execute(f"CREATE TEMPORARY TABLE contacts_stage ({self._typed})")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or (connection.connection is not None and not connection.connection.broken):
            self.drop()


def staged_imports() -> list[int]:
    """Return the ids of the imports that have such a table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname ~ %s AND relkind = 'r'", [f"^{_NAME}[0-9]+$"])
        return [int(name.removeprefix(_NAME)) for (name,) in cursor.fetchall()]


_REPEATED = """
WITH suspect AS (
    SELECT r.id, r.line, s.email_key FROM contacts_rejected_row r JOIN {table} s ON s.line = r.line
     WHERE r.contact_import_id = %(import)s AND r.cause = ''
), first AS (
    SELECT email_key, min(line) AS line FROM {table}
     WHERE email_key IN (SELECT email_key FROM suspect) GROUP BY email_key
)
UPDATE contacts_rejected_row r SET cause = %(words)s || first.line || '.'
  FROM suspect JOIN first ON first.email_key = suspect.email_key AND first.line < suspect.line
 WHERE r.id = suspect.id
"""

_UNSTAGE = """
DELETE FROM {table} s USING contacts_rejected_row r
 WHERE r.contact_import_id = %(import)s AND r.cause <> '' AND r.line = s.line
"""

_FORGET = "DELETE FROM contacts_rejected_row WHERE contact_import_id = %(import)s AND cause = ''"


def _copy(statement: str, lines: Sequence[str], *, escape: bool = True) -> None:
    """Send lines in COPY's text format; escape doubles backslashes, all that clean values may need."""
    if not lines:
        return
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(lines), _AT_ONCE):
            text = "\n".join(lines[start : start + _AT_ONCE]) + "\n"
            if escape and "\\" in text:
                text = text.replace("\\", "\\\\")
            copy.write(text)


def _escaped(text: str) -> str:
    """Return any text as a value of COPY's text format."""
    return text.translate(_ESCAPES)


_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\ufffd"})

_WILDCARDS = "SELECT value FROM rules WHERE scope = 'wildcard'"
_SUPPRESSED = f"""
WITH rules AS (
    SELECT scope, value FROM contacts_suppression WHERE workspace_id = %(workspace)s
), barred AS (
    SELECT d.domain FROM (SELECT DISTINCT domain FROM {_THIS}) d
     WHERE EXISTS (SELECT 1 FROM rules WHERE scope = 'domain')
       AND EXISTS (
           SELECT 1 FROM generate_series(1, cardinality(string_to_array(d.domain, '.')) - 1) AS i
             JOIN rules r ON r.scope = 'domain'
              AND r.value = array_to_string((string_to_array(d.domain, '.'))[i:], '.'))
)
SELECT count(*) FROM {_THIS}
 WHERE email_key IN (SELECT value FROM rules WHERE scope = 'address') OR domain IN (SELECT domain FROM barred)
    OR (EXISTS (SELECT 1 FROM rules WHERE scope = 'wildcard')
        AND {wildcard_condition(key="email_key", domain="domain", values=_WILDCARDS)})
"""  # noqa: S608  # a condition of our own
