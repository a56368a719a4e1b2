"""A list's addresses are checked domain by domain: cached, resumed, fenced, and told on the contacts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.contacts import queries, services
from campaigns.contacts.command import check_addresses
from campaigns.contacts.core.mail_domains import DomainVerdict
from campaigns.contacts.errors import NothingToCheck
from campaigns.contacts.models import AddressCheck, CheckedDomain, Contact, ContactList, MailDomain
from campaigns.contacts.services import checks
from campaigns.contacts.states import CheckState, SuppressionReason
from outreach.accounts.models import Workspace
from outreach.kit import clock
from tests.builders import make_contact, make_list, make_workspace
from tests.dnsserver import FakeDns

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ZONE = """
acme.test. 60 IN MX 10 aspmx.l.google.com.
null.test. 60 IN MX 0 .
web.test. 60 IN A 192.0.2.1
late.test. 60 IN MX 10 mx.late.test.
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDns]:
    with FakeDns(ZONE, broken=frozenset({"broken.test"})) as running:
        monkeypatch.setattr(checks, "make_async_resolver", running.async_resolver)
        yield running


def at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


def make_leads(workspace: Workspace, *addresses: str) -> ContactList:
    return make_list(workspace, "Leads", tuple(make_contact(workspace, one) for one in addresses))


def run(row: ContactList) -> AddressCheck:
    check = services.start_check(row, hint=False)
    services.run_check(check.pk)
    check.refresh_from_db()
    return check


def verdicts() -> dict[str, str]:
    return dict(Contact.objects.values_list("email_key", "verdict"))


def test_each_contact_gets_the_verdict_of_its_address(server: FakeDns) -> None:
    leads = make_leads(
        make_workspace(), "ada@acme.test", "info@acme.test", "bob@null.test", "cy@web.test", "di@gone.test",
        "eve@broken.test", "fox@mailinator.com",
    )  # fmt: skip
    check = run(leads)
    assert (check.state, check.domains_total, check.domains_done) == (CheckState.DONE, 6, 6)
    assert check.finished_at is not None
    assert verdicts() == {
        "ada@acme.test": "valid",
        "info@acme.test": "role",
        "bob@null.test": "no_mail",
        "cy@web.test": "risky",
        "di@gone.test": "unknown",
        "eve@broken.test": "unknown",
        "fox@mailinator.com": "disposable",
    }
    assert not CheckedDomain.objects.exists()
    row = MailDomain.objects.get(domain="acme.test")
    assert (row.provider, row.hosts) == ("google", ["aspmx.l.google.com"])


def test_what_is_known_is_not_asked_again_before_it_is_old(server: FakeDns, monkeypatch: pytest.MonkeyPatch) -> None:
    leads = make_leads(make_workspace(), "ada@acme.test", "bob@null.test", "eve@broken.test")
    at(monkeypatch, NOW)
    run(leads)
    server.asked.clear()
    run(leads)
    assert {name for name, _ in server.asked} == {"broken.test"}
    at(monkeypatch, NOW + timedelta(days=31))
    server.asked.clear()
    run(leads)
    assert {name for name, _ in server.asked} == {"acme.test", "null.test", "broken.test"}


def test_a_contact_that_came_later_is_checked_without_asking_anybody(server: FakeDns) -> None:
    workspace = make_workspace()
    run(make_leads(workspace, "ada@acme.test"))
    server.asked.clear()
    run(make_list(workspace, "More", (make_contact(workspace, "bob@acme.test"),)))
    assert server.asked == []
    assert verdicts()["bob@acme.test"] == "valid"


def test_a_domain_in_doubt_is_looked_up_again_by_itself_and_told_in_every_workspace(
    server: FakeDns, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, NOW)
    run(make_leads(make_workspace("one"), "di@gone.test", "flo@slow.test"))
    run(make_leads(make_workspace("two"), "dan@gone.test"))
    assert services.look_again() == 0
    at(monkeypatch, NOW + timedelta(minutes=61))
    server.serve(ZONE + "slow.test. 60 IN MX 10 mx.slow.test.\n")
    assert services.look_again() == 2
    assert verdicts() == {"di@gone.test": "no_mail", "dan@gone.test": "no_mail", "flo@slow.test": "valid"}
    assert MailDomain.objects.get(domain="gone.test").verdict == DomainVerdict.NO_MAIL
    assert services.look_again() == 0


def test_another_address_of_the_same_contact_is_unchecked_again(server: FakeDns) -> None:
    leads = make_leads(make_workspace(), "ada@acme.test")
    run(leads)
    contact = Contact.objects.get()
    services.edit_contact(contact, {"email": "Ada@acme.test", "first_name": "Ada"}, {})
    assert verdicts() == {"ada@acme.test": "valid"}
    services.edit_contact(contact, {"email": "ada@null.test"}, {})
    assert verdicts() == {"ada@null.test": ""}


def test_a_second_start_leads_to_the_check_that_runs(server: FakeDns) -> None:
    leads = make_leads(make_workspace(), "ada@acme.test")
    first = services.start_check(leads, hint=False)
    assert services.start_check(leads, hint=False) == first
    services.run_check(first.pk)
    assert services.start_check(leads, hint=False) != first


