"""Read workspaces and members."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models.functions import Lower
from django.http import Http404

from outreach.accounts.access import Member
from outreach.accounts.models import ApiKey, Membership, User, Workspace
from outreach.env import env


def workspaces_of(user: User) -> Sequence[Workspace]:
    """Return the workspaces a user belongs to, by name."""
    return [row.workspace for row in memberships_of(user)]


def memberships_of(user: User) -> Sequence[Membership]:
    """Return a user's memberships with their workspaces, by the workspace's name."""
    return list(
        Membership.objects.filter(user=user).select_related("workspace").order_by(Lower("workspace__name"), "id")
    )


def members_of(member: Member) -> Sequence[Membership]:
    """Return the members of the workspace, the oldest first."""
    return list(Membership.objects.filter(workspace=member.workspace).select_related("user").order_by("id"))


def membership_for(member: Member, pk: int) -> Membership:
    """Return a membership of the member's workspace. Raises Http404 for any other."""
    row = Membership.objects.filter(workspace=member.workspace, pk=pk).select_related("user").first()
    if row is None:
        raise Http404("No such member")
    return row


def user_of(email: str) -> User | None:
    """Return the active user with this address."""
    return User.objects.filter(email=email.strip().lower(), is_active=True).first()


def is_empty_instance() -> bool:
    """Tell whether nobody has an account yet: the next visitor becomes the owner."""
    return not User.objects.exists()


def is_sign_up_open() -> bool:
    """Tell whether a visitor may create an account: the first one may, others where OUTREACH_ALLOW_SIGN_UP says so."""
    return env().allow_sign_up or is_empty_instance()


def keys_of(member: Member) -> Sequence[ApiKey]:
    """Return the API keys of the workspace, the newest first; those that are no longer valid, too."""
    return list(ApiKey.objects.filter(workspace=member.workspace).select_related("created_by").order_by("-id"))


def key_for(member: Member, pk: int) -> ApiKey:
    """Return an API key of the member's workspace. Raises Http404 for any other."""
    row = ApiKey.objects.filter(workspace=member.workspace, pk=pk).select_related("created_by").first()
    if row is None:
        raise Http404("No such key")
    return row
