"""Every rule holds for what it is meant for and nothing beside it; traces of scanners and of people are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sending.tracking.judging import Request, Rule, judge, rules, why
from sending.tracking.states import HitKind, Judgement
from tests.sending.tracking.agents import MACHINES, PEOPLE, READERS
from tests.sending.tracking.host import CHROME

SENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.1 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
THUNDERBIRD = "Mozilla/5.0 (Windows NT 10.0; WOW64; rv:52.0) Gecko/20100101 Thunderbird/52.9.1"
WEBKIT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"


def hit(after_s: float, number: int = 1, agent: str = CHROME, kind: str = "click", **values: str) -> Request:
    return Request(HitKind(kind), SENT + timedelta(seconds=after_s), number, agent=agent, **values)


def judgements(*hits: Request, sent: datetime | None = SENT) -> list[Judgement]:
    return [judge(one, hits, delivered_at=sent).judgement for one in hits]


def example(given: Mapping[str, Any]) -> tuple[Request, list[Request]]:
    values = {"network": "198.51.100.0/24", **given}
    after, clicked, every_s = values.pop("after_s", 0), values.pop("clicked", 1), values.pop("every_s", 0.1)
    trapped, elsewhere_s = values.pop("trapped", False), values.pop("elsewhere_s", None)
    one = hit(after, **values)
    around = [one, *(hit(after + n * every_s, n + 1, **values) for n in range(1, clicked))]
    if trapped:
        around.append(Request(HitKind.TRAP, one.at, network=one.network))
    if elsewhere_s is not None:
        around.append(Request(HitKind.TRAP, one.at + timedelta(seconds=elsewhere_s), network="203.0.113.0/24"))
    return one, around


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_each_rule_holds_for_its_example_and_not_for_what_is_beside_it(rule: Rule) -> None:
    assert rule.source
    assert why(rule.id) == rule.why
    one, around = example(rule.example)
    found = judge(one, around, delivered_at=SENT)
    assert (found.judgement, rule.id in found.signs) == (rule.says, True)
    other, around = example(rule.counterexample)
    assert rule.id not in judge(other, around, delivered_at=SENT).signs


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param([hit(2, 1), hit(2.1, 2), hit(2.2, 3)], id="a gateway before delivery, as a browser"),
        pytest.param([hit(700, 1), hit(700.4, 2), hit(701, 3)], id="a sandbox that looks later"),
        pytest.param([hit(3600, 1, network="203.0.113.0/24"), hit(3601, 0, kind="trap", network="203.0.113.0/24")],
                     id="a crawler that finds the trap after a link"),
        pytest.param([hit(90, 1, method="HEAD"), hit(91, 2, method="HEAD")], id="a link checker"),
        pytest.param([hit(400, 1, network="40.107.3.0/24")], id="a mail server of Exchange Online"),
        pytest.param([hit(400, 1, "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")], id="a pasted link"),
        pytest.param([hit(400, 1, "Mozilla/5.0 (compatible; bingbot/2.0)")], id="a search engine"),
        pytest.param([hit(400, 1, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0.0.0")],
                     id="a browser without a head"),
        pytest.param([hit(1, 0, GMAIL, "open"), hit(2, 0, YAHOO, "open")], id="proxies that load in advance"),
        pytest.param([hit(9000, 0, "Mozilla/5.0", "open")], id="Apple Mail Privacy Protection, hours later"),
        pytest.param([hit(-240, 1)], id="a gateway that looks at what its server has put off"),
        pytest.param([hit(40, 1, network="203.0.113.0/24"), hit(44, 2),
                      hit(46, 0, kind="trap", network="192.0.2.0/24")], id="a gateway of several networks"),
        pytest.param([hit(60, 1, hint="prefetch")], id="a browser that guesses what comes next"),
    ],
)  # fmt: skip
def test_traces_of_machines(trace: list[Request]) -> None:
    assert set(judgements(*trace)) == {Judgement.MACHINE}


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param([hit(45)], id="somebody who answers at once"),
        pytest.param([hit(86_400, 1, IPHONE)], id="the next day, on a phone"),
        pytest.param([hit(300, 1, FIREFOX), hit(300.8, 1, FIREFOX)], id="a double click"),
        pytest.param([hit(300, 1), hit(340, 2), hit(420, 3)], id="one who reads all the pages, one by one"),
        pytest.param([hit(45, 1), hit(85, 2)], id="one who compares two pages within a minute"),
        pytest.param([hit(300, 1), hit(320, 1), hit(345, 1)], id="one who comes back to the same page twice"),
        pytest.param(
            [hit(600, 0, GMAIL, "open"), hit(630, 1), hit(860, 2), hit(1200, 3)],
            id="one who opens it, and follows three links over ten minutes",
        ),
        pytest.param(
            [
                hit(300, 1, network="198.51.100.0/24"),
                hit(310, 2, network="203.0.113.0/24"),
                hit(330, 3, network="192.0.2.0/24"),
            ],
            id="three who got it handed on, each where they are",
        ),
        pytest.param([hit(600, 0, GMAIL, "open"), hit(640, 1)], id="Gmail: its proxy loads, and they click"),
        pytest.param([hit(600, 0, YAHOO, "open")], id="Yahoo's proxy, when it is read"),
        pytest.param([hit(600, 0, OUTLOOK, "open"), hit(640, 1)], id="Outlook on Windows"),
        pytest.param([hit(600, 0, THUNDERBIRD, "open")], id="Thunderbird"),
    ],
)
def test_traces_of_people_also_through_proxies(trace: list[Request]) -> None:
    assert set(judgements(*trace)) == {Judgement.PERSON}


@pytest.mark.parametrize("begins_s", [12, 20, 45, 90, 3600])
def test_a_scanner_that_goes_slowly_from_link_to_link_is_nobody_known(begins_s: int) -> None:
    patient = [hit(begins_s + 6 * n, n + 1, network="203.0.113.0/24") for n in range(4)]
    assert set(judgements(*patient)) == {Judgement.UNKNOWN}
    slower = [hit(begins_s + 30 * n, n + 1, network="203.0.113.0/24") for n in range(4)]
    assert set(judgements(*slower)) == {Judgement.UNKNOWN}
    named = [replace(one, agent="Mozilla/5.0 (compatible; Barracuda Sentinel)") for one in patient]
    assert set(judgements(*named)) == {Judgement.MACHINE}
    placed = [replace(one, network="40.107.3.0/24") for one in patient]
    assert set(judgements(*placed)) == {Judgement.MACHINE}
    person = hit(begins_s + 30, 2, network="198.51.100.0/24")
    assert judgements(person, *patient)[0] is Judgement.PERSON, "who reads meanwhile, elsewhere"


def test_names_of_the_world_are_judged_without_an_error_of_either_kind() -> None:
    """A machine that counts as a person opens branches; a person who counts as a machine is lost."""

    def mistaken(names: Mapping[str, str], kind: str, expected: Judgement) -> dict[str, Judgement]:
        found = {name: judgements(hit(900, agent=agent, kind=kind))[0] for name, agent in names.items()}
        return {name: judgement for name, judgement in found.items() if judgement is not expected}

    assert mistaken(MACHINES, "click", Judgement.MACHINE) == {}
    assert mistaken(PEOPLE, "click", Judgement.PERSON) == {}
    assert mistaken(PEOPLE, "open", Judgement.PERSON) == {}
    assert mistaken(READERS, "open", Judgement.PERSON) == {}
    assert len(MACHINES) + len(PEOPLE) + len(READERS) > 70


@pytest.mark.parametrize(
    ("clicked_s", "trapped_s", "expected"),
    [
        (60, 62, Judgement.MACHINE),
        (62, 60, Judgement.MACHINE),
        (60, 95, Judgement.UNKNOWN),
        (95, 60, Judgement.UNKNOWN),
        (3600, 60, Judgement.PERSON),
    ],
)
def test_a_gateway_that_is_spread_over_networks_is_known_by_its_trap(
    clicked_s: int, trapped_s: int, expected: Judgement
) -> None:
    trap = hit(trapped_s, 0, kind="trap", network="203.0.113.0/24")
    assert judgements(hit(clicked_s, network="198.51.100.0/24"), trap) == [expected, Judgement.MACHINE]


def test_who_reads_meanwhile_is_no_machine_for_a_gateway_that_looks() -> None:
    trap = hit(60, 0, kind="trap", network="203.0.113.0/24")
    assert judgements(hit(62, 0, GMAIL, "open", network="66.249.84.0/24"), trap)[0] is Judgement.PERSON


def test_a_person_behind_a_gateway_is_told_from_it() -> None:
    gateway = [hit(3, n, network="203.0.113.0/24") for n in (1, 2)]
    trap = hit(3, 0, kind="trap", network="203.0.113.0/24")
    person = hit(1800, 2, network="198.51.100.0/24")
    assert judgements(*gateway, trap, person) == [Judgement.MACHINE] * 3 + [Judgement.PERSON]


def test_what_nobody_can_tell_is_unknown() -> None:
    assert judgements(hit(900, agent="")) == [Judgement.UNKNOWN]
    assert judgements(hit(900, agent="Something/1.0")) == [Judgement.UNKNOWN]
    assert judgements(hit(900, agent=OUTLOOK)) == [Judgement.UNKNOWN], "Office looks before it opens a browser"
    assert judgements(hit(1440, 0, WEBKIT, "open")) == [Judgement.UNKNOWN], "Apple's proxy, or Outlook"
    assert judgements(hit(2, 0, WEBKIT, "open")) == [Judgement.MACHINE], "so soon it is the proxy"


def test_without_the_instant_of_the_delivery_the_other_signs_decide() -> None:
    assert judgements(hit(1), sent=None) == [Judgement.PERSON]
    assert judgements(hit(1, 1), hit(2, 2), sent=None) == [Judgement.MACHINE] * 2


def test_one_sign_of_a_machine_outweighs_all_of_a_person() -> None:
    found = judge(hit(600, network="104.47.1.0/24"), [hit(600, network="104.47.1.0/24")], delivered_at=SENT)
    assert (found.judgement, found.signs) == (Judgement.MACHINE, ("mail-server-network",))
