"""Check the addresses of a list: deal its domains out, look each up that is not known, write down what it means.

A check is done in batches. What a batch has found, the contacts that it concerns, and the batch's end are one
transaction: a worker that is killed anywhere leaves the domains of its batch to the next one, which goes on there. A
worker owns the check by a lease that each batch renews; whoever lost it writes nothing. No network is used inside a
transaction, and a slice lasts half a minute at most, so that a long check keeps no worker from other work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import F, Q

from campaigns.contacts.core.mail_domains import DomainVerdict, Known, known_after
from campaigns.contacts.core.verdicts import verdict_of
from campaigns.contacts.errors import NothingToCheck
from campaigns.contacts.lookup import look_up_all
from campaigns.contacts.models import AddressCheck, CheckedDomain, ContactList, MailDomain
from campaigns.contacts.queries.verification import known_domains, rows_of, takers_of_any
from campaigns.contacts.states import CheckState
from outreach.accounts.models import User
from outreach.kit import clock, statements
from outreach.kit.hints import hint_at
from outreach.kit.parts import in_parts
from outreach.kit.resolving import make_async_resolver

BATCH = 200  # domains
LEASE = timedelta(minutes=3)  # a batch that nobody answers takes 200 / 32 * 6 s
_SLICE_S = 30.0
_AT_ONCE = 5_000  # contacts of one statement
_AGAIN = timedelta(minutes=10)  # nobody else looks at a domain while one worker does

_DEAL = """
INSERT INTO contacts_check_domain (address_check_id, domain)
SELECT DISTINCT %s::bigint, c.domain
  FROM contacts_list_member m JOIN contacts_contact c ON c.id = m.contact_id
 WHERE m.contact_list_id = %s AND c.workspace_id = %s
"""
# By the index of domains, whose key is reversed.
_CONTACTS = """
SELECT c.id, c.email_key, c.verdict FROM contacts_contact c
 WHERE c.workspace_id = %s AND reverse(c.domain) = ANY(%s::varchar[])
"""
# Locked in the order in which imports lock them; whoever has got another address meanwhile is left alone.
_WRITE = """
WITH locked AS MATERIALIZED (
    SELECT c.id, v.verdict
      FROM unnest(%s::varchar[], %s::bigint[], %s::varchar[]) AS v(email_key, id, verdict)
      JOIN contacts_contact c ON c.id = v.id AND c.email_key = v.email_key
     ORDER BY c.email_key
       FOR NO KEY UPDATE OF c
)
UPDATE contacts_contact c SET verdict = locked.verdict FROM locked WHERE c.id = locked.id
"""
_TAKE_DUE = """
UPDATE contacts_mail_domain d SET look_at = %s
  FROM (SELECT domain FROM contacts_mail_domain WHERE verdict <> 'mail' AND look_at <= %s
         ORDER BY look_at LIMIT %s FOR UPDATE SKIP LOCKED) AS due
 WHERE d.domain = due.domain
RETURNING d.domain
"""
_WORKSPACES_AT = """
SELECT w.id FROM accounts_workspace w
 WHERE EXISTS (SELECT 1 FROM contacts_contact c WHERE c.workspace_id = w.id AND reverse(c.domain) = ANY(%s::varchar[]))
 ORDER BY w.id
"""


def start_check(row: ContactList, *, by: User | None = None, hint: bool = True) -> AddressCheck:
    """Check the addresses of a list; returns the check that runs already, if there is one. Raises NothingToCheck."""
    if row.workspace.time_scale > 1:
        raise NothingToCheck("The people of a sandbox live at domains that are in no DNS: there is nothing to check.")
    with transaction.atomic():
        ContactList.objects.select_for_update(no_key=True).get(pk=row.pk)
        running = AddressCheck.objects.filter(contact_list=row, state=CheckState.RUNNING).first()
        if running is not None:
            return running
        check = AddressCheck.objects.create(workspace=row.workspace, contact_list=row, created_by=by)
        if hint:
            transaction.on_commit(lambda: _hint(check.pk))
    return check


def cancel_check(row: AddressCheck) -> bool:
    """End a check; what it has found stays. False when it had ended."""
    with transaction.atomic():
        moved = AddressCheck.objects.filter(pk=row.pk, state=CheckState.RUNNING).update(
            state=CheckState.CANCELLED, finished_at=clock.now(), owner=None, lease_until=None
        )
        CheckedDomain.objects.filter(address_check=row.pk).delete()
    return bool(moved)


def run_check(check_id: int) -> None:
    """Go on with a check for half a minute, and hint the next slice. Safe to run twice, late or never."""
    row = _taken(check_id)
    if row is None:
        return
    ends = time.monotonic() + _SLICE_S
    if row.domains_total is None and not _deal(row):
        return
    while _do_batch(row):
        if time.monotonic() > ends:
            _let_go(row)
            _hint(row.pk)
            return


def sweep_checks() -> None:
    """Hint the checks that nobody works at: their worker died, or the hint was lost."""
    idle = AddressCheck.objects.filter(_is_free(clock.now()), state=CheckState.RUNNING)
    for pk in idle.values_list("pk", flat=True):
        _hint(pk)


def look_at(workspace_id: int, domains: Sequence[str]) -> None:
    """Look domains up that are not known, and write the verdicts of the workspace's contacts there. Safe to repeat."""
    for start in range(0, len(domains), BATCH):
        some = domains[start : start + BATCH]
        before = known_domains(some)
        now = clock.now()
        found = _looked_up([domain for domain in some if not _is_fresh(before.get(domain), now)], before)
        with transaction.atomic():
            _store(found)
            apply_verdicts(workspace_id, before | found)


