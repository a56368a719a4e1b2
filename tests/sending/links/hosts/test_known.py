"""The hosts that a process knows: asked without a query, news found soon, and kept while the database is away."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import override_settings
from pytest_django import DjangoAssertNumQueries

from outreach.kit import statements
from sending.links.hosts.known import KnownHosts
from sending.links.models import TrackingDomain
from sending.links.states import DomainState
from tests.builders import make_tracking_domain, make_workspace
from tests.sending.links.hosts.stage import HOST

pytestmark = pytest.mark.django_db


def test_a_host_that_ever_worked_is_known_whatever_became_of_it() -> None:
    known = {}
    for state in DomainState:
        workspace = make_workspace(state.value)
        make_tracking_domain(workspace, f"{state.value}.test", state)
        known[state] = workspace.pk
    hosts = KnownHosts()
    assert hosts.workspace_of("unproven.test") is None
    for state in set(DomainState) - {DomainState.UNPROVEN}:
        assert hosts.workspace_of(f"{state.value}.test") == known[state]
    assert hosts.workspace_of("") is None


def test_what_is_known_costs_no_query_and_news_are_looked_for_at_most_once_a_while(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    workspace = make_workspace()
    make_tracking_domain(workspace, HOST, DomainState.WORKS)
    hosts = KnownHosts(quiet_s=3600)
    with django_assert_num_queries(1):
        for name in (HOST, HOST, "a.test", "b.test"):
            hosts.workspace_of(name)
    make_tracking_domain(make_workspace("other"), "new.test", DomainState.WORKS)
    assert hosts.workspace_of("new.test") is None
    hosts.look_again()
    assert hosts.workspace_of("new.test")


def test_a_host_that_is_not_known_yet_is_looked_for() -> None:
    hosts = KnownHosts(quiet_s=0)
    assert hosts.workspace_of(HOST) is None
    workspace = make_workspace()
    make_tracking_domain(workspace, HOST, DomainState.WORKS)
    assert hosts.workspace_of(HOST) == workspace.pk


def test_while_the_database_is_away_what_was_known_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace()
    make_tracking_domain(workspace, HOST, DomainState.WORKS)
    hosts = KnownHosts(fresh_s=0, quiet_s=0)
    assert hosts.workspace_of(HOST) == workspace.pk

    def away(_statement: str) -> None:
        raise OperationalError

    monkeypatch.setattr(statements, "run", away)
    assert hosts.workspace_of(HOST) == workspace.pk
    assert hosts.workspace_of("other.test") is None


def test_a_name_of_the_pages_is_nobody_s_whatever_a_row_says() -> None:
    make_tracking_domain(make_workspace(), "pages.test", DomainState.WORKS)
    with override_settings(ALLOWED_HOSTS=["pages.test"]):
        assert KnownHosts().workspace_of("pages.test") is None
        assert not KnownHosts().may_be_certified("pages.test")


def test_a_certificate_is_for_names_that_lead_here() -> None:
    make_tracking_domain(make_workspace("a"), "claimed.test")
    make_tracking_domain(make_workspace("b"), "leads.test", points_here=True)
    make_tracking_domain(make_workspace("c"), "works.test", DomainState.WORKS)
    make_tracking_domain(make_workspace("d"), "left.test", DomainState.BROKEN, points_here=False)
    hosts = KnownHosts()
    names = [f"{name}.test" for name in ("claimed", "leads", "works", "left", "strange")]
    assert [name for name in names if hosts.may_be_certified(name)] == ["leads.test", "works.test"]
    assert TrackingDomain.objects.count() == 4
