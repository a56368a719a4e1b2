"""Marks that the database has lost although their courier lives: a replica that lagged took over, with older rows."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from outreach.env import env
from outreach.kit import statements
from outreach.kit.commits import after_commit
from sending.guard.services import found_older
from sending.outbox.jobs import Letter

log = logging.getLogger(__name__)

# What has left was marked. A message that stands as before its mark would leave a second time, also by another attempt
# that has claimed it meanwhile; of what a person has had sent again, other attempts know nothing about this one.
_PUT_BACK = """
UPDATE outbox_message m
   SET state = 'dot_pending', attempt = v.attempt, dot_at = now(), retry_at = NULL, lease_until = now()
  FROM unnest(%s::bigint[], %s::uuid[]) AS v(id, attempt)
 WHERE m.id = v.id AND (m.state = 'claimed' AND m.attempt = v.attempt
                        OR m.state IN ('claimed', 'deferred') AND m.again_at IS NULL)
RETURNING m.id
"""
# A message goes with its person: where it is gone and they are not, its claim is lost, too.
_HAS_LOST_CLAIMS = """
SELECT EXISTS (SELECT FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, enrollment_id)
                 JOIN planner_enrollment e ON e.id = v.enrollment_id
                WHERE NOT EXISTS (SELECT FROM outbox_message m WHERE m.id = v.id))
"""


def put_back(left: Sequence[Letter]) -> set[int]:
    """Set the lost marks of letters anew whose attempts have left and hold their messages no more. Returns their ids.

    Such a database may have lost more: nothing is sent from it until the journals are read and a person has looked.
    Runs inside the caller's transaction.
    """
    if not left:
        return set()
    ids = [one.pk for one in left]
    found = {pk for (pk,) in statements.run(_PUT_BACK, [ids, [one.attempt for one in left]])}
    [(has_lost_claims,)] = statements.run(_HAS_LOST_CLAIMS, [ids, [one.enrollment_id for one in left]])
    if found or has_lost_claims:
        log.error("outbox.database_is_older marks=%s", len(found))
        after_commit(found_older, env().journal_dir)
    return found
