"""Numbers that are out in the world are never given a second time, also not by an older copy of the database."""

from __future__ import annotations

from outreach.kit import statements

# Tokens in messages name contacts, messages and links by their numbers, and hold for years. An older copy has forgotten
# the last that it gave: given again, somebody's opt-out or click would be another's.
_NAMED = ["contacts_contact", "outbox_message", "links_destination"]
_MORE = 10_000_000  # than any instance gives between a backup and its return
_SKIP = """
SELECT setval(s.name, nextval(s.name) + %s::bigint)
  FROM (SELECT pg_get_serial_sequence(t.name, 'id') AS name FROM unnest(%s::text[]) AS t(name)) s
"""


def skip_numbers() -> None:
    """Leave out what may have been given and forgotten. Holds at once, whatever becomes of the transaction."""
    statements.run(_SKIP, [_MORE, _NAMED])
