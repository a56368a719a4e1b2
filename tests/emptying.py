"""Empty the database after a test that has committed: only the tables that hold something, a fifth of Django's time.

Django truncates every table, 60 of which are empty, and makes content types and permissions anew.
"""

from __future__ import annotations

from django.db import connection
from django.test import TransactionTestCase

# What migrations leave behind.
_KEPT = ("django_migrations", "django_content_type", "auth_permission")
# A table has no bytes until the first row since it was truncated; those that were emptied by DELETE keep theirs.
_USED = """
SELECT quote_ident(relname), pg_relation_size(oid)
  FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0 AND relname <> ALL(%s)
"""
_BIG_BYTES = 1_000_000  # whose dead rows would be in the way of later tests


def truncate_little() -> None:
    """Let tests with transactions of their own leave an empty database without truncating all of it each time."""
    setattr(TransactionTestCase, "_fixture_teardown", lambda _: _empty())  # noqa: B010  # not a public name


def _empty() -> None:
    connection.close()  # whatever the test has left it in
    with connection.cursor() as cursor:
        cursor.execute(_USED, [list(_KEPT)])
        used = dict(cursor.fetchall())
        if not used:
            return
        if max(used.values()) > _BIG_BYTES:
            cursor.execute(f"TRUNCATE {', '.join(used)} CASCADE")
            return
        deletes = "; ".join(f"DELETE FROM {table}" for table in used)  # noqa: S608  # names of our own tables
        # As a replica: without foreign keys and the triggers that forbid it.
        cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes}; COMMIT")
