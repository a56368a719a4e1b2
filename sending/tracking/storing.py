"""Write hits: many in one statement, each once."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connections

from campaigns.contacts.queries import SOMEBODY_REFUSES
from outreach.kit import statements
from sending.planner.claim.refusals import Refusals
from sending.tracking import buffer
from sending.tracking.hits import Seen

MOST_OF_A_KIND = 1_000  # hits that are kept of one message: whoever has an address of ours may ask for ever
_ENTRIES = 20  # of 100 hits at most, for one statement
# Of whoever opted out or was erased nothing is kept, nor of messages that are gone. What is read again, since a worker
# died before it dropped it, stands among those that are kept already, and takes no second place.
_STORE = """
WITH h AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY message_id, kind ORDER BY at) AS place
      FROM unnest(%(ids)s::uuid[], %(kinds)s::varchar[], %(messages)s::bigint[], %(links)s::bigint[],
                  %(instants)s::timestamptz[], %(methods)s::varchar[], %(agents)s::varchar[], %(networks)s::varchar[],
                  %(hints)s::varchar[]) AS h(id, kind, message_id, link, at, method, agent, network, hint)
     WHERE NOT EXISTS (SELECT FROM tracking_hit k WHERE k.id = h.id)
), known AS MATERIALIZED (
    SELECT one.message_id, one.kind, (
        SELECT count(*) FROM (
            SELECT FROM tracking_hit k WHERE k.message_id = one.message_id AND k.kind = one.kind LIMIT %(most)s::integer
        ) k) AS kept
      FROM (SELECT DISTINCT message_id, kind FROM h) one
)
INSERT INTO tracking_hit (id, workspace_id, message_id, contact_id, kind, link, at, method, agent, network, hint)
SELECT h.id, m.workspace_id, m.id, m.contact_id, h.kind, h.link, h.at, h.method, h.agent, h.network, h.hint
  FROM h
  JOIN known ON known.message_id = h.message_id AND known.kind = h.kind
  JOIN outbox_message m ON m.id = h.message_id
  JOIN contacts_contact c ON c.id = m.contact_id
 WHERE known.kept + h.place <= %(most)s::integer
   AND c.erased_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM contacts_suppression s
                    WHERE s.workspace_id = m.workspace_id AND s.scope = 'address' AND s.value = c.email_key
                      AND s.reason IN ('opted_out', 'complained'))
ON CONFLICT (id) DO NOTHING
RETURNING id
"""
# Messages of workspaces in which somebody refuses a sender.
_MAY_BE_REFUSED = f"""
SELECT m.id, m.mailbox_id, c.workspace_id, c.email_key
  FROM outbox_message m
  JOIN contacts_contact c ON c.id = m.contact_id
 WHERE m.id = ANY(%s::bigint[])
   AND {SOMEBODY_REFUSES.format(workspace="c.workspace_id")}
"""  # noqa: S608  # our own words


def store(hits: Sequence[Seen]) -> int:
    """Write hits; returns how many are news.

    One that is known is none, nor one too many of its message and kind, nor one of who wants no more from the sender.
    """
    refused = _refused({hit.message_id for hit in hits}) if hits else set()
    hits = [hit for hit in hits if hit.message_id not in refused]
    if not hits:
        return 0
    values = {
        "ids": [hit.id for hit in hits],
        "kinds": [hit.kind for hit in hits],
        "messages": [hit.message_id for hit in hits],
        "links": [hit.number for hit in hits],
        "instants": [hit.at for hit in hits],
        "methods": [hit.method for hit in hits],
        "agents": [hit.agent for hit in hits],
        "networks": [hit.network for hit in hits],
        "hints": [hit.hint for hit in hits],
        "most": MOST_OF_A_KIND,
    }
    return len(statements.run(_STORE, values))


def flush(*, most_rounds: int = 100) -> int:
    """Write what is in Redis, in batches; returns how many hits are news.

    An entry is dropped when its hits are committed. Whoever dies between the two leaves entries that are read again,
    and whose hits are known: nothing is lost, nothing is counted twice. Several at once do no harm.
    """
    written = 0
    for _ in range(most_rounds):
        ids, hits = buffer.take(_ENTRIES)
        written += store(hits)
        buffer.drop(ids)
        if len(ids) < _ENTRIES:
            break
    return written


def _refused(message_ids: set[int]) -> set[int]:
    """Return the messages whose recipient wants no more from the mailbox that wrote."""
    rows = statements.run(_MAY_BE_REFUSED, [sorted(message_ids)])
    refusals = Refusals({(workspace_id, key) for _, _, workspace_id, key in rows})
    return {pk for pk, mailbox_id, workspace_id, key in rows if refusals.words(mailbox_id, (workspace_id, key))}


HITS = buffer.Buffer(store, at_rest=connections.close_all)  # of this process
