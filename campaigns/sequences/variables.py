"""Which variables a wording may use in a workspace."""

from __future__ import annotations

from django.db import connection

from campaigns.templating import STANDARD

# Whoever writes values makes their fields known, so what only contacts carry is old; a page is typed in while this is
# asked, and thousands of contacts are not read for each pause of a hand.
_CUSTOM = """
SELECT name FROM contacts_custom_field WHERE workspace_id = %(workspace)s
 UNION
SELECT jsonb_object_keys(fields)
  FROM (SELECT fields FROM contacts_contact
         WHERE workspace_id = %(workspace)s AND fields <> '{}' ORDER BY id DESC LIMIT 1000) c
"""


def known_variables(workspace_id: int) -> frozenset[str]:
    """Return the standard variables, the custom fields, and what the newest 1,000 contacts carry beside them."""
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOM, {"workspace": workspace_id})
        return frozenset(STANDARD) | {name for (name,) in cursor.fetchall()}
