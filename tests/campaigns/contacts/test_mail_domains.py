"""What is known of a domain, look after look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.contacts.core.mail_domains import (
    CONFIRMED_AFTER,
    DomainReason,
    DomainVerdict,
    Known,
    Look,
    known_after,
    look_of,
)
from campaigns.contacts.core.providers import GATEWAYS, LABELS, Provider, provider_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MX = Look(DomainReason.MX, ("aspmx.l.google.com",))
GONE, EMPTY, SILENT = Look(DomainReason.NO_DOMAIN), Look(DomainReason.NO_SERVER), Look(DomainReason.UNANSWERED)
HOUR = timedelta(hours=1)
looks = st.sampled_from([MX, Look(DomainReason.ADDRESS), Look(DomainReason.NULL_MX), GONE, EMPTY, SILENT])


def after(*taken: tuple[Look, timedelta]) -> Known:
    """Return what is known after looks, each so long after NOW."""
    known: Known | None = None
    for look, since in taken:
        known = known_after(look, known, now=NOW + since)
    assert known is not None
    return known


def test_exchangers_are_kept_in_the_order_of_their_preference() -> None:
    assert look_of([(20, "b.example."), (10, "A.example."), (20, "b.example.")]).hosts == ("a.example", "b.example")


def test_a_lone_dot_is_a_null_mx_and_beside_a_server_it_is_nothing() -> None:
    assert look_of([(0, ".")]).reason is DomainReason.NULL_MX
    assert look_of([(0, "."), (10, "mx.example.")]) == Look(DomainReason.MX, ("mx.example",))


def test_an_exchanger_that_is_the_sender_s_own_machine_is_no_server() -> None:
    assert look_of([(0, "localhost.")]).reason is DomainReason.NO_SERVER


def test_a_giant_answer_is_cut_to_the_preferred_exchangers() -> None:
    look = look_of([(number, f"mx{number}.example.") for number in range(500, 0, -1)])
    assert look.hosts == tuple(f"mx{number}.example" for number in range(1, 11))


def test_a_domain_with_exchangers_takes_mail_for_a_month() -> None:
    known = after((MX, timedelta()))
    assert (known.verdict, known.provider, known.look_at) == (
        DomainVerdict.MAIL, Provider.GOOGLE, NOW + timedelta(days=30),
    )  # fmt: skip


def test_a_null_mx_is_believed_at_once() -> None:
    assert after((Look(DomainReason.NULL_MX), timedelta())).verdict is DomainVerdict.NO_MAIL


@pytest.mark.parametrize(("first", "second"), [(GONE, GONE), (EMPTY, EMPTY), (GONE, EMPTY)])
def test_that_there_is_nothing_is_doubted_until_it_is_found_again_an_hour_later(first: Look, second: Look) -> None:
    once = after((first, timedelta()))
    assert (once.verdict, once.look_at) == (DomainVerdict.DOUBTED, NOW + CONFIRMED_AFTER)
    assert after((first, timedelta()), (second, HOUR - timedelta(seconds=1))).verdict is DomainVerdict.DOUBTED
    assert after((first, timedelta()), (second, HOUR)).verdict is DomainVerdict.NO_MAIL


def test_a_zone_that_comes_back_ends_the_doubt() -> None:
    assert after((GONE, timedelta()), (MX, HOUR)).verdict is DomainVerdict.MAIL
    assert after((GONE, timedelta()), (MX, HOUR), (GONE, 2 * HOUR)).verdict is DomainVerdict.DOUBTED


def test_silence_says_nothing_and_is_asked_again_later_and_later() -> None:
    rests = []
    known: Known | None = None
    for _ in range(8):
        known = known_after(SILENT, known, now=NOW)
        rests.append(known.look_at - NOW)
    assert known is not None
    assert known.verdict is DomainVerdict.UNKNOWN
    assert rests[:3] == [timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4)]
    assert rests[-1] == timedelta(days=7)


@given(st.lists(st.tuples(looks, st.integers(1, 10_000)), min_size=1, max_size=12))
def test_silence_never_changes_a_verdict_and_nothing_is_sure_after_one_look(taken: list[tuple[Look, int]]) -> None:
    known: Known | None = None
    now = NOW
    for look, minutes in taken:
        before, now = known, now + timedelta(minutes=minutes)
        known = known_after(look, before, now=now)
        if look is SILENT:
            assert known.verdict is (before.verdict if before else DomainVerdict.UNKNOWN)
            assert known.checked_at == (before.checked_at if before and before.tries == 0 else known.checked_at)
        if known.verdict is DomainVerdict.NO_MAIL and known.reason is not DomainReason.NULL_MX:
            assert known.checked_at - known.since >= CONFIRMED_AFTER
        assert known.look_at > now
        assert known.since <= known.checked_at <= now
        assert (known.provider is not None) == (known.verdict is DomainVerdict.MAIL)


@pytest.mark.parametrize(
    ("hosts", "provider"),
    [
        (["aspmx.l.google.com", "alt1.aspmx.l.google.com"], Provider.GOOGLE),
        (["acme-com.mail.protection.outlook.com"], Provider.MICROSOFT),
        (["acme-com.a-v1.mx.microsoft"], Provider.MICROSOFT),
        (["mta5.am0.yahoodns.net"], Provider.YAHOO),
        (["mail.protonmail.ch", "mailsec.protonmail.ch"], Provider.PROTON),
        (["mxa-00123.gslb.pphosted.com"], Provider.PROOFPOINT),
        (["eu-smtp-inbound-1.mimecast.com"], Provider.MIMECAST),
        (["own.example.net", "aspmx.l.google.com"], Provider.GOOGLE),
        (["EU-SMTP-Inbound-1.Mimecast.COM."], Provider.MIMECAST),
        (["mx.notgoogle.com", "google.com.evil.example"], Provider.OTHER),
        ([], Provider.OTHER),
    ],
)
def test_the_provider_is_told_by_the_names_of_its_servers(hosts: list[str], provider: Provider) -> None:
    assert provider_of(hosts) is provider


def test_every_provider_has_a_name_for_people_and_gateways_are_providers() -> None:
    assert set(LABELS) == set(Provider)
    assert Provider.PROOFPOINT in GATEWAYS
    assert Provider.GOOGLE not in GATEWAYS
