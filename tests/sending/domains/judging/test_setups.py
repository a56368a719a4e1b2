"""Set-ups of domains over real packets: each finding is found, and nothing besides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sending.domains.asking import DnsAsker
from sending.domains.judging.findings import Check, Standing
from sending.domains.judging.whole import changes, check, from_json, is_same, merged, to_json
from tests.dnsserver import FakeDns
from tests.sending.domains.judging.setups import SETUPS, ZONE, SetUp


@pytest.fixture(scope="module")
def server() -> Iterator[FakeDns]:
    with FakeDns(ZONE, broken=frozenset({"broken.test", "_dmarc.broken.test", "s1._domainkey.broken.test"})) as running:
        yield running


@pytest.mark.parametrize("set_up", SETUPS, ids=lambda one: one.name)
def test_each_set_up_is_judged_as_it_stands(server: FakeDns, set_up: SetUp) -> None:
    report = check(DnsAsker(server.resolver()), set_up.scope)
    found = {one.check: {finding.code for finding in one.findings} for one in report.judged}
    assert {key: found.get(key, set()) for key in set_up.finds} == set_up.finds
    assert from_json(to_json(report)) == report


def test_there_are_enough_of_them() -> None:
    assert len(SETUPS) >= 60
    assert len({one.name for one in SETUPS}) == len(SETUPS)


def test_a_resolver_in_trouble_says_nothing_about_a_domain(server: FakeDns) -> None:
    broken = SetUp("broken", "", {})
    report = check(DnsAsker(server.resolver()), broken.scope)
    standing = {one.check: one.standing for one in report.judged}
    assert standing[Check.MX] is standing[Check.SPF] is standing[Check.DMARC] is Standing.UNKNOWN
    assert report.stops_cold == ()


def test_what_was_known_stays_while_nobody_answers(server: FakeDns) -> None:
    scope = next(one for one in SETUPS if one.name == "dmarc-good").scope
    before = check(DnsAsker(server.resolver()), scope)
    with FakeDns("x.test. 60 IN A 192.0.2.1", broken=frozenset({"dmarc-good.test", "_dmarc.dmarc-good.test"})) as away:
        now = merged(before, check(DnsAsker(away.resolver()), scope))
    dmarc = next(one for one in now.judged if one.check is Check.DMARC)
    assert [one.code for one in dmarc.findings] == ["good", "unknown"]
    assert not changes(before, now)


def test_a_change_is_told_by_what_came_and_what_went(server: FakeDns) -> None:
    by_name = {one.name: one for one in SETUPS}
    ask = DnsAsker(server.resolver())
    good, trial = (check(ask, by_name[name].scope) for name in ("dmarc-good", "dmarc-trial"))
    assert [(one.check, one.finding.code, one.is_new) for one in changes(good, trial)] == [
        (Check.DMARC, "in_test", True)
    ]
    assert [(one.finding.code, one.is_new) for one in changes(trial, good)] == [("in_test", False)]
    assert is_same(good, good)
    assert not is_same(good, trial)


def test_one_record_mends_all_that_is_wrong_with_another(server: FakeDns) -> None:
    set_up = SetUp("mend-me", "", {})
    with FakeDns('_dmarc.mend-me.test. 60 IN TXT "v=DMARC1; p=none; pct=50"') as dns:
        report = check(DnsAsker(dns.resolver()), set_up.scope)
    dmarc = next(one for one in report.judged if one.check is Check.DMARC)
    records = {one.record.value for one in dmarc.findings if one.record is not None}
    assert records == {"v=DMARC1; p=none; rua=mailto:dmarc@mend-me.test"}
