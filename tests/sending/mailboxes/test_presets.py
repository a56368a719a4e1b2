"""What is known about providers: every entry is whole, sourced and found by each of its names."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from sending.mailboxes.ceilings import warnings_of
from sending.mailboxes.oauth.providers import provider_of
from sending.mailboxes.presets import Preset, by_domain, by_exchangers, by_server, guess_for, preset_named, presets
from sending.smtp import Security
from sending.smtp.server import SUBMISSION_PORTS

each = pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.id)
_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}(;[^;]+)?$")


@each
def test_each_fact_has_its_source_and_its_day(preset: Preset) -> None:
    assert _DATED.search(preset.servers_source)
    assert _DATED.search(preset.needs_source)
    assert (preset.ceiling is None) == (not preset.ceiling_source) == (not preset.ceiling_says)
    assert preset.ceiling is None or _DATED.search(preset.ceiling_source)


@each
def test_each_provider_is_told_in_sentences_without_a_link(preset: Preset) -> None:
    for words in (preset.needs, preset.ceiling_says):
        assert not re.search(r"https?://|www\.|<", words)
        assert words == "" or re.match(r"^[A-Z].{20,400}[.]$", words), words
    assert preset.needs
    assert preset.ceiling is None or 50 <= preset.ceiling <= 2000


@each
def test_each_server_can_be_reached_and_protects_the_password(preset: Preset) -> None:
    for place in (preset.smtp, preset.imap):
        assert place.security is not Security.PLAIN
        assert place.user_of("Ada.L@example.com") in {"Ada.L@example.com", "Ada.L"}
    if preset.id == "proton":  # its bridge runs on the same machine
        assert (preset.smtp.host, preset.imap.host) == ("127.0.0.1", "127.0.0.1")
        return
    assert _NAME.fullmatch(preset.smtp.host)
    assert _NAME.fullmatch(preset.imap.host)
    assert (preset.smtp.port, preset.smtp.security) in {(465, Security.TLS), (587, Security.STARTTLS)}
    assert preset.smtp.port in SUBMISSION_PORTS
    assert (preset.imap.port, preset.imap.security) == (993, Security.TLS)
    if preset.pop3 is not None:
        assert _NAME.fullmatch(preset.pop3.host)
        assert (preset.pop3.port, preset.pop3.security) == (995, Security.TLS)


@each
def test_a_sign_in_with_a_provider_fits_the_provider_s_servers(preset: Preset) -> None:
    assert preset.oauth is not None or not preset.oauth_needs
    assert preset.oauth_needs == "" or re.match(r"^[A-Z].{20,400}[.]$", preset.oauth_needs)
    if preset.oauth is not None:
        provider = provider_of(preset.oauth)
        assert provider is not None
        assert {preset.smtp.host, preset.imap.host, *([preset.pop3.host] if preset.pop3 else [])} <= provider.hosts


@each
def test_each_provider_is_found_by_each_of_its_names(preset: Preset) -> None:
    assert preset.domains or preset.mx
    assert preset_named(preset.id) is preset
    for domain in preset.domains:
        assert _NAME.fullmatch(domain)
        assert by_domain(domain) is preset
        assert by_server(preset.smtp.host.upper(), f"me@{domain}") is preset
    for suffix in preset.mx:
        assert _NAME.fullmatch(suffix)
        assert by_exchangers([suffix]) is preset
        assert by_exchangers([f"MX1.{suffix}."]) is preset
        assert by_exchangers([f"not{suffix}"]) is not preset


def test_no_name_stands_twice() -> None:
    names = [name for preset in presets() for name in (preset.id, *preset.domains)]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    suffixes = [suffix for preset in presets() for suffix in preset.mx]
    assert len(suffixes) == len(set(suffixes))


EXCHANGERS = [
    ("aspmx.l.google.com", "google-workspace"),
    ("alt3.aspmx.l.google.com", "google-workspace"),
    ("aspmx2.googlemail.com", "google-workspace"),
    ("smtp.google.com", "google-workspace"),
    ("acme-test.mail.protection.outlook.com", "microsoft-365"),
    ("acme-test.a-v1.mx.microsoft", "microsoft-365"),
    ("outlook-com.olc.protection.outlook.com", "outlook"),
    ("in1-smtp.messagingengine.com", "fastmail"),
    ("mx2.zoho.com", "zoho-own-domain-com"),
    ("mx.zoho.eu", "zoho-own-domain-eu"),
    ("mta5.am0.yahoodns.net", "yahoo"),
    ("mx-aol.mail.gm0.yahoodns.net", "aol"),
    ("mail.protonmail.ch", "proton"),
    ("mx00.kundenserver.de", "ionos-de"),
    ("mx01.ionos.com", "ionos"),
    ("mx1.mail.ovh.net", "ovh"),
    ("www522.your-server.de", "hetzner"),
    ("spool.mail.gandi.net", "gandi"),
    ("mxext1.mailbox.org", "mailbox-org"),
    ("mx1.privateemail.com", "namecheap"),
    ("mx1.titan.email", "titan"),
    ("aspmx1.migadu.com", "migadu"),
    ("mx2.emailsrvr.com", "rackspace"),
    ("mx1.hostinger.com", "hostinger"),
    ("mx01.mail.icloud.com", "icloud"),
]


@pytest.mark.parametrize(("host", "preset_id"), EXCHANGERS)
def test_the_exchangers_of_providers_are_recognised(host: str, preset_id: str) -> None:
    found = by_exchangers(["mx.nobody.test", host])
    assert found is not None
    assert found.id == preset_id


def test_the_first_exchanger_that_is_known_decides() -> None:
    found = by_exchangers(["mx1.titan.email", "aspmx.l.google.com"])
    assert found is preset_named("titan")
    assert by_exchangers(["mx.acme.test"]) is None
    assert by_exchangers([]) is None


def test_who_shares_a_server_is_told_apart_by_the_address() -> None:
    assert by_server("smtp.gmail.com", "Me@Gmail.com") is preset_named("gmail")
    assert by_server("smtp.gmail.com", "me@acme.test") is preset_named("google-workspace")
    assert by_server("smtp.acme.test", "me@gmail.com") is None
    assert by_server("127.0.0.1", "me@proton.me") is preset_named("proton")
    assert by_server("127.0.0.1", "me@acme.test") is None


def test_the_guess_for_an_own_domain_promises_nothing() -> None:
    guess = guess_for("acme.test")
    assert (guess.smtp.host, guess.imap.host, guess.ceiling) == ("mail.acme.test", "mail.acme.test", None)
    assert guess not in presets()


@pytest.mark.parametrize(
    ("limit", "preset_id", "words"),
    [
        (50, "gmail", []),
        (51, "gmail", ["Above 50"]),
        (500, "gmail", ["Above 50"]),
        (501, "gmail", ["More than Gmail bears (500 a day)", "Above 50"]),
        (151, "microsoft-365", ["More than Microsoft 365 bears (150 a day)", "Above 50"]),
        (2000, "google-workspace", ["Above 50"]),
        (2000, "hetzner", ["Above 50"]),
        (51, None, ["Above 50"]),
        (50, None, []),
    ],
)
def test_a_high_limit_is_warned_about(limit: int, preset_id: str | None, words: list[str]) -> None:
    said = warnings_of(limit, preset_named(preset_id) if preset_id else None)
    assert [any_of in one for any_of, one in zip(words, said, strict=True)] == [True] * len(words)
