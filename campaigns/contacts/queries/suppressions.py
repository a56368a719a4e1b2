"""Who must not be written to."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from campaigns.contacts.models import Suppression
from campaigns.contacts.states import SuppressionScope
from outreach.accounts.access import Member
from outreach.kit.addresses import domain_and_parents

# One array for hundreds of values: an IN of the ORM's makes an expression of each of them.
_AMONG = "SELECT * FROM contacts_suppression WHERE workspace_id = %s AND value = ANY(%s)"


def suppressed_keys(workspace_id: int, keys: Collection[str]) -> dict[str, Suppression]:
    """Return, for each email_key that must not be written to, the row that forbids it; one query for all.

    A row about the address itself is told before one about its domain, a nearer domain before a farther one.
    """
    if not keys:
        return {}
    domains = {key: domain_and_parents(key.rpartition("@")[2]) for key in keys}
    values = {*keys, *(domain for chain in domains.values() for domain in chain)}
    rows = Suppression.objects.raw(_AMONG, [workspace_id, list(values)])
    found = {(row.scope, row.value): row for row in rows}
    if not found:
        return {}
    result: dict[str, Suppression] = {}
    for key, chain in domains.items():
        asked = ((SuppressionScope.ADDRESS, key), *((SuppressionScope.DOMAIN, domain) for domain in chain))
        if row := next((found[one] for one in asked if one in found), None):
            result[key] = row
    return result


def is_suppressed(workspace_id: int, key: str) -> bool:
    """Say whether the email_key must not be written to."""
    return bool(suppressed_keys(workspace_id, [key]))


def suppressed_condition(*, workspace: str, key: str, domain: str) -> str:
    """Return an SQL condition, true for addresses that must not be written to.

    workspace, key and domain are SQL expressions of the surrounding statement ("c.workspace_id",
    "c.email_key", "c.domain"), never values. One probe of the unique index for the address and one for each
    level of the domain.
    """
    return _CONDITION.format(workspace=workspace, key=key, parts=f"string_to_array({domain}, '.')")


_CONDITION = """EXISTS (
    SELECT 1 FROM contacts_suppression s
     WHERE s.workspace_id = {workspace}
       AND ((s.scope = 'address' AND s.value = {key})
            OR (s.scope = 'domain' AND s.value = ANY(ARRAY(
                SELECT array_to_string(({parts})[i:], '.')
                  FROM generate_series(1, cardinality({parts}) - 1) AS i))))
)"""


def suppressions_of(member: Member, *, search: str = "", reason: str = "") -> QuerySet[Suppression]:
    """Return the suppressions whose address or domain begins with `search`, for one reason or all."""
    rows = Suppression.objects.filter(workspace=member.workspace).select_related("created_by")
    if search:
        rows = rows.filter(value__startswith=search)
    return rows.filter(reason=reason) if reason else rows


def suppression_for(member: Member, suppression_id: int) -> Suppression:
    """Return the suppression. Raises Http404 for strangers."""
    return get_object_or_404(Suppression, workspace=member.workspace, pk=suppression_id)
