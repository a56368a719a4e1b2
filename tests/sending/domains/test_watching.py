"""Sending domains over time: which are watched, what is kept of each check, and whose cold mail waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client

from outreach.accounts.roles import Role
from sending.domains import asking, watched, watching
from sending.domains.judging.findings import Check, Standing
from sending.domains.models import DomainReport, WatchedDomain
from sending.domains.watching import GRACE, Sends, check_due, watch
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.budgets import budgets_of
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.sending_domains import domains_of, hold_disbelieved, watch_all
from sending.pacing import HoldCode
from sending.planner.forecast.scenes import scene_of
from tests.builders import make_mailbox, make_member, make_running_campaign, make_workspace
from tests.dnsserver import FakeDns
from tests.programs import program_of
from tests.sending.planner.pages import page_of, signed_in
from tests.sending.planner.stage import database_time, make_people, make_sender, make_team, pick

pytestmark = pytest.mark.django_db

GOOD = """
acme.com. 60 IN MX 10 mx.acme.com.
mx.acme.com. 60 IN A 192.0.2.2
acme.com. 60 IN TXT "v=spf1 include:_spf.google.com ~all"
_spf.google.com. 60 IN TXT "v=spf1 ip4:203.0.113.0/24 ~all"
_dmarc.acme.com. 60 IN TXT "v=DMARC1; p=reject; rua=mailto:d@acme.com"
"""
WITHOUT_SPF = GOOD.replace('"v=spf1 include:_spf.google.com ~all"', '"nothing"')
GOOGLE = Sends(providers=(("Google Workspace", ("_spf.google.com",), ("google",)),))


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDns]:
    with FakeDns(GOOD) as server:
        monkeypatch.setattr(asking, "make_resolver", server.resolver)
        yield server


def look_now() -> int:
    WatchedDomain.objects.update(look_at=database_time())
    return check_due()


def only() -> WatchedDomain:
    return WatchedDomain.objects.get()


def break_for(row: WatchedDomain, ago: timedelta) -> None:
    WatchedDomain.objects.filter(pk=row.pk).update(failing_since=F("failing_since") - ago)


def test_the_domains_of_mailboxes_are_watched_with_who_sends_for_them() -> None:
    workspace = make_workspace()
    for address, host in (
        ("a@acme.com", "smtp.gmail.com"), ("b@acme.com", "smtp.office365.com"), ("c@own.net", "out.own.net"),
        ("d@gmail.com", "smtp.gmail.com"), ("e@brightpath.example", "127.0.0.1"), ("f@web.de", "smtp.web.de"),
    ):  # fmt: skip
        make_mailbox(workspace, address, smtp_host=host)
    found = domains_of(Mailbox.objects.filter(workspace=workspace))
    assert set(found) == {"acme.com", "own.net"}
    assert [(name, includes[0]) for name, includes, _ in found["acme.com"].providers] == [
        ("Google Workspace", "_spf.google.com"),
        ("Microsoft 365", "spf.protection.outlook.com"),
    ]
    assert found["own.net"] == Sends(hosts=("out.own.net",))


def test_a_domain_is_watched_as_long_as_somebody_sends_from_it(dns: FakeDns) -> None:
    workspace = make_workspace()
    box = make_mailbox(workspace, "a@acme.com", smtp_host="smtp.gmail.com")
    watch_all()
    assert look_now() == 1
    watch_all()
    assert check_due() == 0, "nothing of its senders has changed"
    make_mailbox(workspace, "b@acme.com", smtp_host="smtp.office365.com")
    watch_all()
    assert check_due() == 1, "a further provider sends for it"
    Mailbox.objects.exclude(pk=box.pk).delete()
    box.delete()
    watch_all()
    assert not WatchedDomain.objects.exists()


def test_what_stays_the_same_is_one_report_and_what_changes_another(dns: FakeDns) -> None:
    watch(make_workspace().pk, {"acme.com": GOOGLE})
    assert (look_now(), look_now()) == (1, 1)
    report = DomainReport.objects.get()
    assert report.first_at < report.last_at
    assert only().standing == Standing.UNKNOWN, "no key was found, which proves nothing"
    dns.serve(WITHOUT_SPF)
    look_now()
    row = only()
    assert (row.standing, row.failing_words) == (Standing.BAD, "acme.com has no SPF record.")
    told = watched.history_of(row)
    assert [(one.finding.check, one.finding.code, one.is_new) for one in told[0].changes] == [
        (Check.SPF, "good", False),
        (Check.SPF, "missing", True),
    ]
    assert told[1].is_first
    assert "acme.com was unknown and is bad" in Event.objects.get(kind=EventKind.SENDING_DOMAIN).data["words"]
    dns.serve(GOOD)
    look_now()
    assert (only().failing_since, only().failing_words) == (None, "")


def test_a_resolver_in_trouble_neither_breaks_nor_mends_a_domain(dns: FakeDns, monkeypatch: pytest.MonkeyPatch) -> None:
    watch(make_workspace().pk, {"acme.com": GOOGLE})
    with FakeDns(GOOD, broken=frozenset({"acme.com", "_dmarc.acme.com"})) as away:
        monkeypatch.setattr(asking, "make_resolver", away.resolver)
        look_now()
        assert only().failing_since is None
        dns.serve(WITHOUT_SPF)
        monkeypatch.setattr(asking, "make_resolver", dns.resolver)
        look_now()
        since = only().failing_since
        assert since is not None
        monkeypatch.setattr(asking, "make_resolver", away.resolver)
        look_now()
        assert only().failing_since == since


def test_cold_mail_waits_for_a_domain_that_stays_broken_and_goes_on_when_it_is_mended(dns: FakeDns) -> None:
    member = make_team()
    box = make_sender(member, "a@acme.com", smtp_host="smtp.gmail.com")
    other = make_sender(member, "a@other.example")
    campaign = make_running_campaign(member, make_people(member, 3), (box,))
    dns.serve(WITHOUT_SPF)
    watch_all()
    look_now()
    watch_all()
    assert MailboxClock.objects.get(mailbox=box).cold_hold_words == "", "there is time to mend it"
    break_for(only(), GRACE + timedelta(minutes=1))
    watch_all()
    assert "acme.com has no SPF record" in MailboxClock.objects.get(mailbox=box).cold_hold_words
    assert MailboxClock.objects.get(mailbox=other).cold_hold_words == ""
    assert pick(box) == []
    hold = budgets_of([box])[0].hold
    assert hold is not None
    assert (hold.code, hold.words) == (HoldCode.AUTHENTICATION, "acme.com: acme.com has no SPF record.")
    assert scene_of(campaign, now=database_time()).scenario.mailboxes == ()
    dns.serve(GOOD)
    look_now()
    hold_disbelieved()
    MailboxClock.objects.update(lease_owner=None, lease_until=None)
    assert len(pick(box)) == 3


def test_the_pages_tell_what_was_found_and_how_to_mend_it(dns: FakeDns) -> None:
    member = make_member(make_workspace())
    watch(member.workspace.pk, {"acme.com": GOOGLE})
    client = signed_in(member)
    assert "Not checked yet" in page_of(client.get(member.url("domains:watched", only().pk)))
    dns.serve(WITHOUT_SPF)
    look_now()
    listed = page_of(client.get(member.url("domains:list")))
    assert "acme.com has no SPF record." in listed
    page = page_of(client.get(member.url("domains:watched", only().pk)))
    assert "v=spf1 include:_spf.google.com ~all" in page
    assert "its mailboxes write to no more strangers" in page
    assert "First check" in page


def test_a_person_has_a_domain_checked_once_in_a_while(dns: FakeDns, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace()
    member = make_member(workspace)
    watch(workspace.pk, {"acme.com": GOOGLE})
    hinted: list[int] = []
    monkeypatch.setattr("sending.domains.watch_views.hint_at", lambda _task, pk, _what: hinted.append(pk))
    client, url = signed_in(member), member.url("domains:watched_check", only().pk)
    client.post(url)
    client.post(url)
    assert hinted == [only().pk]
    assert watching.is_asked(only())
    watching.check_asked(only().pk)
    assert not watching.is_asked(only())


def test_a_program_reads_what_was_found_and_has_a_domain_checked(dns: FakeDns, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace()
    program = program_of(make_member(workspace))
    watch(workspace.pk, {"acme.com": GOOGLE})
    dns.serve(WITHOUT_SPF)
    look_now()
    (listed,) = program.ask("GET", "/domains").json()["domains"]
    assert (listed["domain"], listed["standing"]) == ("acme.com", "bad")
    whole = program.ask("GET", f"/domains/{listed['id']}").json()
    spf = next(one for one in whole["findings"] if one["check"] == "spf")
    assert (spf["code"], spf["stops_cold"]) == ("missing", True)
    assert spf["record"] == {"name": "acme.com", "type": "TXT", "value": "v=spf1 include:_spf.google.com ~all"}
    monkeypatch.setattr("sending.domains.api.hint_at", lambda *_: None)
    assert program.ask("POST", f"/domains/{listed['id']}/check").status_code == 202
    assert watching.is_asked(only())
    assert program.ask("GET", "/domains/999999").status_code == 404


def test_strangers_see_no_domain_and_viewers_ask_for_no_check(dns: FakeDns) -> None:
    workspace = make_workspace()
    watch(workspace.pk, {"acme.com": GOOGLE})
    viewer = make_member(workspace, Role.VIEWER)
    client: Client = signed_in(viewer)
    assert client.get(viewer.url("domains:watched", only().pk)).status_code == 200
    assert client.post(viewer.url("domains:watched_check", only().pk)).status_code == 403
    stranger = make_member(make_workspace("other"), email="stranger@example.com")
    assert signed_in(stranger).get(stranger.url("domains:watched", only().pk)).status_code == 404