def look_again() -> int:
    """Look up once more what is in doubt, unknown, or was found to take no mail a while ago. Returns how many."""
    now = clock.now()
    domains = [domain for (domain,) in statements.run(_TAKE_DUE, [now + _AGAIN, now, BATCH])]
    if not domains:
        return 0
    before = known_domains(domains)
    found = _looked_up(domains, before)
    with transaction.atomic():
        _store(found)
        changed = [domain for domain in domains if before[domain].verdict is not found[domain].verdict]
        if changed:
            mirrored = [domain[::-1] for domain in changed]
            for (workspace_id,) in statements.run(_WORKSPACES_AT, [mirrored]):
                apply_verdicts(workspace_id, {domain: found[domain] for domain in changed})
    return len(domains)


def _taken(check_id: int) -> AddressCheck | None:
    """Return the check, now owned by this worker; None where another works at it, or it is over."""
    owner, now = uuid4(), clock.now()
    rows = AddressCheck.objects.filter(_is_free(now), pk=check_id, state=CheckState.RUNNING)
    return AddressCheck.objects.get(pk=check_id) if rows.update(owner=owner, lease_until=now + LEASE) else None


def _is_free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def _keep(row: AddressCheck, **fields: object) -> bool:
    """Write to the check if it is still ours, and hold its row until the commit."""
    ours = AddressCheck.objects.filter(pk=row.pk, owner=row.owner, state=CheckState.RUNNING)
    return bool(ours.update(**{"lease_until": clock.now() + LEASE, **fields}))


def _let_go(row: AddressCheck) -> None:
    _keep(row, owner=None, lease_until=None)


def _deal(row: AddressCheck) -> bool:
    """Write down the domains of the list that are to be done; False where the check is not ours any more."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not _keep(row):
            return False
        cursor.execute(_DEAL, [row.pk, row.contact_list_id, row.workspace_id])
        return _keep(row, domains_total=cursor.rowcount)


def _do_batch(row: AddressCheck) -> bool:
    """Do the next domains of a check; False when none is left, or it is not ours any more."""
    left = CheckedDomain.objects.filter(address_check=row.pk).order_by("domain")
    domains = list(left.values_list("domain", flat=True)[:BATCH])
    if not domains:
        _keep(row, state=CheckState.DONE, finished_at=clock.now(), owner=None, lease_until=None)
        return False
    before = known_domains(domains)
    now = clock.now()
    asked = [domain for domain in domains if not _is_fresh(before.get(domain), now)]
    found = _looked_up(asked, before)
    with transaction.atomic():
        if not _keep(row, domains_done=F("domains_done") + len(domains)):
            return False
        _store(found)
        apply_verdicts(row.workspace_id, before | found)
        CheckedDomain.objects.filter(address_check=row.pk, domain__in=domains).delete()
    return True


def _is_fresh(known: Known | None, now: datetime) -> bool:
    """Say whether what is known need not be asked again; a person who checks wants open questions asked at once.

    A domain in doubt waits for its hour: the same name server would say the same out of its memory.
    """
    return known is not None and known.verdict is not DomainVerdict.UNKNOWN and known.look_at > now


def _looked_up(domains: Sequence[str], before: Mapping[str, Known]) -> dict[str, Known]:
    if not domains:
        return {}
    looks = asyncio.run(look_up_all(domains, make_async_resolver()))
    now = clock.now()
    return {domain: known_after(look, before.get(domain), now=now) for domain, look in looks.items()}


def _store(found: Mapping[str, Known]) -> None:
    """Write what is known of domains, in their order: two workers cannot wait for each other in a circle."""
    MailDomain.objects.bulk_create(
        rows_of(dict(found)),
        update_conflicts=True,
        unique_fields=["domain"],
        update_fields=["verdict", "reason", "hosts", "provider", "checked_at", "since", "look_at", "tries"],
    )


def apply_verdicts(workspace_id: int, known: Mapping[str, Known]) -> None:
    """Write the verdicts of a workspace's contacts at the domains, where they are others than before.

    Runs inside the caller's transaction.
    """
    if not known:
        return
    silent = takers_of_any(workspace_id, known)
    found = statements.run(_CONTACTS, [workspace_id, [domain[::-1] for domain in known]])
    changed = [
        (key, pk, verdict.value)
        for pk, key, before in found
        if (verdict := verdict_of(key, known[domain := key.rpartition("@")[2]], takes_any=domain in silent)) != before
    ]
    for some in in_parts(sorted(changed), _AT_ONCE):
        statements.run(_WRITE, [list(column) for column in zip(*some, strict=True)])


def _hint(check_id: int) -> None:
    """Wake a worker. Only a hint: the sweep finds the check when Redis is away."""
    hint_at("contacts.run_check", check_id, "check")
