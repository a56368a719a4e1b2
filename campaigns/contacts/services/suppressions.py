"""Never write to somebody again, and the careful way back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from campaigns.contacts.core.suppressing import Rule, parse_rule
from campaigns.contacts.errors import MayNotLift
from campaigns.contacts.models import LiftedSuppression, Suppression
from campaigns.contacts.prints import prints_of, refusal_keys
from campaigns.contacts.queries.suppressions import erased_among
from campaigns.contacts.states import BINDING_REASONS, OWN_WISHES, SuppressionReason, SuppressionScope
from outreach.accounts.access import Member
from outreach.accounts.models import User, Workspace
from outreach.accounts.roles import Role
from outreach.kit import clock, gate, statements
from outreach.kit.addresses import key_of, parse_address

# One row for a rule: a binding reason replaces a weaker one, and what a person said themselves one that a server gave,
# so that nobody lifts by a click what a person asked for.
_SUPPRESS = """
INSERT INTO contacts_suppression AS s (workspace_id, scope, value, reason, evidence, created_by_id, created_at)
SELECT %(workspace)s, k.scope, k.value, k.reason, k.evidence, %(by)s, %(now)s
  FROM unnest(%(scopes)s::varchar[], %(values)s::varchar[], %(reasons)s::varchar[], %(evidence)s::text[])
    AS k(scope, value, reason, evidence)
    ON CONFLICT ON CONSTRAINT contacts_suppressed_once DO UPDATE
   SET reason = EXCLUDED.reason, evidence = EXCLUDED.evidence
 WHERE (EXCLUDED.reason = ANY(%(binding)s) AND NOT s.reason = ANY(%(binding)s))
    OR (EXCLUDED.reason = ANY(%(wishes)s) AND s.reason = 'no_such_address')
"""
# Behind the gate, so that it comes after every answer that was confirmed before it.
_CONFIRM = """
UPDATE contacts_suppression s
   SET confirmed_at = clock_timestamp()
  FROM unnest(%(scopes)s::varchar[], %(values)s::varchar[]) AS k(scope, value)
 WHERE s.workspace_id = %(workspace)s AND s.scope = k.scope AND s.value = k.value
"""
# Of each refusal of one of these senders what it says of the others, too.
_CARRY = """
INSERT INTO contacts_suppression
       (workspace_id, scope, value, reason, evidence, created_by_id, created_at, confirmed_at)
SELECT DISTINCT ON (a.print, k.sender)
       s.workspace_id, s.scope, a.print || ':' || k.sender, s.reason, s.evidence, s.created_by_id, s.created_at,
       s.confirmed_at
  FROM contacts_suppression s
 CROSS JOIN LATERAL (SELECT split_part(s.value, ':', 1), substr(s.value, strpos(s.value, ':') + 1)) AS a(print, sender)
 CROSS JOIN unnest(%s::varchar[]) AS k(sender)
 WHERE s.workspace_id = %s AND s.scope = 'sender' AND a.sender = ANY(%s::varchar[])
 ORDER BY a.print, k.sender, s.confirmed_at DESC
    ON CONFLICT ON CONSTRAINT contacts_suppressed_once DO NOTHING
"""
_BINDING = [str(one) for one in BINDING_REASONS]
_WISHES = [str(one) for one in OWN_WISHES]
WHY_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule that is to hold, why, and what says so."""

    rule: Rule
    reason: SuppressionReason
    evidence: str = ""


def suppress(
    workspace: Workspace,
    address: str,
    reason: SuppressionReason,
    *,
    evidence: str = "",
    by: User | None = None,
) -> bool:
    """Never write to the address again from this workspace; True when that is news.

    Once this returns and its transaction commits, no message to the address is marked as leaving: it holds
    the workspace's gate alone. Raises BadAddress.
    """
    rule = Rule(SuppressionScope.ADDRESS, parse_address(address).key)
    return bool(suppress_all(workspace, [Wish(rule, reason, evidence)], by=by))


def suppress_rule(
    workspace: Workspace,
    text: str,
    reason: SuppressionReason,
    *,
    evidence: str = "",
    by: User | None = None,
) -> bool:
    """Never write to an address, a domain or what a wildcard names; otherwise as suppress. Raises BadAddress."""
    return bool(suppress_all(workspace, [Wish(parse_rule(text), reason, evidence)], by=by))


