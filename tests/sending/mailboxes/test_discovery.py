"""The provider of an address, asked of a real DNS server that answers, refuses, lies or stays silent."""

from __future__ import annotations

import time
from collections.abc import Iterator

import dns.resolver
import pytest

from outreach.kit.addresses import BadAddress
from sending.mailboxes import discovery
from sending.mailboxes.discovery import How, discover
from tests.dnsserver import FakeDns

ZONE = """
workspace.test. 60 IN MX 5 alt1.aspmx.l.google.com.
workspace.test. 60 IN MX 1 aspmx.l.google.com.
office.test. 60 IN MX 0 office-test.mail.protection.outlook.com.
moving.test. 60 IN MX 20 aspmx.l.google.com.
moving.test. 60 IN MX 10 mx1.titan.email.
own.test. 60 IN MX 10 mx.own.test.
bare.test. 60 IN A 127.0.0.1
null.test. 60 IN MX 0 .
xn--bro-hoa.test. 60 IN MX 10 mx2.zoho.eu.
"""
MANY = "\n".join(f"many.test. 60 IN MX {number} mx{number}.many.test." for number in range(30))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDns]:
    with FakeDns(ZONE + MANY, silent=frozenset({"silent.test"}), broken=frozenset({"broken.test"})) as running:
        monkeypatch.setattr(discovery, "make_resolver", running.resolver)
        yield running


@pytest.mark.parametrize(
    ("address", "preset_id", "words"),
    [
        ("Ada@Workspace.test", "google-workspace", "The mail of workspace.test goes to Google Workspace (aspmx.l."),
        ("me@office.test", "microsoft-365", "goes to Microsoft 365 (office-test.mail.protection.outlook.com)"),
        ("me@moving.test", "titan", "goes to Titan (mx1.titan.email)"),
        ("me@büro.test", "zoho-own-domain-eu", "The mail of xn--bro-hoa.test goes to Zoho Mail"),
    ],
)
def test_the_exchangers_of_a_domain_tell_its_provider(
    server: FakeDns, address: str, preset_id: str, words: str
) -> None:
    found = discover(address)
    assert (found.how, found.preset.id) == (How.EXCHANGER, preset_id)
    assert words in found.words
    assert len(server.asked) == 1
    assert server.asked[0][1] == "MX"


@pytest.mark.parametrize(
    ("address", "preset_id"), [("Ada.L@GMAIL.com", "gmail"), ("me@web.de", "web-de"), ("me@hotmail.co.uk", "outlook")]
)
def test_an_address_of_a_provider_asks_nobody(server: FakeDns, address: str, preset_id: str) -> None:
    found = discover(address)
    assert (found.how, found.preset.id, found.address) == (How.DOMAIN, preset_id, address.lower())
    assert server.asked == []


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("own.test", "The mail of own.test goes to mx.own.test, a server that is not known here."),
        ("bare.test", "bare.test names no server for its mail"),
        ("null.test", "null.test says that it takes no mail at all"),
        ("gone.test", "The domain gone.test does not exist"),
        ("broken.test", "The DNS did not tell in time"),
    ],
)
def test_where_nothing_is_known_a_guess_is_offered_and_the_reason_told(
    server: FakeDns, domain: str, words: str
) -> None:
    found = discover(f"me@{domain}")
    assert (found.how, found.preset.smtp.host, found.preset.imap.host) == (
        How.GUESS, f"mail.{domain}", f"mail.{domain}",
    )  # fmt: skip
    assert words in found.words


def test_a_silent_server_is_waited_for_no_longer_than_said(server: FakeDns, monkeypatch: pytest.MonkeyPatch) -> None:
    assert discovery.LOOKUP_S == 3
    monkeypatch.setattr(discovery, "LOOKUP_S", 0.3)
    started = time.monotonic()
    found = discover("me@silent.test")
    assert time.monotonic() - started < 2
    assert (found.how, "did not tell in time" in found.words) == (How.GUESS, True)


def test_a_machine_without_any_resolver_offers_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    def unconfigured() -> dns.resolver.Resolver:
        return dns.resolver.Resolver(filename="/nonexistent/resolv.conf")

    monkeypatch.setattr(discovery, "make_resolver", unconfigured)
    assert discover("me@acme.test").how is How.GUESS


def test_of_very_many_exchangers_only_the_first_are_looked_at(server: FakeDns) -> None:
    assert discovery.exchangers_of("many.test") == [f"mx{number}.many.test" for number in range(10)]


@pytest.mark.parametrize("text", ["", "me", "me@", "@acme.test", "me@localhost", "me@acme test", "me@127.0.0.1"])
def test_what_is_no_address_is_refused_and_nobody_asked(server: FakeDns, text: str) -> None:
    with pytest.raises(BadAddress):
        discover(text)
    assert server.asked == []
