"""Throttles: what a domain, a provider and a company get, in words and with the instant of the next place."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.pacing import Hold, HoldCode, Pace, Send, decide, lead_gates
from sending.pacing.receivers import Receiver, is_free_mail, receiver_of
from sending.pacing.throttles import (
    NO_LIMITS,
    Counted,
    Rate,
    ThrottleLimits,
    Touch,
    catch_all_places,
    nth_free,
    throttle_gates,
    throttles_of,
)
from tests.sending.pacing.facts import NOW, box, calm, lead

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PACE = Pace()
ME = 1


def holds(
    limits: ThrottleLimits,
    touches: list[Touch],
    *,
    domain: str = "acme.example",
    counted: Counted = Counted(),  # noqa: B008  # a value
) -> list[Hold]:
    found = throttles_of(limits, ME, domain, touches, counted, now=NOW, pace=PACE)
    return [one for one in throttle_gates(found, now=NOW, pace=PACE) if isinstance(one, Hold)]


@pytest.mark.parametrize(
    ("domain", "receiver", "is_free"),
    [
        ("gmail.com", Receiver.GOOGLE, True), ("hotmail.co.uk", Receiver.MICROSOFT, True),
        ("yahoo.fr", Receiver.YAHOO, True), ("aol.com", Receiver.YAHOO, True), ("gmx.de", Receiver.OTHER, True),
        ("acme.example", Receiver.OTHER, False), ("live.acme.example", Receiver.OTHER, False),
        ("notgmail.com", Receiver.OTHER, False),
    ],
)  # fmt: skip
def test_domains_are_told_by_their_names(domain: str, receiver: Receiver, *, is_free: bool) -> None:
    assert (receiver_of(domain), is_free_mail(domain)) == (receiver, is_free)


def test_what_the_mail_exchangers_tell_comes_first() -> None:
    assert receiver_of("acme.example", known="google") is Receiver.GOOGLE
    assert receiver_of("acme.example", known="somebody") is Receiver.OTHER
    assert not is_free_mail("acme.example")
    assert is_free_mail("seznam.cz")
    assert is_free_mail("tuta.com")


def test_a_domain_gets_so_many_in_an_hour_and_a_day() -> None:
    limits = ThrottleLimits(domain=Rate(hour=2, day=4), company_per_day=None)
    assert holds(limits, [Touch(2, NOW - HOUR), Touch(3, NOW - HOUR + MINUTE)]) == []
    lately = [Touch(2, NOW - 10 * MINUTE), Touch(3, NOW - 50 * MINUTE)]
    assert holds(limits, lately) == [
        Hold(HoldCode.DOMAIN_LIMIT, "2 of 2 messages of this hour to acme.example are sent.", NOW + 10 * MINUTE)
    ]
    day = [Touch(n, NOW - n * 5 * HOUR) for n in range(1, 5)]
    assert holds(limits, day) == [
        Hold(HoldCode.DOMAIN_LIMIT, "4 of 4 messages of the last 24 hours to acme.example are sent.", NOW + 4 * HOUR)
    ]


def test_what_is_in_a_workers_hands_counts_and_is_looked_at_again_soon() -> None:
    limits = ThrottleLimits(domain=Rate(hour=1), company_per_day=None)
    (hold,) = holds(limits, [Touch(2, None)])
    assert hold.until == NOW + 10 * MINUTE


def test_of_a_company_one_person_a_day_and_they_themselves_may_get_the_next_message() -> None:
    limits = ThrottleLimits(domain=Rate(), company_per_day=1)
    assert holds(limits, [Touch(ME, NOW - HOUR)]) == []
    (hold,) = holds(limits, [Touch(ME, NOW - 3 * HOUR), Touch(2, NOW - HOUR)])
    assert hold == Hold(
        HoldCode.COMPANY_LIMIT,
        "One person of the same company was written to in the last 24 hours; 1 a day at most.",
        NOW + 23 * HOUR,
    )
    two = ThrottleLimits(domain=Rate(), company_per_day=2)
    assert holds(two, [Touch(2, NOW - HOUR), Touch(2, NOW - 2 * HOUR)]) == [], "one person, written to twice"
    (hold,) = holds(two, [Touch(2, NOW - HOUR), Touch(3, NOW - 2 * HOUR)])
    assert hold.until == NOW + 22 * HOUR


def test_a_domain_of_everybody_is_no_company_and_no_domain_of_its_own() -> None:
    limits = ThrottleLimits(domain=Rate(hour=1, day=1), company_per_day=1)
    assert holds(limits, [Touch(2, NOW - MINUTE)], domain="gmx.de") == []


def test_a_provider_gets_so_many() -> None:
    limits = ThrottleLimits(
        domain=Rate(), company_per_day=None, receivers={Receiver.GOOGLE: Rate(hour=3), Receiver.OTHER: Rate(day=9)}
    )
    full = Counted(hour=3, day=5, hour_frees_at=NOW + 7 * MINUTE, day_frees_at=NOW + HOUR)
    (hold,) = holds(limits, [], domain="gmail.com", counted=full)
    assert hold == Hold(HoldCode.PROVIDER_LIMIT, "3 of 3 messages of this hour to Google are sent.", NOW + 7 * MINUTE)
    assert holds(limits, [], domain="yahoo.com", counted=full) == []
    assert holds(limits, [], counted=full) == []
    (hold,) = holds(limits, [], counted=Counted(day=9, day_frees_at=NOW + HOUR))
    assert "to other providers" in hold.words


def test_the_gates_of_a_step_ask_them() -> None:
    limits = ThrottleLimits(domain=Rate(hour=1), company_per_day=None)
    throttles = throttles_of(limits, ME, "acme.example", [Touch(2, NOW)], Counted(), now=NOW, pace=PACE)
    verdict = decide(lead_gates(lead(throttles=throttles), box()))
    assert isinstance(verdict, Hold)
    assert verdict.code is HoldCode.DOMAIN_LIMIT
    assert isinstance(decide(lead_gates(lead(), box())), Send)
    assert not NO_LIMITS
    assert ThrottleLimits()


@calm
@given(st.lists(st.integers(0, 3 * 24 * 60), max_size=60), st.integers(1, 6), st.integers(1, 12))
def test_whoever_heeds_them_never_passes_them_in_any_hour_or_day(steps: list[int], hour: int, day: int) -> None:
    limits = ThrottleLimits(domain=Rate(hour=hour, day=day), company_per_day=None)
    sent: list[datetime] = []
    for at in sorted(NOW + minutes * MINUTE for minutes in steps):
        touches = [Touch(9, one) for one in sent if one > at - DAY]
        found = throttles_of(limits, ME, "acme.example", touches, Counted(), now=at, pace=PACE)
        verdict = decide(throttle_gates(found, now=at, pace=PACE))
        if isinstance(verdict, Hold):
            assert verdict.until > at, "it never asks to look again at once"
        else:
            sent.append(at)
    for end in sent:
        assert sum(end - HOUR < one <= end for one in sent) <= hour
        assert sum(end - DAY < one <= end for one in sent) <= day


def test_whoever_waits_for_a_place_of_a_day_gets_an_instant_of_their_own() -> None:
    sent = [NOW - 3 * HOUR, NOW - HOUR]
    assert [nth_free(sent, nth, DAY) for nth in range(5)] == [
        NOW + 21 * HOUR, NOW + 23 * HOUR, NOW + 45 * HOUR, NOW + 47 * HOUR, NOW + 69 * HOUR
    ]  # fmt: skip
    assert nth_free([], 0, DAY) is None


def test_a_day_has_a_place_for_an_address_that_may_not_exist_however_small_the_budget() -> None:
    assert [catch_all_places(20, budget) for budget in (0, 4, 10, 14, 1_000)] == [1, 1, 2, 2, 200]
