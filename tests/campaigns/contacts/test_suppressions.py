from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from campaigns.contacts import queries, services
from campaigns.contacts.errors import MayNotLift
from campaigns.contacts.models import Suppression
from campaigns.contacts.states import SuppressionReason, SuppressionScope
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from outreach.kit.addresses import BadAddress
from tests.builders import make_contact, make_member, make_workspace

pytestmark = pytest.mark.django_db


def test_suppressing_twice_is_once_and_keeps_the_first_evidence() -> None:
    workspace = make_workspace()
    assert services.suppress(workspace, " Ada@X.com ", SuppressionReason.OPTED_OUT, evidence="please stop")
    assert not services.suppress(workspace, "ada@x.com", SuppressionReason.COMPLAINED, evidence="later")
    row = Suppression.objects.get()
    assert (row.value, row.reason, row.evidence) == ("ada@x.com", "opted_out", "please stop")


def test_an_opt_out_replaces_a_reason_that_anybody_could_lift() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.MANUAL)
    assert services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT, evidence="STOP\0")
    row = Suppression.objects.get()
    assert (row.reason, row.evidence) == ("opted_out", "STOP\ufffd")
    assert not services.suppress(workspace, "ada@x.com", SuppressionReason.MANUAL)
    row.refresh_from_db()
    assert row.reason == "opted_out"


def test_what_is_no_address_or_domain_is_refused() -> None:
    workspace = make_workspace()
    with pytest.raises(BadAddress):
        services.suppress(workspace, "nope", SuppressionReason.MANUAL)
    with pytest.raises(BadAddress):
        services.suppress_domain(workspace, "com", SuppressionReason.MANUAL)
    assert not Suppression.objects.exists()


def test_an_address_its_domain_and_the_domains_above_forbid_writing() -> None:
    workspace, other = make_workspace(), make_workspace("other")
    services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT)
    services.suppress_domain(workspace, "Evil.com", SuppressionReason.MANUAL)
    services.suppress(other, "cy@x.com", SuppressionReason.MANUAL)
    asked = ["ada@x.com", "bob@x.com", "a@evil.com", "a@mail.evil.com", "a@notevil.com", "cy@x.com"]
    found = queries.suppressed_keys(workspace.pk, asked)
    assert {key: (row.scope, row.value) for key, row in found.items()} == {
        "ada@x.com": (SuppressionScope.ADDRESS, "ada@x.com"),
        "a@evil.com": (SuppressionScope.DOMAIN, "evil.com"),
        "a@mail.evil.com": (SuppressionScope.DOMAIN, "evil.com"),
    }
    assert queries.is_suppressed(workspace.pk, "ada@x.com")
    assert not queries.is_suppressed(workspace.pk, "bob@x.com")


def test_any_number_of_keys_is_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    workspace = make_workspace()
    services.suppress_domain(workspace, "x.com", SuppressionReason.MANUAL)
    with django_assert_num_queries(1):
        assert len(queries.suppressed_keys(workspace.pk, [f"p{n}@mail.x.com" for n in range(500)])) == 500
    with django_assert_num_queries(0):
        assert queries.suppressed_keys(workspace.pk, []) == {}


LABEL = st.sampled_from(["a", "b", "evil", "com"])
DOMAIN = st.lists(LABEL, min_size=2, max_size=4).map(".".join)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(domains=st.lists(DOMAIN, max_size=4), asked=st.lists(DOMAIN, min_size=1, max_size=6, unique=True))
def test_the_sql_condition_says_the_same_as_the_query(domains: list[str], asked: list[str]) -> None:
    workspace = Workspace.objects.create(slug=f"w{Workspace.objects.count()}", name="W")
    for domain in domains:
        services.suppress_domain(workspace, domain, SuppressionReason.MANUAL)
    keys = [f"p@{domain}" for domain in asked]
    for key in keys:
        make_contact(workspace, key)
    condition = queries.suppressed_condition(workspace="c.workspace_id", key="c.email_key", domain="c.domain")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT email_key FROM contacts_contact c WHERE workspace_id = %s AND {condition}",  # noqa: S608
            [workspace.pk],
        )
        by_sql = {key for (key,) in cursor.fetchall()}
    assert by_sql == set(queries.suppressed_keys(workspace.pk, keys))


def test_a_member_lifts_what_a_person_added() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.MANUAL)
    services.lift(make_member(workspace, Role.MEMBER), Suppression.objects.get())
    assert not Suppression.objects.exists()


def test_an_opt_out_is_lifted_only_by_an_admin_who_types_the_address() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT)
    row = Suppression.objects.get()
    member, admin = make_member(workspace, Role.MEMBER), make_member(workspace, Role.ADMIN)
    with pytest.raises(MayNotLift, match="Only an admin"):
        services.lift(member, row, typed="ada@x.com")
    with pytest.raises(MayNotLift, match="Type ada@x"):
        services.lift(admin, row, typed="")
    services.lift(admin, row, typed=" ADA@x.com ")
    assert not Suppression.objects.exists()


def test_a_viewer_lifts_nothing() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.MANUAL)
    with pytest.raises(MayNotLift):
        services.lift(make_member(workspace, Role.VIEWER), Suppression.objects.get())


def test_a_reason_that_became_binding_meanwhile_is_not_lifted_by_an_old_page() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.MANUAL)
    seen = Suppression.objects.get()
    services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT)
    services.lift(make_member(workspace, Role.MEMBER), seen)
    assert Suppression.objects.get().reason == "opted_out"
