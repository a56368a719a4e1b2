"""Domains are looked up in the DNS: each kind of answer, and none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from campaigns.contacts import lookup
from campaigns.contacts.core.mail_domains import DomainReason, Look
from outreach.env import NameServer, load
from outreach.kit import resolving
from tests.dnsserver import FakeDns

ZONE = """
acme.example. 60 IN MX 20 b.acme.example.
acme.example. 60 IN MX 10 a.acme.example.
null.example. 60 IN MX 0 .
web.example. 60 IN A 192.0.2.1
six.example. 60 IN AAAA 2001:db8::1
bare.example. 60 IN TXT "nothing here"
alias.example. 60 IN CNAME acme.example.
dangling.example. 60 IN CNAME gone.example.
xn--mnchen-3ya.example. 60 IN MX 10 mx.xn--mnchen-3ya.example.
"""
GIANT = "\n".join(
    f"giant.example. 60 IN MX {number} a-very-long-name-of-an-exchanger-{number}.giant.example."
    for number in range(1, 121)
)
HOSTS = ("a.acme.example", "b.acme.example")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeDns]:
    with FakeDns(ZONE + GIANT, broken=frozenset({"broken.example"}), silent=frozenset({"silent.example"})) as running:
        yield running


def looked_up(server: FakeDns, *domains: str) -> dict[str, Look]:
    return asyncio.run(lookup.look_up_all(domains, server.async_resolver()))


@pytest.mark.parametrize(
    ("domain", "look"),
    [
        ("acme.example", Look(DomainReason.MX, HOSTS)),
        ("null.example", Look(DomainReason.NULL_MX)),
        ("web.example", Look(DomainReason.ADDRESS)),
        ("six.example", Look(DomainReason.ADDRESS)),
        ("bare.example", Look(DomainReason.NO_SERVER)),
        ("gone.example", Look(DomainReason.NO_DOMAIN)),
        ("alias.example", Look(DomainReason.MX, HOSTS)),
        ("dangling.example", Look(DomainReason.NO_DOMAIN)),
        ("broken.example", Look(DomainReason.UNANSWERED)),
        ("xn--mnchen-3ya.example", Look(DomainReason.MX, ("mx.xn--mnchen-3ya.example",))),
        (f"{'x' * 64}.example", Look(DomainReason.UNANSWERED)),  # no question can be made of it
    ],
)
def test_each_answer_is_told_for_what_it_is(server: FakeDns, domain: str, look: Look) -> None:
    assert looked_up(server, domain) == {domain: look}


def test_an_answer_that_does_not_fit_is_asked_for_over_tcp(server: FakeDns) -> None:
    (look,) = looked_up(server, "giant.example").values()
    assert look.reason is DomainReason.MX
    assert look.hosts[0] == "a-very-long-name-of-an-exchanger-1.giant.example"
    assert len(look.hosts) == 10
    assert "giant.example" in server.over_tcp


def test_silence_ends_and_holds_up_nobody_else(server: FakeDns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "LOOKUP_S", 0.3)
    found = looked_up(server, "silent.example", "acme.example", "gone.example")
    assert {domain: look.reason for domain, look in found.items()} == {
        "silent.example": DomainReason.UNANSWERED,
        "acme.example": DomainReason.MX,
        "gone.example": DomainReason.NO_DOMAIN,
    }


def test_no_more_than_so_many_are_asked_about_at_once(server: FakeDns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "AT_ONCE", 3)
    under_way, most = 0, 0

    async def counted(domain: str, resolver: object) -> Look:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return Look(DomainReason.MX)

    monkeypatch.setattr(lookup, "look_up", counted)
    assert len(looked_up(server, *(f"d{number}.example" for number in range(50)))) == 50
    assert most == 3


def test_the_setting_names_the_servers_that_are_asked(server: FakeDns, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x", "OUTREACH_SECRET_KEY": "x",
        "OUTREACH_CREDENTIAL_KEYS": "x", "OUTREACH_DNS": f"127.0.0.1:{server.port}",
    }  # fmt: skip
    settings = load(known)
    assert settings.dns == (NameServer("127.0.0.1", server.port),)
    monkeypatch.setattr(resolving, "env", lambda: settings)
    assert len(resolving.make_resolver().resolve("acme.example.", "MX")) == 2
    found = asyncio.run(lookup.look_up_all(["null.example"], resolving.make_async_resolver()))
    assert found["null.example"].reason is DomainReason.NULL_MX
