"""Never write to somebody again, and the careful way back."""

from __future__ import annotations

from django.db import connection, transaction

from campaigns.contacts.errors import MayNotLift
from campaigns.contacts.models import Suppression
from campaigns.contacts.states import BINDING_REASONS, SuppressionReason, SuppressionScope
from outreach.accounts.access import Member
from outreach.accounts.models import User, Workspace
from outreach.accounts.roles import Role
from outreach.kit import clock, gate
from outreach.kit.addresses import parse_address, parse_domain

# One row per address: a binding reason replaces a weaker one, so that nobody lifts by a click what a person
# asked for.
_SUPPRESS = """
INSERT INTO contacts_suppression AS s (workspace_id, scope, value, reason, evidence, created_by_id,
created_at) VALUES (%(workspace)s, %(scope)s, %(value)s, %(reason)s, %(evidence)s, %(by)s, %(now)s) ON
CONFLICT ON CONSTRAINT contacts_suppressed_once DO UPDATE
   SET reason = EXCLUDED.reason, evidence = EXCLUDED.evidence
 WHERE EXCLUDED.reason = ANY(%(binding)s) AND NOT s.reason = ANY(%(binding)s)
"""


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
    return _suppress(workspace, SuppressionScope.ADDRESS, parse_address(address).key, reason, evidence, by)


def suppress_domain(
    workspace: Workspace,
    domain: str,
    reason: SuppressionReason,
    *,
    evidence: str = "",
    by: User | None = None,
) -> bool:
    """Never write to the domain or one below it again; otherwise as suppress. Raises BadAddress."""
    return _suppress(workspace, SuppressionScope.DOMAIN, parse_domain(domain), reason, evidence, by)


def lift(member: Member, row: Suppression, *, typed: str = "") -> None:
    """Allow writing again. What a person added, a member lifts; the rest only an admin who types the address.

    Raises MayNotLift.
    """
    if row.reason in BINDING_REASONS:
        if not member.may(Role.ADMIN):
            raise MayNotLift("Only an admin or owner can lift an opt-out, a complaint or a bounced address.")
        if typed.strip().lower() != row.value:
            raise MayNotLift(f"Type {row.value} to confirm that you may write there again.")
    elif not member.may(Role.MEMBER):
        raise MayNotLift("Viewers cannot lift a suppression.")
    Suppression.objects.filter(pk=row.pk, workspace=member.workspace, reason=row.reason).delete()


def _suppress(  # noqa: PLR0913, PLR0917  # the columns of one row
    workspace: Workspace,
    scope: SuppressionScope,
    value: str,
    reason: SuppressionReason,
    evidence: str,
    by: User | None,
) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        gate.hold_shut(workspace.pk)
        cursor.execute(
            _SUPPRESS,
            {
                "workspace": workspace.pk,
                "scope": scope,
                "value": value,
                "reason": reason,
                "evidence": evidence.replace("\0", "\ufffd"),
                "by": by.pk if by else None,
                "now": clock.now(),
                "binding": [str(one) for one in BINDING_REASONS],
            },
        )
        return bool(cursor.rowcount)
