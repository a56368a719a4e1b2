"""The pages of workspaces, members and the person: what they do, what they refuse, and where they lead."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from outreach.accounts.models import Membership, User, Workspace
from outreach.accounts.roles import Role
from tests.builders import make_member, make_user, make_workspace

MEMBERS = "/w/acme/settings/members"
SETTINGS = "/w/acme/settings/"

pytestmark = pytest.mark.django_db


def page_of(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.text


def role_of(email: str) -> str | None:
    row = Membership.objects.filter(user__email=email).first()
    return row.role if row else None


def pk_of(email: str) -> int:
    return Membership.objects.get(user__email=email).pk


class TestStart:
    def test_leads_to_the_workspace_of_the_last_visit(self, client: Client) -> None:
        owner = make_member(make_workspace("alpha", name="Alpha"))
        Membership.objects.create(workspace=make_workspace("beta", name="Beta"), user=owner.user, role=Role.VIEWER)
        client.force_login(owner.user)
        assert client.get("/")["Location"] == "/w/alpha/"
        client.get("/w/beta/settings/")
        assert client.get("/")["Location"] == "/w/beta/"

    def test_a_poll_of_an_old_tab_is_no_visit(self, client: Client) -> None:
        owner = make_member(make_workspace("alpha", name="Alpha"))
        Membership.objects.create(workspace=make_workspace("beta", name="Beta"), user=owner.user, role=Role.VIEWER)
        client.force_login(owner.user)
        client.get("/w/beta/settings/", headers={"HX-Request": "true"})
        assert client.get("/")["Location"] == "/w/alpha/"

    def test_a_workspace_that_one_has_left_is_forgotten(self, client: Client) -> None:
        client.force_login(make_member(make_workspace("alpha", name="Alpha")).user)
        client.cookies["workspace"] = "elsewhere"
        assert client.get("/")["Location"] == "/w/alpha/"

    def test_without_a_workspace_one_can_create_one(self, client: Client) -> None:
        client.force_login(make_user())
        assert "You are in no workspace" in client.get("/", follow=True).text
        response = client.post("/workspaces/new", {"name": "Acme", "time_zone": "europe/oslo"})
        assert response["Location"] == "/w/acme/"
        assert Workspace.objects.get().time_zone == "Europe/Oslo"

    def test_somebody_who_is_not_signed_in_goes_to_sign_in(self, client: Client) -> None:
        make_user()
        assert client.get("/")["Location"] == "/accounts/login/"


class TestSignInFromAnywhere:
    def test_a_page_is_found_again_after_sign_in(self, client: Client) -> None:
        assert client.get("/w/acme/messages/?q=a")["Location"] == "/accounts/login/?next=/w/acme/messages/%3Fq%3Da"

    def test_a_fragment_leads_back_to_its_page(self, client: Client) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/w/acme/"}
        response = client.get("/w/acme/contacts/?after=x", headers=headers)
        assert (response.status_code, response["HX-Redirect"]) == (200, "/accounts/login/?next=/w/acme/")

    def test_a_page_elsewhere_is_not_believed(self, client: Client) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/w/acme/"}
        assert client.get("/w/acme/", headers=headers)["HX-Redirect"] == "/accounts/login/?next=/"

    def test_a_form_does_not_become_an_address(self, client: Client) -> None:
        assert client.post(SETTINGS, {"name": "x"})["Location"] == "/accounts/login/?next=/"


class TestSettings:
    def test_an_admin_changes_them(self, client: Client) -> None:
        client.force_login(make_member(make_workspace(), Role.ADMIN).user)
        answer = {"name": "Acme Inc", "time_zone": "america/new york", "postal_address": "2 Side Street"}
        response = client.post(SETTINGS, answer)
        assert response["Location"] == SETTINGS
        row = Workspace.objects.get()
        assert (row.slug, row.name) == ("acme", "Acme Inc")
        assert (row.time_zone, row.postal_address) == ("America/New_York", "2 Side Street")
        assert "Settings saved." in page_of(client, SETTINGS)

    @pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
    def test_smaller_roles_read_them_only(self, client: Client, role: Role) -> None:
        client.force_login(make_member(make_workspace(), role).user)
        page = page_of(client, SETTINGS)
        assert "1 Main Street, Springfield" in page
        assert "Save settings" not in page
        refused = client.post(SETTINGS, {"name": "x", "time_zone": "UTC"})
        assert refused.status_code == 403
        assert f"You are {role.article} of Acme. This takes an admin" in refused.text.replace("&#x27;", "'")

    def test_a_zone_that_does_not_exist_is_refused_with_a_suggestion(self, client: Client) -> None:
        client.force_login(make_member(make_workspace()).user)
        response = client.post(SETTINGS, {"name": "Acme", "time_zone": "Warsaw"})
        assert response.status_code == 422
        assert "Did you mean Europe/Warsaw?" in response.text
        assert Workspace.objects.get().time_zone == "UTC"


class TestMembers:
    def test_somebody_with_an_account_is_added(self, client: Client) -> None:
        client.force_login(make_member(make_workspace(), Role.ADMIN).user)
        make_user("friend@example.com", name="Fay Friend")
        assert client.post(MEMBERS, {"email": "Friend@Example.com", "role": "member"})["Location"] == MEMBERS
        assert role_of("friend@example.com") == Role.MEMBER
        assert "Fay Friend is a member now." in page_of(client, MEMBERS)

    @pytest.mark.parametrize(
        ("email", "words"),
        [
            ("nobody@example.com", "Nobody with this address has an account"),
            ("admin@acme.example", "They are a member already"),
            ("no address", "Enter a valid email address"),
        ],
    )
    def test_an_address_that_does_not_serve_says_why(self, client: Client, email: str, words: str) -> None:
        client.force_login(make_member(make_workspace(), Role.ADMIN).user)
        response = client.post(MEMBERS, {"email": email, "role": "member"})
        assert response.status_code == 422
        assert words in response.text
        assert Membership.objects.count() == 1

    def test_accounts_cannot_be_found_out_by_trying_addresses(self, client: Client) -> None:
        client.force_login(make_member(make_workspace()).user)
        for n in range(30):
            client.post(MEMBERS, {"email": f"{n}@example.com", "role": "member"})
        make_user("friend@example.com")
        response = client.post(MEMBERS, {"email": "friend@example.com", "role": "member"})
        assert "Too many tries" in response.text
        assert role_of("friend@example.com") is None

    def test_an_admin_makes_no_owner(self, client: Client) -> None:
        workspace = make_workspace()
        make_member(workspace)
        client.force_login(make_member(workspace, Role.ADMIN).user)
        make_user("friend@example.com")
        assert client.post(MEMBERS, {"email": "friend@example.com", "role": "owner"}).status_code == 403
        response = client.post(f"{MEMBERS}/{pk_of('admin@acme.example')}/role", {"role": "owner"})
        assert response.status_code == 422
        assert "Only an owner of this workspace can do that." in response.text
        assert Membership.objects.filter(role=Role.OWNER).count() == 1

    def test_an_owner_changes_a_role(self, client: Client) -> None:
        workspace = make_workspace()
        client.force_login(make_member(workspace).user)
        make_member(workspace, Role.VIEWER)
        url = f"{MEMBERS}/{pk_of('viewer@acme.example')}/role"
        assert 'value="viewer" checked' in page_of(client, url)
        assert client.post(url, {"role": "admin"})["Location"] == MEMBERS
        assert role_of("viewer@acme.example") == Role.ADMIN
        assert client.post(url, {"role": "king"}).status_code == 422

    def test_the_last_owner_stays_and_learns_why(self, client: Client) -> None:
        client.force_login(make_member(make_workspace()).user)
        mine = f"{MEMBERS}/{pk_of('owner@acme.example')}"
        for url, answer in ((f"{mine}/role", {"role": "viewer"}), (f"{mine}/removal", {})):
            response = client.post(url, answer)
            assert response.status_code == 422
            assert "make somebody else an owner first" in response.text
        assert role_of("owner@acme.example") == Role.OWNER

    def test_removal_asks_once_and_takes_effect_at_once(self, client: Client) -> None:
        workspace = make_workspace()
        client.force_login(make_member(workspace).user)
        viewer = make_member(workspace, Role.VIEWER)
        theirs = Client()
        theirs.force_login(viewer.user)
        url = f"{MEMBERS}/{pk_of('viewer@acme.example')}/removal"
        assert "viewer@acme.example" in page_of(client, url)
        assert theirs.get(SETTINGS).status_code == 200
        assert client.post(url)["Location"] == MEMBERS
        assert theirs.get(SETTINGS).status_code == 404
        assert User.objects.filter(pk=viewer.user.pk).exists()

    def test_who_removes_themselves_is_led_to_their_other_workspaces(self, client: Client) -> None:
        workspace = make_workspace()
        make_member(workspace)
        client.force_login(make_member(workspace, Role.ADMIN).user)
        assert client.post(f"{MEMBERS}/{pk_of('admin@acme.example')}/removal")["Location"] == "/workspaces/"

    def test_a_name_is_shown_as_text(self, client: Client) -> None:
        workspace = make_workspace()
        owner = make_member(workspace)
        User.objects.filter(pk=owner.user.pk).update(name="<script>alert(1)</script>")
        client.force_login(owner.user)
        for url in (MEMBERS, f"{MEMBERS}/{pk_of('owner@acme.example')}/role", f"{MEMBERS}/1/removal", "/profile"):
            assert "<script>alert" not in client.get(url).text

    def test_the_list_costs_the_same_for_one_and_for_twenty(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        workspace = make_workspace()
        client.force_login(make_member(workspace).user)
        with django_assert_num_queries(5):
            page_of(client, MEMBERS)
        for n in range(20):
            make_member(workspace, Role.VIEWER, email=f"{n}@acme.example")
        with django_assert_num_queries(5):
            page_of(client, MEMBERS)


class TestPerson:
    def test_changes_their_name(self, client: Client) -> None:
        client.force_login(make_user())
        assert client.post("/profile", {"name": "Ada King"})["Location"] == "/profile"
        assert User.objects.get().name == "Ada King"
        assert client.post("/profile", {"name": "x" * 200}).status_code == 422

    def test_sees_only_their_workspaces(self, client: Client) -> None:
        client.force_login(make_member(make_workspace()).user)
        make_member(make_workspace("secret", name="Secret"))
        page = page_of(client, "/workspaces/")
        assert "Acme" in page
        assert "Secret" not in page

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_chooses_a_theme_without_scripts(self, client: Client, theme: str) -> None:
        response = client.post("/theme", {"theme": theme, "next": "/accounts/login/"})
        assert response["Location"] == "/accounts/login/"
        assert f'data-theme="{theme}"' in page_of(client, "/accounts/login/")
        client.post("/theme", {"theme": "system"})
        assert "data-theme" not in page_of(client, "/accounts/login/")

    def test_a_theme_that_does_not_exist_is_the_systems(self, client: Client) -> None:
        client.cookies["theme"] = '"><script>'
        assert "data-theme" not in page_of(client, "/accounts/login/")


class TestHealth:
    def test_is_well_without_signing_in(self, client: Client) -> None:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.head("/healthz").status_code == 200
