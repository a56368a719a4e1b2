"""A signing key: made, published, found, gone; and who may not be signed for."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now
from dns.resolver import Resolver

from outreach.kit.addresses import BadAddress
from sending.domains import asking, keys, services
from sending.domains.keys import KeyLost, signatures_of
from sending.domains.models import DomainKey
from sending.domains.services import AlreadySigned, check_due, check_key, make_key
from sending.domains.states import KeyState
from sending.smtp.dkim import SigningKey, TxtRecord, make_private_key, record_of
from tests.builders import make_domain_key, make_member, make_workspace, signing_pem
from tests.dnsserver import FakeDns

pytestmark = pytest.mark.django_db


def record_of_row(row: DomainKey) -> TxtRecord:
    return record_of(keys.opened(row))


def zone_of(row: DomainKey) -> str:
    record = record_of_row(row)
    return f"{record.name}. 60 IN TXT {record.quoted}\n"


def state_of(row: DomainKey) -> str:
    return DomainKey.objects.get(pk=row.pk).state


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> list[FakeDns]:
    """Answers are those of the server that was put into the list last."""
    servers: list[FakeDns] = []

    def of_the_last() -> Resolver:
        return servers[-1].resolver()

    monkeypatch.setattr(asking, "make_resolver", of_the_last)
    return servers


def test_a_key_signs_from_the_moment_its_record_is_found(dns: list[FakeDns]) -> None:
    member = make_member(make_workspace())
    row = make_key(member, "Bücher.test")
    assert (row.domain, row.state) == ("xn--bcher-kva.test", KeyState.UNPUBLISHED)
    with FakeDns("other.test. 60 IN A 127.0.0.1") as nothing:
        dns.append(nothing)
        assert "There is no TXT record at" in check_key(row).words
    assert signatures_of([member.workspace.pk]).key_for(member.workspace.pk, "me@xn--bcher-kva.test") is None
    with FakeDns(zone_of(row)) as there:
        dns.append(there)
        assert check_key(DomainKey.objects.get(pk=row.pk)).is_there
    key = signatures_of([member.workspace.pk]).key_for(member.workspace.pk, "me@xn--bcher-kva.test")
    assert key is not None
    assert record_of(key) == record_of_row(row)


def test_no_two_keys_of_a_domain_share_the_name_of_their_record() -> None:
    member, neighbour = make_member(make_workspace()), make_member(make_workspace("other"))
    first, theirs = make_key(member, "acme.test"), make_key(neighbour, "acme.test")
    services.remove_key(member, first)
    again = make_key(member, "acme.test")
    assert len({record_of_row(row).name for row in (first, theirs, again)}) == 3


def test_a_record_that_goes_away_ends_the_signing_and_its_return_begins_it(dns: list[FakeDns]) -> None:
    row = make_domain_key(make_workspace(), state=KeyState.SIGNING, checked_at=Now())
    other = record_of(SigningKey(row.domain, row.selector, make_private_key()))
    with FakeDns(f"{other.name}. 60 IN TXT {other.quoted}") as wrong:
        dns.append(wrong)
        assert "is another one" in check_key(DomainKey.objects.get(pk=row.pk)).words
    assert state_of(row) == KeyState.MISSING
    with FakeDns(zone_of(row)) as there:
        dns.append(there)
        check_key(DomainKey.objects.get(pk=row.pk))
    assert state_of(row) == KeyState.SIGNING


@pytest.mark.parametrize("state", [KeyState.SIGNING, KeyState.MISSING, KeyState.UNPUBLISHED])
def test_a_dns_that_gives_no_answer_changes_nothing(dns: list[FakeDns], state: KeyState) -> None:
    row = make_domain_key(make_workspace(), state=state, checked_at=Now())
    name = record_of_row(row).name
    with FakeDns("x.test. 60 IN A 127.0.0.1", broken=frozenset({name})) as broken:
        dns.append(broken)
        assert check_key(DomainKey.objects.get(pk=row.pk)).is_there is None
    assert state_of(row) == state


def test_a_key_signs_for_the_names_below_its_domain_and_for_nobody_else() -> None:
    workspace = make_workspace()
    make_domain_key(workspace, "acme.test", state=KeyState.SIGNING, checked_at=Now())
    make_domain_key(workspace, "eu.acme.test", state=KeyState.SIGNING, checked_at=Now(), selector="outreach202601")
    found = signatures_of([workspace.pk])
    domains = {
        address: (key.domain if (key := found.key_for(workspace.pk, address)) else "")
        for address in ("me@acme.test", "me@mail.acme.test", "me@x.eu.acme.test", "me@notacme.test", "me@test")
    }
    assert domains == {
        "me@acme.test": "acme.test",
        "me@mail.acme.test": "acme.test",
        "me@x.eu.acme.test": "eu.acme.test",
        "me@notacme.test": "",
        "me@test": "",
    }
    stranger = make_workspace("other")
    assert signatures_of([stranger.pk]).key_for(stranger.pk, "me@acme.test") is None


def test_a_private_key_is_stored_sealed_and_opens_in_its_own_row_only() -> None:
    row = make_domain_key(make_workspace(), state=KeyState.SIGNING, checked_at=Now())
    assert b"PRIVATE KEY" not in bytes(row.private_key)
    assert keys.opened(row).private_pem == signing_pem()
    moved = DomainKey(workspace=row.workspace, domain="acme2.test", selector=row.selector, private_key=row.private_key)
    with pytest.raises(KeyLost, match=r"acme2\.test cannot be opened"):
        keys.opened(moved)


def test_one_domain_has_one_key_and_it_must_be_a_domain() -> None:
    member = make_member(make_workspace())
    make_domain_key(member.workspace, "acme.test")
    with pytest.raises(AlreadySigned):
        make_key(member, "ACME.test")
    with pytest.raises(BadAddress):
        make_key(member, "not a domain")


def test_what_is_waited_for_is_looked_up_soon_and_what_stands_once_a_day(dns: list[FakeDns]) -> None:
    workspace = make_workspace()
    never = make_domain_key(workspace, "a.test")
    make_domain_key(workspace, "b.test", checked_at=Now() - services._SOON / 2)
    waiting = make_domain_key(workspace, "c.test", checked_at=Now() - services._SOON * 2)
    make_domain_key(workspace, "d.test", state=KeyState.SIGNING, checked_at=Now() - services._SOON * 2)
    stands = make_domain_key(workspace, "e.test", state=KeyState.SIGNING, checked_at=Now() - services._DAILY * 2)
    with FakeDns(zone_of(stands)) as there:
        dns.append(there)
        assert check_due() == 3
        asked = {name for name, _ in there.asked}
    assert asked == {record_of_row(row).name for row in (never, waiting, stands)}
    assert state_of(stands) == KeyState.SIGNING
