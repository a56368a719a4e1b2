"""Whose an address is, and when a policy can be made stricter."""

from __future__ import annotations

from datetime import date
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sending.dmarc.judging.sources import Known, Origin, Range, Senders, Signed, Source, judge
from sending.dmarc.judging.tightening import LEAST_DAYS, LEAST_MESSAGES, Seen, Step, advise, at_least
from sending.dmarc.queries import ranges_in
from sending.domains.judging.asking import tags_of
from sending.domains.judging.whole import Line

GOOGLE = Senders("Google Workspace", ("ada@acme.example",))
KNOWN = Known(
    "acme.example",
    ranges=[
        Range(ip_network("203.0.113.0/24"), ("_spf.google.com",)),
        Range(ip_network("203.0.113.128/25")),
        Range(ip_network("2001:db8::/32"), ("mailer.example", "more.mailer.example")),
    ],
    servers={"192.0.2.5": Senders("out.acme.example", ("bob@acme.example",))},
    providers={"_spf.google.com": GOOGLE},
    selectors={"outreach1": "the key that messages are signed with here"},
)


def source(address: str, *, messages: int = 10, dkim: int = 0, spf: int = 0, **values: Any) -> Source:
    day = date(2026, 11, 26)
    told = {
        "aligned": max(dkim, spf), "quarantined": 0, "rejected": 0, "passed_on": 0, "headers": ("acme.example",),
        "envelopes": (), "reporters": ("mailer.example",), "first": day, "last": day, **values,
    }  # fmt: skip
    return Source(address, messages, dkim=dkim, spf=spf, **told)


def signed(selector: str, *, domain: str = "acme.example", result: str = "pass") -> tuple[Signed, ...]:
    return (Signed(domain, selector, result, 10),)


@pytest.mark.parametrize(
    ("seen", "origin", "mailboxes", "words"),
    [
        (source("192.0.2.5"), Origin.OURS, ("bob@acme.example",), "an address of out.acme.example"),
        (source("203.0.113.7", spf=10), Origin.PROVIDER, ("ada@acme.example",), "includes _spf.google.com"),
        (source("203.0.113.200", spf=10), Origin.OURS, (), "names it itself (203.0.113.128/25)"),
        (source("2001:db8::1", spf=10), Origin.PROVIDER, (), "mailer.example and more.mailer.example"),
        (source("198.51.100.1", spf=4), Origin.PROVIDER, (), "not in the ranges that the last check"),
        (source("198.51.100.1", dkim=9, signed=signed("outreach1")), Origin.FORWARDER, (), "passes on"),
        (source("198.51.100.1", dkim=9, signed=signed("k2")), Origin.SIGNER, (), "none of your other sources uses"),
        (source("198.51.100.1", dkim=9, signed=signed("k2", domain="mail.acme.example")), Origin.SIGNER, (), "k2"),
        (source("198.51.100.1", signed=signed("outreach1", result="fail")), Origin.UNKNOWN, (), "forges"),
        (source("198.51.100.1", signed=signed("outreach1", domain="notacme.example")), Origin.UNKNOWN, (), "forges"),
        (source("198.51.100.1", passed_on=3), Origin.UNKNOWN, (), "forges"),
    ],
)  # fmt: skip
def test_whose_an_address_is(seen: Source, origin: Origin, mailboxes: tuple[str, ...], words: str) -> None:
    (found,) = judge([seen], KNOWN)
    assert (found.origin, found.mailboxes) == (origin, mailboxes)
    assert words in " ".join(found.evidence)


def test_a_selector_is_learnt_from_mail_of_our_own_sources() -> None:
    ours = source("203.0.113.7", spf=10, dkim=10, signed=signed("google"))
    passed_on = source("198.51.100.1", dkim=4, signed=signed("google"))
    assert [one.origin for one in judge([passed_on, ours], KNOWN)] == [Origin.FORWARDER, Origin.PROVIDER]
    assert judge([passed_on], KNOWN)[0].origin is Origin.SIGNER
    said = judge([passed_on, ours], KNOWN)[0].evidence
    assert "Signed with the selector google: mail from 203.0.113.7, which is yours, carries it, too." in said


