"""Learn from what became of messages which domains refuse unknown addresses, and which seem to take any."""

from __future__ import annotations

import logging

from campaigns.contacts.core.catch_all import Experience
from campaigns.contacts.core.kinds_of_address import is_free
from campaigns.contacts.services import learn
from outreach.accounts.models import Workspace
from outreach.kit import statements

# Who was written to three days ago has bounced by now, if ever; after a year a domain may have another server. Two
# campaigns may have written to the same person: addresses are counted, not messages. A server may refuse an address
# before there is a message (nothing was sent then), and its bounce may come behind the last message of a sequence.
_MET = """
SELECT c.domain, count(DISTINCT c.id), count(DISTINCT c.id) FILTER (WHERE r.is_refused)
  FROM sequences_campaign k
  JOIN planner_enrollment e ON e.campaign_id = k.id
  JOIN contacts_contact c ON c.id = e.contact_id
 CROSS JOIN LATERAL (
    SELECT e.stop_reason = 'bounced'
        OR EXISTS (SELECT 1 FROM ledger_event b WHERE b.contact_id = c.id AND b.kind = 'bounced_hard')
        OR EXISTS (SELECT 1 FROM contacts_suppression s
                    WHERE s.workspace_id = k.workspace_id AND s.scope = 'address' AND s.value = c.email_key
                      AND s.reason = 'no_such_address') AS is_refused
 ) r
 WHERE k.workspace_id = %s AND e.begun_at BETWEEN now() - interval '365 days' AND now() - interval '3 days'
   AND (e.last_sent_at IS NOT NULL OR r.is_refused) AND c.erased_at IS NULL
 GROUP BY c.domain
"""
logger = logging.getLogger(__name__)


def learn_from_outcomes() -> int:
    """Count for each workspace what its messages met; returns at how many domains the verdict has changed.

    Safe to run twice. A workspace that fails is logged, and the others learn.
    """
    changed = 0
    for pk in Workspace.objects.order_by("pk").values_list("pk", flat=True):
        try:
            changed += learn(pk, met_by(pk))
        except Exception:
            logger.exception("planner.learning_failed", extra={"workspace_id": pk})
    return changed


def met_by(workspace_id: int) -> dict[str, Experience]:
    """Return by domain how many addresses the workspace has written to, and how many of them do not exist.

    Free providers are left out: they are known to tell unknown addresses.
    """
    rows = statements.run(_MET, [workspace_id])
    return {domain: Experience(written, refused) for domain, written, refused in rows if not is_free(domain)}
