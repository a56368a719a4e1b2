"""Who must not be written to. This is the one place where an address becomes the keys that are looked up."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, BooleanField, F, Func, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.sql.compiler import SQLCompiler
from django.http import Http404
from django.shortcuts import get_object_or_404

from campaigns.contacts.core.suppressing import (
    domain_above_in_sql,
    domains_in_sql,
    parse_rule,
    usual_keys,
    wildcard_keys,
    wildcard_of_name_in_sql,
    wildcards_in_sql,
)
from campaigns.contacts.models import LiftedSuppression, Suppression
from campaigns.contacts.prints import erased_keys, prints_of, refusing_prints
from campaigns.contacts.states import SuppressionScope
from outreach.accounts.access import Member
from outreach.kit import statements
from outreach.kit.loading import Columns, load

# One array for hundreds of values: an IN of the ORM's makes an expression of each of them.
_SUPPRESSION = Columns(Suppression, "s")
_PROBE = f"""
(SELECT {_SUPPRESSION.text} FROM contacts_suppression s
  WHERE s.workspace_id = %(workspace)s AND s.scope = '{{scope}}' ORDER BY s.value LIMIT 1)
"""  # noqa: S608  # our own words
# Along with what is asked, one each of the scopes of which most workspaces have none: nearly always that is all.
_AMONG = f"""
SELECT {_SUPPRESSION.text} FROM contacts_suppression s
 WHERE s.workspace_id = %(workspace)s AND s.value = ANY(%(values)s::varchar[])
 UNION ALL {_PROBE.format(scope=SuppressionScope.WILDCARD.value)}
 UNION ALL {_PROBE.format(scope=SuppressionScope.ERASED.value)}
"""  # noqa: S608  # our own words
_RARELY = (SuppressionScope.WILDCARD, SuppressionScope.ERASED)
# Whether a workspace has any of a scope. In the order of the index, which makes it one probe: that none is there would
# else be found by reading all of them.
_HAS_ANY = """(SELECT true FROM contacts_suppression s
         WHERE s.workspace_id = {workspace} AND s.scope = {scope} ORDER BY s.value LIMIT 1)"""
# In statements, of the column of a workspace: whether anybody there refuses a sender. Hardly one is such.
SOMEBODY_REFUSES = _HAS_ANY.format(workspace="{workspace}", scope="'sender'")
_RARE = f"""
SELECT w.id, v.scope
  FROM unnest(%s::bigint[]) AS w(id)
 CROSS JOIN (VALUES ('wildcard'::varchar), ('erased'::varchar), ('sender'::varchar)) AS v(scope)
 WHERE {_HAS_ANY.format(workspace="w.id", scope="v.scope")}
"""  # noqa: S608  # our own words
# Of each print whatever stands behind it: the senders that its address refuses.
_REFUSING = f"""
SELECT {_SUPPRESSION.text}
  FROM unnest(%(workspaces)s::bigint[], %(prints)s::varchar[]) AS a(workspace_id, print)
  JOIN contacts_suppression s
    ON s.workspace_id = a.workspace_id AND s.scope = 'sender'
   AND s.value >= a.print || ':' AND s.value < a.print || ';'
"""  # noqa: S608  # our own words
# The other way round, from the rules to the contacts, by the indexes of their addresses and domains.
SUPPRESSED_CONTACTS = """
SELECT c.id FROM contacts_suppression s
  JOIN contacts_contact c ON c.workspace_id = s.workspace_id AND c.email_key = s.value
 WHERE s.workspace_id = %(workspace)s AND s.scope = 'address'
 UNION ALL
SELECT c.id FROM contacts_suppression s
  JOIN contacts_contact c ON c.workspace_id = s.workspace_id AND reverse(c.domain) = reverse(s.value)
 WHERE s.workspace_id = %(workspace)s AND s.scope = 'domain'
 UNION ALL
SELECT c.id FROM contacts_suppression s
  JOIN contacts_contact c ON c.workspace_id = s.workspace_id
   AND reverse(c.domain) >= reverse(s.value) || '.' AND reverse(c.domain) < reverse(s.value) || '/'
 WHERE s.workspace_id = %(workspace)s AND s.scope = 'domain'
 UNION ALL
SELECT c.id FROM contacts_suppression s
  JOIN contacts_contact c ON c.workspace_id = s.workspace_id
   AND reverse(c.domain) >= reverse(substr(s.value, 4)) AND reverse(c.domain) < reverse(substr(s.value, 5)) || '/'
 WHERE s.workspace_id = %(workspace)s AND s.scope = 'wildcard' AND starts_with(s.value, '*@*.')
 UNION ALL
SELECT c.id FROM contacts_suppression s
  JOIN contacts_contact c ON c.workspace_id = s.workspace_id
   AND c.email_key >= split_part(s.value, '*', 1) AND c.email_key < rtrim(split_part(s.value, '*', 1), '@') || 'A'
   AND right(c.email_key, length(split_part(s.value, '*', 2))) = split_part(s.value, '*', 2)
 WHERE s.workspace_id = %(workspace)s AND s.scope = 'wildcard' AND NOT starts_with(s.value, '*@*.')