def test_a_check_that_a_worker_has_is_left_to_it_until_its_lease_ends(
    server: FakeDns, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, NOW)
    check = services.start_check(make_leads(make_workspace(), "ada@acme.test"), hint=False)
    assert checks._taken(check.pk) is not None
    services.run_check(check.pk)
    check.refresh_from_db()
    assert (check.state, check.domains_total) == (CheckState.RUNNING, None)
    at(monkeypatch, NOW + checks.LEASE + timedelta(seconds=1))
    services.run_check(check.pk)
    check.refresh_from_db()
    assert check.state == CheckState.DONE


def test_a_worker_that_lost_its_lease_writes_nothing(server: FakeDns, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, NOW)
    check = services.start_check(make_leads(make_workspace(), "ada@acme.test"), hint=False)
    slow = checks._taken(check.pk)
    assert slow is not None
    assert checks._deal(slow)
    at(monkeypatch, NOW + checks.LEASE + timedelta(seconds=1))
    assert checks._taken(check.pk) is not None
    assert not checks._do_batch(slow)
    assert verdicts() == {"ada@acme.test": ""}
    assert not MailDomain.objects.exists()
    assert CheckedDomain.objects.count() == 1


def test_a_check_that_was_ended_keeps_what_it_has_found_and_does_no_more(
    server: FakeDns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "BATCH", 1)
    check = services.start_check(make_leads(make_workspace(), "ada@acme.test", "bob@null.test"), hint=False)
    row = checks._taken(check.pk)
    assert row is not None
    assert checks._deal(row)
    assert checks._do_batch(row)
    assert services.cancel_check(check)
    assert not services.cancel_check(check)
    assert not checks._do_batch(row)
    services.run_check(check.pk)
    check.refresh_from_db()
    assert (check.state, check.domains_done) == (CheckState.CANCELLED, 1)
    assert verdicts() == {"ada@acme.test": "valid", "bob@null.test": ""}


def test_a_list_of_nobody_is_done_at_once(server: FakeDns) -> None:
    check = run(make_list(make_workspace(), "Leads"))
    assert (check.state, check.domains_total) == (CheckState.DONE, 0)
    assert queries.check_progress_of(check).percent == 100


def test_a_sandbox_has_nothing_to_check(server: FakeDns) -> None:
    workspace = make_workspace()
    Workspace.objects.update(time_scale=60)
    workspace.refresh_from_db()
    with pytest.raises(NothingToCheck, match="in no DNS"):
        services.start_check(make_leads(workspace, "ada@acme.test"))


def test_a_batch_asks_the_database_as_often_for_200_contacts_as_for_2(
    server: FakeDns, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace()
    few = make_leads(workspace, *(f"p{number}@acme.test" for number in range(2)))
    with CaptureQueriesContext(connection) as for_few:
        run(few)
    contacts = tuple(make_contact(workspace, f"q{n}@late.test") for n in range(200))
    many = make_list(workspace, "Many", contacts)
    with CaptureQueriesContext(connection) as for_many:
        run(many)
    assert len(for_many) == len(for_few)
    assert set(verdicts().values()) == {"valid"}


def test_people_are_counted_by_verdict_and_the_suppressed_apart(server: FakeDns) -> None:
    workspace = make_workspace()
    leads = make_leads(workspace, "ada@acme.test", "bob@acme.test", "cy@null.test", "di@acme.test")
    run(leads)
    more = make_list(
        workspace, "More", (make_contact(workspace, "eve@x.test"), Contact.objects.get(email_key="ada@acme.test"))
    )
    services.suppress(workspace, "bob@acme.test", SuppressionReason.OPTED_OUT)
    counts = queries.verdict_counts(workspace.pk, [leads.pk, more.pk])
    assert counts == {"valid": 2, "no_mail": 1, "suppressed": 1, "": 1}
    assert queries.verdict_counts(make_workspace("other").pk, [leads.pk]) == {}


def test_the_providers_of_domains_are_told_where_they_are_known(server: FakeDns) -> None:
    run(make_leads(make_workspace(), "ada@acme.test", "bob@null.test", "cy@late.test"))
    assert queries.providers_of(["acme.test", "null.test", "late.test", "never.test"]) == {"acme.test": "google"}


def test_a_slice_hands_the_check_on_and_the_sweep_finds_what_nobody_works_at(
    server: FakeDns, monkeypatch: pytest.MonkeyPatch
) -> None:
    hinted: list[int] = []
    monkeypatch.setattr(checks, "_hint", hinted.append)
    monkeypatch.setattr(checks, "_SLICE_S", 0)
    monkeypatch.setattr(checks, "BATCH", 1)
    check = services.start_check(make_leads(make_workspace(), "ada@acme.test", "bob@null.test"), hint=False)
    services.run_check(check.pk)
    check.refresh_from_db()
    assert (check.state, check.domains_done, check.lease_until) == (CheckState.RUNNING, 1, None)
    assert hinted == [check.pk]
    services.sweep_checks()
    assert hinted == [check.pk] * 2
    assert checks._taken(check.pk) is not None
    services.sweep_checks()
    assert hinted == [check.pk] * 2, "somebody works at it"


def test_the_command_checks_a_list_and_tells_the_counts(server: FakeDns) -> None:
    make_leads(make_workspace(), "ada@acme.test", "bob@acme.test", "cy@null.test")
    said: list[str] = []
    assert check_addresses("acme", "LEADS", said.append) == 0
    assert said == ["2 of 2 domains.", "  2 valid", "  1 takes no mail"]
    assert check_addresses("acme", "Nobody", said.append) == 2
    Workspace.objects.update(time_scale=60)
    assert check_addresses("acme", "Leads", said.append) == 1
