"""Change who may do what: owners, workspaces, members."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.utils.text import slugify

from outreach.accounts.access import Member
from outreach.accounts.errors import AddressTaken, LastOwner, MemberGone, NotAllowed, SignUpClosed
from outreach.accounts.models import ApiKey, Membership, User, Workspace
from outreach.accounts.roles import Role
from outreach.kit import clock

# One number among PostgreSQL's advisory locks: of two first visitors, one is the first.
_FIRST_VISITOR = 0x0A7E
_SLUG_CHARACTERS = 48
_SLUG_TRIES = 5


@dataclass(frozen=True, slots=True)
class Founder:
    """A person who signs up, and the workspace they will own. The password is the plain one."""

    email: str
    password: str
    workspace_name: str
    time_zone: str
    name: str = ""
    postal_address: str = ""


def create_first_owner(founder: Founder) -> Member:
    """Store the owner of an empty instance together with their workspace, both or neither.

    Of several at the same time one wins, the others get SignUpClosed.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FIRST_VISITOR])
        if User.objects.exists():
            raise SignUpClosed("This server has its owner already. Ask them for an account.")
        return sign_up(founder)


def sign_up(founder: Founder) -> Member:
    """Store a new person and the workspace they own, both or neither. Raises AddressTaken.

    Whether strangers may sign up is the caller's question.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                user = User.objects.create_user(founder.email, founder.password, name=founder.name)
        except IntegrityError as error:
            raise AddressTaken("This address cannot be used here. If it is yours, sign in.") from error
        workspace = create_workspace(user, founder.workspace_name, founder.time_zone)
        if founder.postal_address:
            Workspace.objects.filter(pk=workspace.pk).update(postal_address=founder.postal_address)
            workspace.postal_address = founder.postal_address
    return Member(user=user, workspace=workspace, role=Role.OWNER)


def create_workspace(user: User, name: str, time_zone: str, *, time_scale: int = 1) -> Workspace:
    """Create a workspace that the user owns; its slug is made of the name and stays for ever."""
    with transaction.atomic():
        workspace = _store_workspace(name, time_zone, time_scale)
        Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    return workspace


def update_workspace(workspace: Workspace, *, name: str, time_zone: str, postal_address: str) -> None:
    """Change a workspace's name, zone and postal address; its URL stays."""
    Workspace.objects.filter(pk=workspace.pk).update(name=name, time_zone=time_zone, postal_address=postal_address)


def rename_user(user: User, name: str) -> None:
    """Change the name that others see."""
    User.objects.filter(pk=user.pk).update(name=name)


def add_member(workspace: Workspace, user: User, role: Role) -> bool:
    """Give a user a role; False when they are a member already. The caller has checked the actor's own role."""
    _, is_new = Membership.objects.get_or_create(workspace=workspace, user=user, defaults={"role": role})
    return is_new


def change_role(by: Member, membership: Membership, role: Role) -> None:
    """Change a member's role. Raises LastOwner, NotAllowed, MemberGone."""
    with transaction.atomic():
        now = _under_lock(by, membership)
        _admit(by, {Role(now.role), role})
        Membership.objects.filter(pk=now.pk).update(role=role)
        _keep_an_owner(by.workspace)


def remove_member(by: Member, membership: Membership) -> None:
    """Take a member out, and their keys with them, for good. Raises LastOwner, NotAllowed, MemberGone."""
    with transaction.atomic():
        now = _under_lock(by, membership)
        _admit(by, {Role(now.role)})
        now.delete()
        keys = ApiKey.objects.filter(workspace=by.workspace, created_by=now.user_id, revoked_at=None)
        keys.update(revoked_at=clock.now())  # who is invited again makes new ones
        _keep_an_owner(by.workspace)


def _under_lock(by: Member, membership: Membership) -> Membership:
    """Return the membership as it is now; changes of one workspace's members run one after another."""
    Workspace.objects.select_for_update().get(pk=by.workspace.pk)
    now = Membership.objects.filter(pk=membership.pk, workspace=by.workspace).first()
    if now is None:
        raise MemberGone("They are no longer a member.")
    return now


def _admit(by: Member, touched: set[Role]) -> None:
    """Refuse an actor whose role, as it is now, is too small: only owners make, change and remove owners."""
    needed = Role.OWNER if Role.OWNER in touched else Role.ADMIN
    actor = Membership.objects.filter(user=by.user, workspace=by.workspace).first()
    if actor is None or not Role(actor.role).reaches(needed):
        raise NotAllowed(f"Only {needed.article} of this workspace can do that.")


def _keep_an_owner(workspace: Workspace) -> None:
    if not Membership.objects.filter(workspace=workspace, role=Role.OWNER).exists():
        raise LastOwner("A workspace keeps at least one owner: make somebody else an owner first.")


def _store_workspace(name: str, time_zone: str, time_scale: int) -> Workspace:
    """Insert the row under the first free slug; whoever loses a race for one takes another."""
    base = slugify(name)[:_SLUG_CHARACTERS].strip("-_") or "workspace"
    slug = base if not Workspace.objects.filter(slug=base).exists() else _numbered(base)
    for _ in range(_SLUG_TRIES):
        try:
            with transaction.atomic():
                return Workspace.objects.create(name=name, slug=slug, time_zone=time_zone, time_scale=time_scale)
        except IntegrityError:
            if not Workspace.objects.filter(slug=slug).exists():
                raise
            slug = _numbered(base)
    raise IntegrityError(f"no free slug like {base}")


def _numbered(base: str) -> str:
    return f"{base}-{secrets.token_hex(3)}"
