"""Plain builders: each makes one row with explicit values. Rooms add their own below."""

from __future__ import annotations

from campaigns.contacts.models import Contact, ContactList, ListMember
from outreach.accounts.access import Member
from outreach.accounts.models import Membership, User, Workspace
from outreach.accounts.roles import Role
from outreach.kit.addresses import parse_address

PASSWORD = "correct horse battery"


def make_user(email: str = "owner@example.com", *, name: str = "Olive Owner") -> User:
    return User.objects.create_user(email, PASSWORD, name=name)


def make_workspace(slug: str = "acme", *, name: str = "Acme") -> Workspace:
    return Workspace.objects.create(slug=slug, name=name, postal_address="1 Main Street, Springfield")


def make_member(workspace: Workspace, role: Role = Role.OWNER, *, email: str = "") -> Member:
    """Make a user with this role in the workspace; the address defaults to <role>@<slug>.example."""
    user = make_user(email or f"{role}@{workspace.slug}.example", name=f"{role.title()} of {workspace.name}")
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return Member(user=user, workspace=workspace, role=role)


def make_contact(workspace: Workspace, email: str = "ada@example.com", **values: object) -> Contact:
    address = parse_address(email)
    return Contact.objects.create(
        workspace=workspace, email=address.email, email_key=address.key, domain=address.domain, **values
    )


def make_list(workspace: Workspace, name: str = "Leads", contacts: tuple[Contact, ...] = ()) -> ContactList:
    row = ContactList.objects.create(workspace=workspace, name=name)
    ListMember.objects.bulk_create([ListMember(contact_list=row, contact=contact) for contact in contacts])
    return row
