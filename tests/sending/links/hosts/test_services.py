"""A tracking domain from its claim on: proven over a real DNS and real TLS, lost, found again, removed, forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import override_settings

from outreach.accounts.access import Member
from outreach.kit.addresses import BadAddress
from sending.chaos.certificates import Pair, leaf
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.links.hosts import lookup, proof, services
from sending.links.hosts.bases import base_of, bases_of
from sending.links.hosts.core import Verdict
from sending.links.hosts.services import NotClaimed, check, check_due, check_now, claim, remove
from sending.links.models import TrackingDomain
from sending.links.states import DomainState, Finding
from tests.builders import make_member, make_tracking_domain, make_workspace
from tests.dnsserver import FakeDns
from tests.sending.links.hosts.stage import ALIAS, HOST, TARGET, App, proxy, renamed, stranger, zone

pytestmark = pytest.mark.django_db
OURS = "https://go.example.net"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace())


def now_of(row: TrackingDomain) -> TrackingDomain:
    return TrackingDomain.objects.get(pk=row.pk)


def look(row: TrackingDomain) -> Verdict:
    return check(now_of(row))


def told() -> list[str]:
    return [event.said for event in Event.objects.filter(kind=EventKind.TRACKING_DOMAIN).order_by("id")]


def aged(row: TrackingDomain, **ago: timedelta) -> None:
    TrackingDomain.objects.filter(pk=row.pk).update(**{name: Now() - span for name, span in ago.items()})


def test_a_domain_is_used_from_the_look_on_that_proves_it(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    row = claim(member, f"https://{HOST.upper()}/")
    with zone(monkeypatch, "other.test. 60 IN A 127.0.0.1") as dns:
        assert look(row).words == f"There is no record at {HOST}."
        assert base_of(member.workspace.pk) == OURS
        dns.serve(ALIAS)
        with proxy(monkeypatch):
            assert look(row).finding is Finding.WORKS
    works = now_of(row)
    assert (works.state, works.points_here, works.proven_at is not None) == (DomainState.WORKS, True, True)
    neighbour = make_workspace("other")
    assert bases_of([member.workspace.pk, neighbour.pk]) == {member.workspace.pk: f"https://{HOST}", neighbour.pk: OURS}
    assert told() == [
        f"{HOST} is to be the tracking domain. By {member.user.email}.",
        f"{HOST} works: new messages lead over it.",
    ]


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (leaf(HOST, first_day=-9, last_day=-2), "not valid any more"),
        (leaf("shop.test"), "for other names"),
        (leaf(HOST, self_signed=True), "nobody whom browsers trust"),
    ],
    ids=["dates", "name", "issuer"],
)
def test_a_certificate_that_readers_would_refuse_is_told_by_its_fault(
    member: Member, monkeypatch: pytest.MonkeyPatch, pair: Pair, words: str
) -> None:
    row = claim(member, HOST)
    with zone(monkeypatch, ALIAS), proxy(monkeypatch, pair=pair):
        verdict = look(row)
    assert verdict.finding is Finding.CERTIFICATE
    assert words in verdict.words
    assert now_of(row).points_here, "the proxy may ask for a certificate"
    assert base_of(member.workspace.pk) == OURS


@pytest.mark.parametrize(
    ("app", "words"),
    [(stranger, "it is not this instance"), (renamed("inner.test"), "arrives as one for inner.test")],
    ids=["somebody else", "a proxy that renames"],
)
def test_whoever_answers_must_be_this_instance_at_this_name(
    member: Member, monkeypatch: pytest.MonkeyPatch, app: App, words: str
) -> None:
    row = claim(member, HOST)
    with zone(monkeypatch, ALIAS), proxy(monkeypatch, app=app):
        verdict = look(row)
    assert verdict.finding is Finding.ELSEWHERE
    assert words in verdict.words


def test_where_nobody_answers_or_nobody_may_be_asked_it_says_so(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = claim(member, HOST)
    with zone(monkeypatch, ALIAS) as dns:
        with proxy(monkeypatch):
            pass  # its port is free again
        assert look(row).finding is Finding.NO_ANSWER
        for address in ("10.1.2.3", "169.254.169.254"):
            dns.serve(ALIAS.replace("127.0.0.1", address))
            verdict = look(row)
            assert (verdict.finding, "does not connect to" in verdict.words) == (Finding.NO_ANSWER, True)
            assert address not in verdict.words


def test_a_domain_that_breaks_is_left_at_once_and_found_again(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    row = make_tracking_domain(member.workspace, HOST, DomainState.WORKS)
    with zone(monkeypatch, f"{HOST}. 60 IN CNAME shop.test.\nshop.test. 60 IN A 127.0.0.1\n") as dns:
        look(row)
        assert (now_of(row).state, base_of(member.workspace.pk)) == (DomainState.BROKEN, OURS)
        look(row)
        dns.serve(ALIAS)
        with proxy(monkeypatch):
            look(row)
    assert (now_of(row).state, base_of(member.workspace.pk)) == (DomainState.WORKS, f"https://{HOST}")
    gone, back = told()
    assert gone.startswith(
        f"{HOST} does not work any more: new messages lead over {TARGET}. {HOST} is an alias (CNAME)"
    )
    assert back == f"{HOST} works: new messages lead over it."


@pytest.mark.parametrize("state", list(DomainState))
def test_a_dns_that_gives_no_answer_changes_nothing(
    member: Member, monkeypatch: pytest.MonkeyPatch, state: DomainState
) -> None:
    row = make_tracking_domain(member.workspace, HOST, state)
    with zone(monkeypatch, ALIAS, broken=HOST):
        assert look(row).finding is Finding.DNS_SILENT
    after = now_of(row)
    assert (after.state, after.points_here, after.away_since) == (state, row.points_here, None)


def test_what_a_person_did_meanwhile_is_not_undone_by_a_look(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    row = make_tracking_domain(member.workspace, HOST, DomainState.WORKS)
    with zone(monkeypatch, "other.test. 60 IN A 127.0.0.1"):
        remove(member, row)
        check(row)  # as it was read before
    assert now_of(row).state == DomainState.RETIRED


def test_a_removed_domain_stays_until_its_record_is_gone_for_long(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = make_tracking_domain(member.workspace, HOST, DomainState.WORKS)
    assert remove(member, row)
    assert base_of(member.workspace.pk) == OURS
    neighbour = make_member(make_workspace("other"))
    with pytest.raises(NotClaimed, match="another workspace"):
        claim(neighbour, HOST)
    with zone(monkeypatch, "other.test. 60 IN A 127.0.0.1") as dns:
        look(row)
        since = now_of(row).away_since
        look(row)
        assert since is not None
        assert now_of(row).away_since == since
        dns.serve(ALIAS)
        with proxy(monkeypatch):
            look(row)
        assert (now_of(row).away_since, now_of(row).state) == (None, DomainState.RETIRED)
        aged(row, away_since=services.ANSWERED - MINUTE, checked_at=MINUTE)
        check_due()
        assert now_of(row)
        aged(row, away_since=services.ANSWERED + MINUTE)
        check_due()
    assert claim(neighbour, HOST)


def test_a_removed_domain_can_be_taken_back_and_is_proven_anew(member: Member) -> None:
    row = make_tracking_domain(member.workspace, HOST, DomainState.RETIRED, away_since=Now())
    again = claim(member, HOST)
    assert (again.pk, again.state, again.away_since) == (row.pk, DomainState.BROKEN, None)
    assert base_of(member.workspace.pk) == OURS


def test_what_never_worked_is_removed_at_once_and_lapses_by_itself(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = claim(member, HOST)
    assert not remove(member, row)
    row = claim(member, HOST)
    with zone(monkeypatch, "other.test. 60 IN A 127.0.0.1"):
        aged(row, created_at=services.LAPSES - MINUTE)
        check_due()
        assert now_of(row)
        aged(row, created_at=services.LAPSES + MINUTE)
        check_due()
    assert not TrackingDomain.objects.exists()
    assert told()[-1] == f"{HOST} never worked in 14 days, and is given up as the tracking domain."


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (TARGET, "own tracking host"),
        ("127.0.0.1", "127.0.0.1"),
        ("pages.test", "shows its pages"),
        ("eu.wild.test", "shows its pages"),
        (f"{'a' * 60}.{'b' * 60}.test", "at most 100"),
        ("acme", "no ending"),
        ("go.acme.test/c", "character that no domain has"),
    ],
)
def test_what_cannot_be_a_tracking_domain_is_refused_by_name(member: Member, host: str, words: str) -> None:
    with (
        override_settings(ALLOWED_HOSTS=["pages.test", ".wild.test"]),
        pytest.raises((BadAddress, NotClaimed), match=words),
    ):
        claim(member, host)


def test_where_pages_are_shown_at_every_name_there_is_no_tracking_domain(member: Member) -> None:
    with override_settings(ALLOWED_HOSTS=["*"]), pytest.raises(NotClaimed, match="at every name"):
        claim(member, HOST)


def test_a_workspace_has_one_and_a_host_is_of_one_workspace(member: Member) -> None:
    claim(member, HOST)
    with pytest.raises(NotClaimed, match="Remove that first"):
        claim(member, "t.acme.test")
    with pytest.raises(NotClaimed, match="another workspace"):
        claim(make_member(make_workspace("other")), HOST)


def test_what_works_is_looked_at_every_hour_and_what_does_not_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    ages = {
        "new.test": (DomainState.UNPROVEN, None),
        "waits.test": (DomainState.UNPROVEN, 11 * MINUTE),
        "fresh.test": (DomainState.BROKEN, 9 * MINUTE),
        "broken.test": (DomainState.BROKEN, 11 * MINUTE),
        "works.test": (DomainState.WORKS, 59 * MINUTE),
        "hourly.test": (DomainState.WORKS, 61 * MINUTE),
        "gone.test": (DomainState.RETIRED, 25 * 60 * MINUTE),
        "kept.test": (DomainState.RETIRED, 23 * 60 * MINUTE),
    }
    for name, (state, age) in ages.items():
        made = make_tracking_domain(make_workspace(name.removesuffix(".test")), name, state)
        if age:
            aged(made, checked_at=age)
    with zone(monkeypatch, "other.test. 60 IN A 127.0.0.1") as dns:
        assert check_due() == 5
        assert check_due() == 0
        assert {name for name, _ in dns.asked} - {TARGET} == {
            "new.test", "waits.test", "broken.test", "hourly.test", "gone.test",
        }  # fmt: skip


def test_whoever_asks_again_and_again_is_told_what_was_found_a_moment_ago(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = claim(member, HOST)
    with zone(monkeypatch, "other.test. 60 IN A 127.0.0.1") as dns:
        first = check_now(now_of(row))
        asked = len(dns.asked)
        assert check_now(now_of(row)) == first
        assert len(dns.asked) == asked
        aged(row, checked_at=MINUTE)
        check_now(now_of(row))
        assert len(dns.asked) > asked


def test_aliases_that_lead_in_circles_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    circle = f"{HOST}. 60 IN CNAME b.acme.test.\nb.acme.test. 60 IN CNAME {HOST}.\n"
    with FakeDns(circle) as dns:
        monkeypatch.setattr(lookup, "make_resolver", dns.resolver)
        monkeypatch.setattr(FakeDns, "resolve", _one_record)
        found = lookup.look_up(HOST)
    assert (len(found.aliases), found.addresses) == (8, ())


def _one_record(self: FakeDns, request: object, _handler: object) -> object:
    reply = request.reply()  # type: ignore[attr-defined]
    for row in self._rows_of(str(request.q.qname).rstrip(".").lower()):  # type: ignore[attr-defined]
        reply.add_answer(row)
    return reply


def test_only_a_question_of_this_instance_is_answered() -> None:
    assert proof.answer_to("x", HOST) is None
