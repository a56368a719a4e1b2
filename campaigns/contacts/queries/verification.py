"""What is known of addresses and of the domains they are at."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from campaigns.contacts.core.catch_all import Experience, words
from campaigns.contacts.core.mail_domains import DomainReason, DomainVerdict, Known
from campaigns.contacts.core.providers import LABELS, Provider
from campaigns.contacts.core.verdicts import address_words, domain_words
from campaigns.contacts.models import AddressCheck, Contact, ContactList, DomainRecord, MailDomain
from campaigns.contacts.queries.suppressions import SUPPRESSED_CONTACTS
from campaigns.contacts.states import SuppressionReason, SuppressionScope
from outreach.accounts.access import Member
from outreach.kit import statements

# One array for hundreds of domains, prepared: each claim asks it.
_KNOWN = """
SELECT domain, verdict, reason, checked_at, since, look_at, hosts, provider, tries FROM contacts_mail_domain
 WHERE domain = ANY(%s::varchar[])
"""
_PROVIDERS = """
SELECT domain, provider FROM contacts_mail_domain
 WHERE domain = ANY(%s::varchar[]) AND verdict = 'mail' AND provider NOT IN ('', 'other')
"""
_TAKERS = """
SELECT domain FROM contacts_domain_record
 WHERE workspace_id = %s AND domain = ANY(%s::varchar[]) AND takes_any
"""
SUPPRESSED = "suppressed"  # beside the verdicts: who is not written to, whatever the address is
_HEALTH = f"""
SELECT CASE WHEN b.id IS NULL THEN c.verdict ELSE 'suppressed' END, count(*)
  FROM contacts_contact c
  LEFT JOIN (SELECT DISTINCT id FROM ({SUPPRESSED_CONTACTS}) AS s) AS b ON b.id = c.id
 WHERE c.workspace_id = %(workspace)s
   AND c.id IN (SELECT m.contact_id FROM contacts_list_member m WHERE m.contact_list_id = ANY(%(lists)s::bigint[]))
 GROUP BY 1
"""  # noqa: S608  # a statement of our own
# The same of whomever another query names; it is not prepared, as that is another one each time.
_HEALTH_OF = """
SELECT CASE WHEN b.id IS NULL THEN c.verdict ELSE 'suppressed' END, count(*)
  FROM contacts_contact c
  LEFT JOIN (SELECT DISTINCT id FROM ({suppressed}) AS s) AS b ON b.id = c.id
 WHERE c.workspace_id = %s AND c.id IN ({people})
 GROUP BY 1
"""
# How far a domain's refusals are looked for: the first says all that is asked.
_REFUSED = """
SELECT count(*) FROM (
    SELECT 1 FROM contacts_contact c
      JOIN contacts_suppression s ON s.workspace_id = c.workspace_id AND s.scope = %s AND s.value = c.email_key
     WHERE c.workspace_id = %s AND reverse(c.domain) = reverse(%s::varchar) AND s.reason = %s
     LIMIT 100) AS counted
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one address, in words, for its page."""

    domain_words: str
    address_words: list[str]
    checked_at: datetime | None
    look_at: datetime | None  # when an open question is asked again
    provider: str
    refused: int  # addresses at the domain of which we were told that they do not exist
    met: str  # what became of messages to the domain, in words


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """How far a check is."""

    percent: int
    left: int


def known_domains(domains: Iterable[str]) -> dict[str, Known]:
    """Return what is known of those of the domains that were ever looked up; one query for all."""
    wanted = sorted(set(domains))
    return {row[0]: _known(*row[1:]) for row in statements.run(_KNOWN, [wanted])} if wanted else {}


def providers_of(domains: Iterable[str]) -> dict[str, str]:
    """Return who receives the mail of domains, by what their exchangers have told; the others are absent."""
    wanted = sorted(set(domains))
    return dict(statements.run(_PROVIDERS, [wanted])) if wanted else {}


def takers_of_any(workspace_id: int, domains: Iterable[str]) -> frozenset[str]:
    """Return those of the domains that seem to take mail for any address; one query for all."""
    wanted = sorted(set(domains))
    return frozenset(domain for (domain,) in statements.run(_TAKERS, [workspace_id, wanted])) if wanted else frozenset()


def facts_of(contact: Contact) -> Facts:
    """Return what is known of a contact's address."""
    known = known_domains([contact.domain]).get(contact.domain)
    is_open = known is not None and known.verdict in {DomainVerdict.DOUBTED, DomainVerdict.UNKNOWN}
    with connection.cursor() as cursor:
        cursor.execute(
            _REFUSED,
            [SuppressionScope.ADDRESS, contact.workspace_id, contact.domain, SuppressionReason.NO_SUCH_ADDRESS],
        )
        (refused,) = cursor.fetchone()
    return Facts(
        domain_words=domain_words(contact.domain, known),
        address_words=address_words(contact.email_key),
        checked_at=known.checked_at if known else None,
        look_at=known.look_at if known and is_open else None,
        provider=LABELS[known.provider] if known and known.provider else "",
        refused=refused,
        met=_met(contact),
    )