"""
_ASKED = "%(workspace)s"
# Of one contact, without joining. Most domains have two above them at most that a rule may name; each of those looks is
# done in a table that is made once, for thousands of rows, or by a probe of the index, for a few, as PostgreSQL sees
# fit. Deep domains and wildcards, which are rare, stand behind a guard; whether there are wildcards is found out once.
_IS_SUPPRESSED = """(
    {address} OR {domain} OR {above} OR {above_that}
 OR (strpos({further}, '.') > 0 AND EXISTS (
        SELECT 1 FROM contacts_suppression s
         WHERE s.workspace_id = {workspace} AND s.scope = 'domain' AND s.value = ANY({domains})))
 OR (EXISTS (SELECT 1 FROM contacts_suppression s WHERE s.workspace_id = {workspace} AND s.scope = 'wildcard')
     AND ({name} OR (
        EXISTS (SELECT 1 FROM contacts_suppression s
                 WHERE s.workspace_id = {workspace} AND s.scope = 'wildcard' AND strpos(s.value, '@*.') > 0)
        AND EXISTS (SELECT 1 FROM contacts_suppression s
                     WHERE s.workspace_id = {workspace} AND s.scope = 'wildcard' AND s.value = ANY({wildcards}))))))"""
_FORBIDS = """EXISTS (
    SELECT 1 FROM contacts_suppression s
     WHERE s.workspace_id = {workspace} AND s.scope = '{scope}' AND s.value = {value})"""
# Never by a table: that of 20,000 suppressions takes 30 ms to make, which a page has not.
_PROBE_FORBIDS = """COALESCE((
    SELECT true FROM contacts_suppression s
     WHERE s.workspace_id = {workspace} AND s.scope = '{scope}' AND s.value = {value} LIMIT 1), false)"""


def suppressed_keys(workspace_id: int, keys: Collection[str]) -> dict[str, Suppression]:
    """Return, for each email_key that must not be written to, the row that forbids it first; two queries for all."""
    return {key: rows[0] for key, rows in suppressing(workspace_id, keys).items()}


def suppressing(workspace_id: int, keys: Collection[str]) -> dict[str, list[Suppression]]:
    """Return, for each email_key that must not be written to, all rows that forbid it; two queries for all.

    A row about the address itself is told before one about its domain, a nearer domain before a farther one, and
    these before a wildcard, and that somebody was erased comes last.
    """
    if not keys:
        return {}
    asked = {key: usual_keys(key) for key in keys}
    found = _among(workspace_id, asked.values())
    rare = {(workspace_id, scope) for scope, _ in found} & {(workspace_id, scope.value) for scope in _RARELY}
    if rare:
        asked = {key: [*near, *rare_keys(workspace_id, key, rare)] for key, near in asked.items()}
        found = _among(workspace_id, asked.values())
    if not found:
        return {}
    met = {key: [found[one] for one in wanted if one in found] for key, wanted in asked.items()}
    return {key: rows for key, rows in met.items() if rows}


def _among(workspace_id: int, asked: Iterable[Iterable[tuple[str, str]]]) -> dict[tuple[str, str], Suppression]:
    """Return by scope and value the rows with the values that are asked, and one of each rare scope that there is."""
    values = {value for wanted in asked for _, value in wanted}
    rows = load(_SUPPRESSION, _AMONG, {"workspace": workspace_id, "values": list(values)})
    return {(row.scope, row.value): row for row in rows}


def erased_among(workspace_id: int, keys: Collection[str]) -> set[str]:
    """Return those of the email_keys whose people were erased; one query for all."""
    prints = {print_: key for key in keys for print_ in prints_of(workspace_id, key)}
    rows = Suppression.objects.filter(
        workspace=workspace_id, scope=SuppressionScope.ERASED, value__in=list(prints)
    ).values_list("value", flat=True)
    return {prints[print_] for print_ in rows}


class Erased:
    """Everybody who was erased from a workspace: `key in erased`. In memory, for the rows of a whole file."""

    def __init__(self, workspace_id: int) -> None:
        rows = Suppression.objects.filter(workspace=workspace_id, scope=SuppressionScope.ERASED)
        self._workspace_id = workspace_id
        self._prints = frozenset(rows.values_list("value", flat=True))

    def __bool__(self) -> bool:
        return bool(self._prints)

    def __contains__(self, key: str) -> bool:
        return not self._prints.isdisjoint(prints_of(self._workspace_id, key))


def rare_scopes(workspace_ids: Collection[int]) -> frozenset[tuple[int, str]]:
    """Return the workspaces with a rule of a scope that few have, each with the scope; a probe for each."""
    return frozenset(statements.run(_RARE, [sorted(set(workspace_ids))]))


def rare_keys(workspace_id: int, key: str, rare: Container[tuple[int, str]]) -> list[tuple[str, str]]:
    """Return what an email_key is looked up by beyond usual_keys, of the scopes that the workspace has any of."""
    found: list[tuple[str, str]] = []
    if (workspace_id, SuppressionScope.WILDCARD.value) in rare:
        found += wildcard_keys(key)
    if (workspace_id, SuppressionScope.ERASED.value) in rare:
        found += erased_keys(workspace_id, key)
    return found


def refusing(asked: Collection[tuple[int, str]]) -> dict[tuple[int, str], list[Suppression]]:
    """Return what keeps single senders from addresses (workspace, email_key); one query for all.

    Each row names the `sender` that its address wants no more from; those who refuse none are absent.
    """
    prints = {(pk, one): (pk, key) for pk, key in set(asked) for one in refusing_prints(pk, key)}
    if not prints:
        return {}
    columns = {"workspaces": [pk for pk, _ in prints], "prints": [one for _, one in prints]}
    found: dict[tuple[int, str], list[Suppression]] = {}
    for row in load(_SUPPRESSION, _REFUSING, columns):
        found.setdefault(prints[row.workspace_id, row.value.partition(":")[0]], []).append(row)
    return found


def is_suppressed(workspace_id: int, key: str) -> bool:
    """Say whether the email_key must not be written to."""
    return bool(suppressed_keys(workspace_id, [key]))


def suppressed_contacts(workspace_id: int) -> RawSQL:
    """Return the ids of the contacts of a workspace that must not be written to, as a subselect."""
    statement = SUPPRESSED_CONTACTS.replace(_ASKED, "%s")
    values = [workspace_id] * statement.count("%s")
    return RawSQL(statement, values, output_field=BigIntegerField())  # noqa: S611  nothing but the number goes in


class IsSuppressed(Func):
    """Whether the contact of a row must not be written to, asked of that row alone: for where most may be.

    probes: no more than some thousand rows are asked about, as for a page.
    """

    def __init__(self, workspace_id: int, *, probes: bool = False) -> None:
        super().__init__(F("email_key"), F("domain"), output_field=BooleanField())
        self._workspace_id = workspace_id
        self._probes = probes

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, Any]:  # type: ignore[override]  # noqa: ARG002
        """Return the condition with the columns as this statement calls them."""
        key, domain = (compiler.compile(one)[0] for one in self.get_source_expressions())
        above = domain_above_in_sql(domain)
        above_that = domain_above_in_sql(above)
        looks = {
            "address": ("address", key),
            "domain": ("domain", domain),
            "above": ("domain", above),
            "above_that": ("domain", above_that),
            "name": ("wildcard", wildcard_of_name_in_sql(key, domain)),
        }
        workspace = int(self._workspace_id)
        forbids = _PROBE_FORBIDS if self._probes else _FORBIDS
        asked = {
            name: forbids.format(workspace=workspace, scope=scope, value=value)
            for name, (scope, value) in looks.items()
        }
        statement = _IS_SUPPRESSED.format(
            workspace=workspace,
            further=domain_above_in_sql(above_that),
            domains=domains_in_sql(domain),
            wildcards=wildcards_in_sql(key, domain),
            **asked,
        )
        # Kept in one piece: NOT would take it apart, and cheaper questions of the statement are to come before it.
        return (f"COALESCE({statement}, false)" if self._probes else statement), ()


def wildcard_condition(*, key: str, domain: str, values: str) -> str:
    """Return an SQL condition, true where a wildcard among `values` (a subselect) forbids the address.

    key and domain are expressions of the statement around it, never values.
    """
    asked = wildcards_in_sql(key, domain)
    return f"EXISTS (SELECT 1 FROM unnest({asked}) AS w(value) WHERE w.value IN ({values}))"  # noqa: S608  our own


def suppressions_of(member: Member, *, search: str = "", reason: str = "") -> QuerySet[Suppression]:
    """Return the suppressions whose value begins with `search`, for one reason or all."""
    rows = Suppression.objects.filter(workspace=member.workspace).select_related("created_by")
    if search:
        rows = rows.filter(scope__in=list(SuppressionScope), value__startswith=search)
    return rows.filter(reason=reason) if reason else rows


def suppression_for(member: Member, suppression_id: int) -> Suppression:
    """Return the suppression. Raises Http404 for strangers."""
    return get_object_or_404(Suppression, workspace=member.workspace, pk=suppression_id)


def lifted_of(member: Member) -> QuerySet[LiftedSuppression]:
    """Return what was lifted."""
    return LiftedSuppression.objects.filter(workspace=member.workspace)


def suppression_named(member: Member, text: str) -> Suppression:
    """Return the suppression that a person writes like this. Raises BadAddress, Http404."""
    rule = parse_rule(text)
    named = Q(scope=rule.scope, value=rule.value)
    if rule.scope == SuppressionScope.ADDRESS:
        named |= Q(scope=SuppressionScope.ERASED, value__in=prints_of(member.workspace.pk, rule.value))
    # The address itself first: who was erased may have been barred by both for a while.
    row = Suppression.objects.filter(named, workspace=member.workspace).order_by("scope", "pk").first()
    if row is None:
        raise Http404
    return row
