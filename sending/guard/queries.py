"""Read what keeps stacks from sending."""

from __future__ import annotations

from collections.abc import Sequence

from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from sending.guard.models import Adoption, Finding

_SHOWN = 20


def findings() -> Sequence[Finding]:
    """Return what was found and has not gone, the oldest first; one query."""
    return list(Finding.objects.order_by("found_at", "id"))


def adoptions() -> Sequence[Adoption]:
    """Return the last decisions of owners, the newest first."""
    return list(Adoption.objects.order_by("-id")[:_SHOWN])


def runs_the_server(member: Member) -> bool:
    """Say whether the person answers for the whole server: an owner of its first workspace."""
    first = Workspace.objects.order_by("pk").values_list("pk", flat=True).first()
    return member.may(Role.OWNER) and member.workspace.pk == first