def test_ranges_are_read_from_the_tree_of_spf_with_the_includes_that_lead_there() -> None:
    tree = [
        Line(0, "ip4:192.0.2.0/30", 0), Line(0, "include:_spf.a.com", 1), Line(1, "+ip4:203.0.113.7", 0),
        Line(1, "include:more.a.com", 1), Line(2, "ip6:2001:db8::/32", 0), Line(1, "-ip4:203.0.113.9", 0),
        Line(1, "ip4:nonsense", 0), Line(0, "redirect=all.b.com", 1), Line(1, "ip4:198.51.100.0/24", 0),
        Line(0, "a", 1), Line(0, "ip4:192.0.2.9", 0), Line(0, "~all", 0),
    ]  # fmt: skip
    assert [(str(one.network), one.includes) for one in ranges_in(tree)] == [
        ("192.0.2.0/30", ()), ("203.0.113.7/32", ("_spf.a.com",)), ("2001:db8::/32", ("_spf.a.com", "more.a.com")),
        ("198.51.100.0/24", ("all.b.com",)), ("192.0.2.9/32", ()),
    ]  # fmt: skip


PROVED = Seen(days=LEAST_DAYS, own=LEAST_MESSAGES, aligned=LEAST_MESSAGES)


@pytest.mark.parametrize(
    ("standing", "step", "published"),
    [
        ("v=DMARC1; p=none; rua=mailto:d@a.example", Step.TRIAL, "v=DMARC1; p=quarantine; t=y; rua=mailto:d@a.example"),
        ("v=DMARC1; p=none; pct=100; sp=none", Step.TRIAL, "v=DMARC1; p=quarantine; t=y; sp=none"),
        ("v=DMARC1; p=quarantine; t=y; adkim=s", Step.QUARANTINE, "v=DMARC1; p=quarantine; adkim=s"),
        ("v=DMARC1;p=Quarantine", Step.REJECT, "v=DMARC1; p=reject"),
        ("v=DMARC1; p=reject; t=y", Step.REJECT, "v=DMARC1; p=reject"),
        ("v=DMARC1; p=reject", Step.DONE, ""),
    ],
)  # fmt: skip
def test_the_next_step_and_its_record(standing: str, step: Step, published: str) -> None:
    found = advise(tags_of(standing), PROVED)
    assert (found.step, found.is_safe, found.value) == (step, True, published)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (Seen(LEAST_DAYS - 1, 10_000, 10_000), "Of the last 30 days 13 were reported"),
        (Seen(30, LEAST_MESSAGES - 1, LEAST_MESSAGES - 1), "They tell of 299 messages of yours"),
        (Seen(30, 10_000, 9_999), "1 of 10,000 messages of yours did not pass"),
        (Seen(0, 0, 0), "Of the last 30 days 0"),
    ],
)
def test_what_speaks_against_it(seen: Seen, words: str) -> None:
    found = advise({"p": "none"}, seen)
    assert not found.is_safe
    assert words in " ".join(found.reasons)


def test_unknown_senders_do_not_stop_it_and_are_told() -> None:
    found = advise({"p": "none"}, Seen(20, 400, 400, unknown=70, unknown_sources=3))
    assert found.is_safe
    assert "70 messages of 3 unknown sources did not" in " ".join(found.reasons)
    assert "at least 99.3 %" in found.reasons[0]


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {"v": st.just("DMARC1"), "p": st.sampled_from(["none", "quarantine", "reject", "Reject", "x"])},
        optional={
            "t": st.sampled_from("yn"), "sp": st.just("none"), "pct": st.just("10"), "rua": st.just("mailto:a@b.c"),
        },
    ),
    st.integers(0, 30), st.integers(0, 2_000), st.integers(0, 50),
)  # fmt: skip
def test_no_step_is_safe_that_could_lose_mail_and_each_leads_one_on(
    tags: dict[str, str], days: int, own: int, failed: int
) -> None:
    found = advise(tags, Seen(days, own, max(0, own - failed)))
    if found.step is Step.DONE:
        return
    is_proved = days >= LEAST_DAYS and own >= LEAST_MESSAGES and not failed
    assert found.is_safe is is_proved
    assert found.reasons
    published = tags_of(found.value)
    assert {"pct", "rf", "ri"}.isdisjoint(published)
    assert {"sp", "rua"} & tags.keys() == {"sp", "rua"} & published.keys()
    order = [("none", False), ("quarantine", True), ("quarantine", False), ("reject", False)]
    stands = (tags["p"].lower() if tags["p"].lower() in {"quarantine", "reject"} else "none", tags.get("t") == "y")
    at = {("none", True): 0, ("reject", True): 2}.get(stands, order.index(stands) if stands in order else 0)
    assert (published["p"], published.get("t") == "y") == order[at + 1]


@given(st.integers(1, 100_000))
def test_the_bound_is_that_of_clopper_and_pearson(messages: int) -> None:
    share = at_least(messages, messages)
    assert share is not None
    assert share**messages == pytest.approx(0.05)  # so unlikely is it that all pass where only so many do
    assert at_least(messages, messages - 1) is None