def _met(contact: Contact) -> str:
    row = DomainRecord.objects.filter(workspace=contact.workspace_id, domain=contact.domain).first()
    return words(row.domain, Experience(row.written, row.refused), is_any=row.takes_any) if row else ""


def verdict_counts(workspace_id: int, list_ids: Collection[int]) -> dict[str, int]:
    """Return how many people of the lists have each verdict, everybody once.

    "" = never checked; SUPPRESSED = they are never written to, whatever the verdict.
    """
    return dict(statements.run(_HEALTH, {"workspace": workspace_id, "lists": sorted(list_ids)}))


def verdict_counts_among(workspace_id: int, ids: QuerySet[Any, Any]) -> dict[str, int]:
    """Return the same of the contacts of whom `ids` is the query."""
    people, inside = ids.query.sql_with_params()
    suppressed = SUPPRESSED_CONTACTS.replace("%(workspace)s", "%s")
    values = [workspace_id] * (suppressed.count("%s") + 1)
    with connection.cursor() as cursor:
        cursor.execute(_HEALTH_OF.format(suppressed=suppressed, people=people), [*values, *inside])
        return dict(cursor.fetchall())


def check_for(member: Member, check_id: int) -> AddressCheck:
    """Return the check. Raises Http404 for strangers."""
    rows = AddressCheck.objects.select_related("contact_list")
    return get_object_or_404(rows, workspace=member.workspace, pk=check_id)


def last_check_of(row: ContactList) -> AddressCheck | None:
    """Return the newest check of a list, running or not."""
    return AddressCheck.objects.filter(contact_list=row).order_by("-pk").first()


def check_progress_of(row: AddressCheck) -> CheckProgress:
    """Return how much of a check is done; nothing while its domains are not dealt out."""
    if row.domains_total is None:
        return CheckProgress(0, 0)
    left = max(row.domains_total - row.domains_done, 0)
    return CheckProgress(round(100 * row.domains_done / row.domains_total) if row.domains_total else 100, left)


def _known(  # noqa: PLR0913, PLR0917  # the columns of one row
    verdict: str, reason: str, checked_at: datetime, since: datetime, look_at: datetime,
    hosts: list[str], provider: str, tries: int,
) -> Known:  # fmt: skip
    return Known(
        DomainVerdict(verdict),
        DomainReason(reason),
        checked_at,
        since,
        look_at,
        tuple(hosts),
        Provider(provider) if provider else None,
        tries,
    )


def columns_of(domain: str, known: Known) -> dict[str, Any]:
    """Return the columns of a domain's row."""
    return {
        "domain": domain,
        "verdict": known.verdict.value,
        "reason": known.reason.value,
        "hosts": list(known.hosts),
        "provider": known.provider.value if known.provider else "",
        "checked_at": known.checked_at,
        "since": known.since,
        "look_at": known.look_at,
        "tries": known.tries,
    }


def rows_of(found: dict[str, Known]) -> list[MailDomain]:
    """Return the rows of domains, in the one order in which they are written."""
    return [MailDomain(**columns_of(domain, found[domain])) for domain in sorted(found)]
