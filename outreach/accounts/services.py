"""Change who may do what: owners, workspaces, members."""

from __future__ import annotations

import secrets

from django.db import IntegrityError, connection, transaction
from django.utils.text import slugify

from outreach.accounts.access import Member
from outreach.accounts.models import Membership, User, Workspace
from outreach.accounts.roles import Role

# One number among PostgreSQL's advisory locks: of two first visitors, one is the first.
_FIRST_VISITOR = 0x0A7E


class AccountsError(Exception):
    """Base of the accounts' errors."""


class LastOwner(AccountsError, ValueError):
    """A workspace keeps at least one owner."""


class SignUpClosed(AccountsError, PermissionError):
    """This instance has its owner and takes no further sign-ups."""


def sign_up(user: User, *, workspace_name: str, time_zone: str, is_open: bool) -> Workspace:
    """Store a new user with a workspace of their own, both or neither.

    Raises SignUpClosed when somebody was first and the door is not open.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FIRST_VISITOR])
        if not is_open and User.objects.exists():
            raise SignUpClosed
        user.save()
        return create_workspace(user, workspace_name, time_zone)


def create_workspace(user: User, name: str, time_zone: str, *, time_scale: int = 1) -> Workspace:
    """Create a workspace that the user owns."""
    with transaction.atomic():
        workspace = Workspace.objects.create(
            name=name, slug=_free_slug(name), time_zone=time_zone, time_scale=time_scale
        )
        Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    return workspace


def update_workspace(workspace: Workspace, *, name: str, time_zone: str, postal_address: str) -> None:
    """Change a workspace's name, zone and postal address; its URL stays."""
    Workspace.objects.filter(pk=workspace.pk).update(name=name, time_zone=time_zone, postal_address=postal_address)


def add_member(workspace: Workspace, user: User, role: Role) -> bool:
    """Give a user a role; False when they are a member already."""
    try:
        with transaction.atomic():
            Membership.objects.create(workspace=workspace, user=user, role=role)
    except IntegrityError:
        return False
    return True


def change_role(by: Member, membership: Membership, role: Role) -> None:
    """Change a member's role. Raises LastOwner; PermissionError when the actor's own role is too small for it."""
    with transaction.atomic():
        _admit(by, membership, role)
        Membership.objects.filter(pk=membership.pk).update(role=role)
        _keep_an_owner(by.workspace)


def remove_member(by: Member, membership: Membership) -> None:
    """Take a member out. Raises LastOwner, PermissionError."""
    with transaction.atomic():
        _admit(by, membership, Role.VIEWER)
        Membership.objects.filter(pk=membership.pk).delete()
        _keep_an_owner(by.workspace)


def _admit(by: Member, membership: Membership, role: Role) -> None:
    Workspace.objects.select_for_update().get(pk=by.workspace.pk)
    touches_owner = Role.OWNER in {Role(membership.role), role}
    if not by.may(Role.OWNER if touches_owner else Role.ADMIN):
        raise PermissionError(f"Your role here is {by.role}.")


def _keep_an_owner(workspace: Workspace) -> None:
    if not Membership.objects.filter(workspace=workspace, role=Role.OWNER).exists():
        raise LastOwner("A workspace keeps at least one owner: make somebody else owner first.")


def _free_slug(name: str) -> str:
    base = slugify(name)[:48] or "workspace"
    return base if not Workspace.objects.filter(slug=base).exists() else f"{base}-{secrets.token_hex(3)}"
