"""Rotation on the virtual clock: shares by weight, waits for turns, and queues of providers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sending.pacing import HoldCode
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation, Turn
from sending.pacing.simulation import simulate
from tests.sending.pacing.scenarios import DAY, LIMITS, MONDAY, scenario

END = MONDAY + 40 * DAY


def test_by_weights_the_places_of_a_day_are_split_and_what_a_full_mailbox_leaves_is_used() -> None:
    turns = (Turn(1, 1), Turn(2, 3))
    some = scenario(
        8, limits=replace(LIMITS, daily=30, hourly=30), mailboxes=2, rotation=Rotation.WEIGHTED, turns=turns
    )
    assert Counter(one.mailbox_id for one in simulate(some, until=END).departures) == {1: 2, 2: 6}
    full = replace(some.mailboxes[1], limits=replace(LIMITS, daily=1))
    left = simulate(replace(some, mailboxes=(some.mailboxes[0], full)), until=END)
    assert Counter(one.mailbox_id for one in left.departures if one.at < MONDAY + DAY) == {1: 7, 2: 1}


def test_a_mailbox_that_waits_for_the_turn_of_another_says_so() -> None:
    turns = (Turn(1, 1), Turn(2, 3))
    result = simulate(scenario(8, mailboxes=2, rotation=Rotation.WEIGHTED, turns=turns), until=END)
    waits = [one for one in result.idles if one.code is HoldCode.ROTATION]
    assert {one.mailbox_id for one in waits} == {1}


def test_by_provider_each_queue_waits_for_its_own_mailboxes() -> None:
    some = scenario(4, mailboxes=2, rotation=Rotation.PROVIDER)
    at_google = replace(some.mailboxes[1], provider=Receiver.GOOGLE, limits=replace(LIMITS, daily=1))
    people = tuple(replace(one, receiver=Receiver.GOOGLE) for one in some.people)
    result = simulate(replace(some, mailboxes=(some.mailboxes[0], at_google), people=people), until=END)
    assert {one.mailbox_id for one in result.departures} == {2}
    assert [one.at - MONDAY for one in result.departures] == [number * DAY for number in range(4)]
