"""Owners, workspaces and members: what is stored, what is refused, and who wins a race."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import IntegrityError, connections

from outreach.accounts.access import Member
from outreach.accounts.errors import AccountsError, AddressTaken, LastOwner, MemberGone, NotAllowed, SignUpClosed
from outreach.accounts.models import Membership, User, Workspace
from outreach.accounts.queries import members_of, workspaces_of
from outreach.accounts.roles import Role
from outreach.accounts.services import (
    Founder,
    add_member,
    change_role,
    create_first_owner,
    create_workspace,
    remove_member,
    sign_up,
)
from tests.builders import PASSWORD, make_member, make_user, make_workspace


def founder(email: str = "ada@example.com", workspace: str = "Analytical Engines") -> Founder:
    return Founder(
        email=email,
        password=PASSWORD,
        name="Ada",
        workspace_name=workspace,
        time_zone="Europe/London",
        postal_address="1 St James's Square, London",
    )


def membership_of(member: Member) -> Membership:
    return Membership.objects.get(user=member.user, workspace=member.workspace)


@pytest.mark.django_db
class TestFirstOwner:
    def test_owner_and_workspace_are_stored_together(self) -> None:
        member = create_first_owner(founder())
        workspace = Workspace.objects.get()
        assert (workspace.slug, workspace.time_zone) == ("analytical-engines", "Europe/London")
        assert workspace.postal_address == member.workspace.postal_address == "1 St James's Square, London"
        assert membership_of(member).role == Role.OWNER
        assert User.objects.get().check_password(PASSWORD)

    def test_an_instance_with_a_user_takes_no_other_first_owner(self) -> None:
        make_user("somebody@example.com")
        with pytest.raises(SignUpClosed, match="has its owner already"):
            create_first_owner(founder())
        assert (User.objects.count(), Workspace.objects.count()) == (1, 0)

    def test_a_workspace_that_cannot_be_stored_leaves_no_user(self) -> None:
        with pytest.raises(Exception, match="too long"):
            create_first_owner(founder(workspace="x" * 500))
        assert not User.objects.exists()

    def test_an_address_in_capitals_is_the_same_address(self) -> None:
        sign_up(founder("ada@example.com"))
        with pytest.raises(AddressTaken, match="cannot be used here"):
            sign_up(founder(" Ada@Example.COM "))
        assert (User.objects.count(), Workspace.objects.count()) == (1, 1)

    def test_the_database_refuses_an_address_in_capitals(self) -> None:
        with pytest.raises(IntegrityError, match="accounts_email_in_lower_case"):
            User.objects.create(email="Ada@example.com")


@pytest.mark.django_db(transaction=True)
def test_of_many_first_visitors_one_wins() -> None:
    outcomes = at_once([partial(create_first_owner, founder(f"visitor{n}@example.com")) for n in range(6)])
    assert sum(isinstance(outcome, Member) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, SignUpClosed) for outcome in outcomes) == 5
    assert (User.objects.count(), Workspace.objects.count(), Membership.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_workspaces_created_at_once_under_one_name_get_different_addresses() -> None:
    user = make_user()
    acts: list[Callable[[], object]] = [lambda: create_workspace(user, "Acme", "UTC")] * 5
    outcomes = at_once(acts)
    assert len({outcome.slug for outcome in outcomes if isinstance(outcome, Workspace)}) == 5


@pytest.mark.django_db(transaction=True)
def test_owners_who_remove_each_other_at_once_leave_an_owner() -> None:
    workspace = make_workspace()
    ring = [make_member(workspace, email=f"{n}@acme.example") for n in range(8)]
    victims = [membership_of(one) for one in [*ring[1:], ring[0]]]
    outcomes = at_once([partial(remove_member, *pair) for pair in zip(ring, victims, strict=True)])
    assert Membership.objects.filter(workspace=workspace, role=Role.OWNER).exists()
    # Who has been removed removes nobody any more.
    assert sum(isinstance(outcome, NotAllowed) for outcome in outcomes) >= 1


@pytest.mark.django_db(transaction=True)
def test_owners_who_step_down_at_once_leave_one() -> None:
    workspace = make_workspace()
    owners = [make_member(workspace, email=f"{n}@acme.example") for n in range(8)]
    outcomes = at_once([partial(change_role, one, membership_of(one), Role.ADMIN) for one in owners])
    assert Membership.objects.filter(workspace=workspace, role=Role.OWNER).count() == 1
    assert sum(isinstance(outcome, LastOwner) for outcome in outcomes) == 1


@pytest.mark.django_db
class TestWorkspaces:
    def test_the_address_is_made_of_the_name(self) -> None:
        assert create_workspace(make_user(), "Müller & Söhne GmbH", "UTC").slug == "muller-sohne-gmbh"

    @pytest.mark.parametrize("name", ["東京", "!!!", "--"])
    def test_a_name_without_latin_letters_gets_an_address_too(self, name: str) -> None:
        assert create_workspace(make_user(), name, "UTC").slug == "workspace"

    def test_a_name_that_is_taken_gets_another_address(self) -> None:
        make_workspace("acme")
        workspace = create_workspace(make_user(), "Acme", "UTC")
        assert workspace.slug.startswith("acme-")

    def test_a_long_name_is_cut(self) -> None:
        assert len(create_workspace(make_user(), "word " * 24, "UTC").slug) <= 48

    def test_workspaces_come_by_name(self) -> None:
        user = make_user()
        for name in ("Zeta", "Alpha"):
            create_workspace(user, name, "UTC")
        assert [workspace.name for workspace in workspaces_of(user)] == ["Alpha", "Zeta"]


@pytest.mark.django_db
class TestMembers:
    def test_a_person_is_added_once(self) -> None:
        owner = make_member(make_workspace())
        friend = make_user("friend@example.com")
        assert add_member(owner.workspace, friend, Role.VIEWER)
        assert not add_member(owner.workspace, friend, Role.ADMIN)
        assert [(row.user.email, row.role) for row in members_of(owner)] == [
            ("owner@acme.example", "owner"),
            ("friend@example.com", "viewer"),
        ]

    def test_the_last_owner_stays(self) -> None:
        owner = make_member(make_workspace())
        make_member(owner.workspace, Role.ADMIN)
        with pytest.raises(LastOwner):
            remove_member(owner, membership_of(owner))
        with pytest.raises(LastOwner):
            change_role(owner, membership_of(owner), Role.VIEWER)
        assert membership_of(owner).role == Role.OWNER

    @pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.VIEWER])
    def test_only_owners_touch_owners(self, role: Role) -> None:
        owner = make_member(make_workspace())
        other = make_member(owner.workspace, role)
        with pytest.raises(NotAllowed, match="Only an owner"):
            remove_member(other, membership_of(owner))
        with pytest.raises(NotAllowed, match="Only an owner"):
            change_role(other, membership_of(other), Role.OWNER)

    def test_an_admin_changes_and_removes_those_below(self) -> None:
        admin = make_member(make_workspace(), Role.ADMIN)
        make_member(admin.workspace)
        viewer = make_member(admin.workspace, Role.VIEWER)
        change_role(admin, membership_of(viewer), Role.MEMBER)
        assert membership_of(viewer).role == Role.MEMBER
        remove_member(admin, membership_of(viewer))
        assert not Membership.objects.filter(user=viewer.user).exists()

    def test_what_counts_is_the_role_that_the_actor_has_now(self) -> None:
        owner = make_member(make_workspace())
        once_admin = make_member(owner.workspace, Role.ADMIN)
        viewer = make_member(owner.workspace, Role.VIEWER)
        change_role(owner, membership_of(once_admin), Role.MEMBER)
        with pytest.raises(NotAllowed):
            remove_member(once_admin, membership_of(viewer))

    def test_a_role_changed_meanwhile_is_seen(self) -> None:
        owner = make_member(make_workspace())
        admin = make_member(owner.workspace, Role.ADMIN)
        promoted = make_member(owner.workspace, Role.VIEWER)
        as_read_before = membership_of(promoted)
        change_role(owner, membership_of(promoted), Role.OWNER)
        with pytest.raises(NotAllowed):
            remove_member(admin, as_read_before)

    def test_a_member_removed_meanwhile_is_told(self) -> None:
        owner = make_member(make_workspace())
        gone = membership_of(make_member(owner.workspace, Role.VIEWER))
        remove_member(owner, gone)
        with pytest.raises(MemberGone):
            change_role(owner, gone, Role.ADMIN)

    def test_members_of_another_workspace_are_out_of_reach(self) -> None:
        owner = make_member(make_workspace())
        stranger = membership_of(make_member(make_workspace("other"), Role.VIEWER))
        with pytest.raises(MemberGone):
            remove_member(owner, stranger)
        assert Membership.objects.filter(pk=stranger.pk).exists()

    def test_the_database_knows_the_four_roles(self) -> None:
        with pytest.raises(IntegrityError, match="accounts_known_role"):
            Membership.objects.create(workspace=make_workspace(), user=make_user(), role="king")


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Run the acts in threads that start together; an AccountsError is an outcome."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            start.wait(timeout=20)
            return act()
        except AccountsError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
