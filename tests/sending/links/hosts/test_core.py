"""What is found at a tracking domain, judged."""

from __future__ import annotations

import pytest

from sending.links.hosts.core import LONGEST_HOST, Pointing, is_long, misled, name_of, next_state
from sending.links.states import DomainState, Finding
from sending.smtp import opt_out_by_mail

HOST, TARGET = "go.acme.test", "go.example.net"
AT_TARGET = Pointing((), ("203.0.113.5", "2001:db8::5"))
SILENT = Pointing(is_known=False)


@pytest.mark.parametrize(
    "found",
    [
        Pointing((TARGET,), ("203.0.113.5",)),
        Pointing(("links.acme.test", TARGET, "lb.hosting.test"), ("203.0.113.9",)),
        Pointing((TARGET,)),
        Pointing((), ("203.0.113.5",)),
        Pointing(("lb.hosting.test",), ("203.0.113.5",)),
    ],
    ids=["alias", "over others", "no address yet", "same address", "what the target is an alias of"],
)
def test_a_name_leads_here_as_an_alias_or_by_the_same_addresses(found: Pointing) -> None:
    assert misled(HOST, found, TARGET, AT_TARGET) is None


@pytest.mark.parametrize(
    ("found", "finding", "words"),
    [
        (Pointing(), Finding.DNS_MISSING, "There is no record at go.acme.test."),
        (Pointing(("shop.test",), ("8.8.8.8",)), Finding.DNS_WRONG, "an alias (CNAME) of shop.test, which does not"),
        (Pointing((), ("8.8.8.8",)), Finding.DNS_WRONG, "has other addresses (8.8.8.8) than go.example.net"),
        (Pointing((), ("203.0.113.5", "8.8.8.8")), Finding.DNS_WRONG, "other addresses (8.8.8.8)"),
        (Pointing((), ("10.0.0.7",)), Finding.DNS_WRONG, "has other addresses than go.example.net"),
        (SILENT, Finding.DNS_SILENT, "no answer about go.acme.test"),
    ],
)
def test_a_name_that_leads_elsewhere_is_told_with_what_stands_there(
    found: Pointing, finding: Finding, words: str
) -> None:
    verdict = misled(HOST, found, TARGET, AT_TARGET)
    assert verdict is not None
    assert verdict.finding is finding
    assert words in verdict.words


def test_a_target_that_nobody_finds_says_nothing_about_a_name_with_addresses() -> None:
    verdict = misled(HOST, Pointing((), ("203.0.113.5",)), TARGET, SILENT)
    assert verdict is not None
    assert (verdict.finding, TARGET in verdict.words) == (Finding.DNS_SILENT, True)


def test_what_is_found_decides_where_a_domain_stands() -> None:
    bad = set(Finding) - {Finding.NOTHING, Finding.DNS_SILENT, Finding.WORKS}
    after = {(state, finding): next_state(state, finding) for state in DomainState for finding in Finding}
    for finding in Finding:
        assert after[DomainState.RETIRED, finding] is DomainState.RETIRED, "only a person takes it back"
    for state in set(DomainState) - {DomainState.RETIRED}:
        assert after[state, Finding.WORKS] is DomainState.WORKS
        assert after[state, Finding.DNS_SILENT] is state
        for finding in bad:
            expected = DomainState.UNPROVEN if state is DomainState.UNPROVEN else DomainState.BROKEN
            assert after[state, finding] is expected


@pytest.mark.parametrize("text", [" go.acme.test ", "https://go.acme.test/", "HTTP://go.acme.test", "go.acme.test."])
def test_an_address_that_is_pasted_is_cut_down_to_its_host(text: str) -> None:
    assert name_of(text) == HOST


def test_the_longest_host_fits_into_a_header_and_long_ones_are_told() -> None:
    url = f"https://{'h' * LONGEST_HOST}/u/{'t' * 60}"
    by_mail = opt_out_by_mail(f"{'é' * 32}@{'d' * 180}.test", message_id=f"<{'m' * 120}@{'d' * 180}.test>")
    assert len(f"List-Unsubscribe: <{url}>, <{by_mail}>") < 998
    assert [is_long("h" * count) for count in (22, 23)] == [False, True]