def suppress_all(workspace: Workspace, wishes: Iterable[Wish], *, by: User | None = None) -> int:
    """Let all of these rules hold, in one transaction; returns how many are news.

    Who was erased is barred already, and their address is not written down again: only that they opted out or
    complained becomes the reason that their print is kept for.
    """
    # Of two wishes for one rule the weightier one counts, else the first.
    chosen: dict[Rule, Wish] = {}
    for wish in wishes:
        known = chosen.get(wish.rule)
        if known is None or _weight(wish.reason) > _weight(known.reason):
            chosen[wish.rule] = wish
    if not chosen:
        return 0
    addresses = [rule.value for rule in chosen if rule.scope == SuppressionScope.ADDRESS]
    with transaction.atomic(), connection.cursor() as cursor:
        gate.hold_shut(workspace.pk)
        erased = erased_among(workspace.pk, addresses) if addresses else set()
        of_erased = {rule for rule in chosen if rule.scope == SuppressionScope.ADDRESS and rule.value in erased}
        for rule in of_erased:
            if chosen[rule].reason in OWN_WISHES:  # it outlives the print's reason, so that nobody lifts it unaware
                marks = Suppression.objects.filter(workspace=workspace, value__in=prints_of(workspace.pk, rule.value))
                marks.filter(scope=SuppressionScope.ERASED).update(confirmed_at=Now())
                marks.filter(scope=SuppressionScope.ERASED, reason=SuppressionReason.ERASED).update(
                    reason=chosen[rule].reason
                )
        rows = sorted(
            (wish for rule, wish in chosen.items() if rule not in of_erased),
            key=lambda wish: (wish.rule.scope, wish.rule.value),
        )
        if not rows:
            return 0
        rules: dict[str, Any] = {
            "workspace": workspace.pk,
            "scopes": [str(wish.rule.scope) for wish in rows],
            "values": [wish.rule.value for wish in rows],
        }
        cursor.execute(_CONFIRM, rules)
        cursor.execute(
            _SUPPRESS,
            {
                **rules,
                "reasons": [str(wish.reason) for wish in rows],
                "evidence": [wish.evidence.replace("\0", "\ufffd") for wish in rows],
                "by": by.pk if by else None,
                "now": clock.now(),
                "binding": _BINDING,
                "wishes": _WISHES,
            },
        )
        return int(cursor.rowcount)


def carry_refusals(workspace_id: int, senders: Collection[str], to: str) -> None:
    """Let whoever wants no more from one of these addresses of a mailbox want no more from any of them, nor from `to`.

    For when the mailbox gets another address or account: it stays whom they refuse. The gate is held alone.
    """
    known = sorted({one.lower() for one in senders})
    statements.run(_CARRY, [sorted({*known, to.lower()}), workspace_id, known])


def _weight(reason: SuppressionReason) -> int:
    return (reason in BINDING_REASONS) + (reason in OWN_WISHES)


def lift(member: Member, row: Suppression, *, why: str, typed: str = "") -> None:
    """Allow writing again, and keep who did it and why. The reasons of a member a member lifts; the rest only an admin.

    An admin has to type the value for those. Raises MayNotLift.
    """
    why = " ".join(why.replace("\0", " ").split())
    if not why:
        raise MayNotLift("Say why: it is kept.")
    if row.reason in BINDING_REASONS:
        if not member.may(Role.ADMIN):
            raise MayNotLift("Only an admin or owner can lift an opt-out, a complaint or a bounced address.")
        _require_typed(row, typed)
    elif not member.may(Role.MEMBER):
        raise MayNotLift("Viewers cannot lift a suppression.")
    with transaction.atomic():
        rows = Suppression.objects.filter(pk=row.pk, workspace=member.workspace, reason=row.reason)
        found = rows.select_for_update(of=("self",)).select_related("created_by").first()
        if found is None:
            return
        LiftedSuppression.objects.create(
            workspace=member.workspace,
            scope=found.scope,
            value=found.value,
            reason=found.reason,
            evidence=found.evidence,
            suppressed_at=found.created_at,
            suppressed_by=found.created_by.email if found.created_by else "",
            why=why[:WHY_LIMIT],
            lifted_by=member.user.email,
            lifted_at=clock.now(),
        )
        found.delete()


def _require_typed(row: Suppression, typed: str) -> None:
    """Refuse what was not confirmed. Of somebody who was erased, only who knows the address can type it."""
    if row.scope == SuppressionScope.SENDER:
        if row.value not in {value for _, value in refusal_keys(row.workspace_id, key_of(typed), [row.sender])}:
            raise MayNotLift(f"Type their address to confirm that {row.sender} may write there again.")
    elif row.scope == SuppressionScope.ERASED:
        if row.value not in prints_of(row.workspace_id, key_of(typed)):
            raise MayNotLift("Type the address of the person who was erased to confirm that you may write there again.")
    elif typed.strip().lower() != row.value:
        raise MayNotLift(f"Type {row.value} to confirm that you may write there again.")
