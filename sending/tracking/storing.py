"""Write hits: many in one statement, each once."""

from __future__ import annotations

from collections.abc import Sequence

from outreach.kit import statements
from sending.tracking import buffer
from sending.tracking.hits import Seen

_BATCH = 2_000
# Of whoever opted out or was erased nothing is kept, nor of messages that are gone.
_STORE = """
INSERT INTO tracking_hit (id, workspace_id, message_id, contact_id, kind, link, at, method, agent, network, hint)
SELECT h.id, m.workspace_id, m.id, m.contact_id, h.kind, h.link, h.at, h.method, h.agent, h.network, h.hint
  FROM unnest(%s::uuid[], %s::varchar[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::varchar[], %s::varchar[],
              %s::varchar[], %s::varchar[]) AS h(id, kind, message_id, link, at, method, agent, network, hint)
  JOIN outbox_message m ON m.id = h.message_id
  JOIN contacts_contact c ON c.id = m.contact_id
 WHERE c.erased_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM contacts_suppression s
                    WHERE s.workspace_id = m.workspace_id AND s.scope = 'address' AND s.value = c.email_key
                      AND s.reason IN ('opted_out', 'complained'))
ON CONFLICT (id) DO NOTHING
RETURNING id
"""


def store(hits: Sequence[Seen]) -> int:
    """Write hits; returns how many are news. The same hit a second time is none."""
    if not hits:
        return 0
    columns = [
        [hit.id for hit in hits],
        [hit.kind for hit in hits],
        [hit.message_id for hit in hits],
        [hit.number for hit in hits],
        [hit.at for hit in hits],
        [hit.method for hit in hits],
        [hit.agent for hit in hits],
        [hit.network for hit in hits],
        [hit.hint for hit in hits],
    ]
    return len(statements.run(_STORE, columns))


def flush(*, most_rounds: int = 50) -> int:
    """Write what is in Redis, in batches; returns how many hits are news.

    An entry is dropped when its hits are committed. Whoever dies between the two leaves entries that are read again,
    and whose hits are known: nothing is lost, nothing is counted twice. Several at once do no harm.
    """
    written = 0
    for _ in range(most_rounds):
        ids, hits = buffer.take(_BATCH)
        written += store(hits)
        buffer.drop(ids)
        if len(ids) < _BATCH:
            break
    return written


HITS = buffer.Buffer(store)  # of this process
