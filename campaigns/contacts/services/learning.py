"""Keep what a workspace has met at mail domains, and let the verdicts on addresses there follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from campaigns.contacts.core.catch_all import FEWEST, Experience, takes_any, total
from campaigns.contacts.models import DomainRecord
from campaigns.contacts.queries.verification import known_domains
from campaigns.contacts.services.checks import apply_verdicts
from outreach.kit import clock, statements
from outreach.kit.parts import in_parts

_AT_ONCE = 500  # domains of one transaction, whose contacts are locked together
# What stays as it is is not written anew each night.
_STORE = """
INSERT INTO contacts_domain_record AS r (workspace_id, domain, written, refused, takes_any, counted_at)
SELECT %s, v.domain, v.written, v.refused, v.takes_any, %s
  FROM unnest(%s::varchar[], %s::int[], %s::int[], %s::boolean[]) AS v(domain, written, refused, takes_any)
    ON CONFLICT (workspace_id, domain) DO UPDATE
   SET written = EXCLUDED.written, refused = EXCLUDED.refused, takes_any = EXCLUDED.takes_any,
       counted_at = EXCLUDED.counted_at
 WHERE (r.written, r.refused, r.takes_any) IS DISTINCT FROM (EXCLUDED.written, EXCLUDED.refused, EXCLUDED.takes_any)
"""


def learn(workspace_id: int, met: Mapping[str, Experience]) -> int:
    """Keep what was met at the domains of a workspace, all of it; returns at how many the verdict has changed.

    A domain that is not named any more is forgotten. Safe to repeat; each part is one transaction.
    """
    everywhere = total(met.values())
    rows = DomainRecord.objects.filter(workspace=workspace_id)
    before = dict(rows.values_list("domain", "takes_any"))
    telling = {domain: one for domain, one in met.items() if one.refused or one.written >= FEWEST}
    changed = 0
    for some in in_parts(sorted(before.keys() - telling.keys()), _AT_ONCE):
        with transaction.atomic():
            rows.filter(domain__in=some).delete()
            changed += _follow(workspace_id, [domain for domain in some if before[domain]])
    for some in in_parts(sorted(telling), _AT_ONCE):
        found = [telling[domain] for domain in some]
        verdicts = [takes_any(one, everywhere) for one in found]
        values = [[one.written for one in found], [one.refused for one in found], verdicts]
        with transaction.atomic():
            statements.run(_STORE, [workspace_id, clock.now(), list(some), *values])
            pairs = zip(some, verdicts, strict=True)
            changed += _follow(
                workspace_id, [domain for domain, is_any in pairs if is_any != before.get(domain, False)]
            )
    return changed


def _follow(workspace_id: int, changed: Sequence[str]) -> int:
    """Write the verdicts of the contacts at domains of which another thing is thought now; returns how many domains.

    A domain that was never looked up has no verdicts: its addresses wait for a check.
    """
    if changed:
        apply_verdicts(workspace_id, known_domains(changed))
    return len(changed)
