"""When a value of a file changes what is known, by policy: one rule for the merge and for the dry run before it."""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.contacts.core.fields import COUNTRY, CUSTOM_PREFIX, SUBSCRIBER, TEXT_LIMITS, TIME_ZONE
from campaigns.contacts.states import OWN_WISHES, ImportPolicy, SuppressionScope

TEXTS = (*TEXT_LIMITS, COUNTRY, TIME_ZONE, SUBSCRIBER)
FIELDS = "fields"
# Of a contact c: whether they said themselves that they are not to be written to. REFUSALS are its %(wishes)s.
REFUSALS = sorted(reason.value for reason in OWN_WISHES)
HAS_REFUSED = f"""EXISTS (
    SELECT 1 FROM contacts_suppression w
     WHERE w.workspace_id = c.workspace_id AND w.scope = '{SuppressionScope.ADDRESS.value}' AND w.value = c.email_key
       AND w.reason = ANY(%(wishes)s::varchar[]))"""  # noqa: S608  # our own words


def value_after(name: str, policy: ImportPolicy, *, new: str, old: str = "c") -> str:
    """Return the SQL of what a known contact has afterwards; new and old name the rows of the file and the table.

    An empty value never erases what is known.
    """
    first, second = (old, new) if policy == ImportPolicy.FILL else (new, old)
    if name == FIELDS:
        return f"{second}.{FIELDS} || {first}.{FIELDS}"
    return f"COALESCE(NULLIF({first}.{name}, ''), {second}.{name})"


def differs(name: str, policy: ImportPolicy, *, new: str, old: str = "c") -> str:
    """Return the SQL condition that this value changes."""
    if name == FIELDS:
        wanted = f"({new}.{FIELDS} || {old}.{FIELDS})" if policy == ImportPolicy.FILL else f"{new}.{FIELDS}"
        return f"NOT {old}.{FIELDS} @> {wanted}"
    known = f"{old}.{name} = ''" if policy == ImportPolicy.FILL else f"{new}.{name} <> {old}.{name}"
    return f"({new}.{name} <> '' AND {known})"


def changeable(columns: Sequence[str], policy: ImportPolicy) -> list[str]:
    """Return those of a file's columns that can change a known contact."""
    return [] if policy == ImportPolicy.SKIP else [name for name in columns if name in {*TEXTS, FIELDS}]


def before_and_after(names: Sequence[str], policy: ImportPolicy, *, new: str, old: str = "c") -> str:
    """Return the SQL of what a row changes, as JSON: {"title": ["CTO", "CEO"], "fields.note": [null, "met"]}."""
    texts = ", ".join(
        f"'{name}', CASE WHEN {differs(name, policy, new=new, old=old)} "
        f"THEN jsonb_build_array({old}.{name}, {new}.{name}) END"
        for name in names
        if name != FIELDS
    )
    changed = f"jsonb_strip_nulls(jsonb_build_object({texts}))"
    if FIELDS not in names:
        return changed
    known = f"{old}.{FIELDS} -> e.key"
    differing = f"{known} IS NULL" if policy == ImportPolicy.FILL else f"{known} IS DISTINCT FROM e.value"
    custom = (
        f"SELECT jsonb_object_agg('{CUSTOM_PREFIX}' || e.key, jsonb_build_array({known}, e.value)) "  # noqa: S608  ours
        f"FROM jsonb_each({new}.{FIELDS}) AS e WHERE {differing}"
    )
    return f"{changed} || COALESCE(({custom}), '{{}}')"
