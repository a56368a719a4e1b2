"""Whose turn it is: the ratio of weights, whoever goes before is waited for, nobody waits for ever; whose people."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sending.pacing import Hold, HoldCode, Pace, Send
from sending.pacing.receivers import DOMAINS, Receiver, receiver_of
from sending.pacing.rotation import CREDIT, Turn, Turns, match_words, matched, receivers_for, takes

NOW = datetime(2027, 3, 22, 8, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
PACE = Pace()
calm = settings(deadline=None, max_examples=50)


def make_turns(*weights: int, free: bool = True) -> Turns:
    """Return the turns of mailboxes 1, 2 ... with these weights, none of which has begun anybody."""
    turns = Turns([Turn(pk, weight) for pk, weight in enumerate(weights, 1)], {1: "a@acme.example"})
    for pk in turns.of if free else ():
        turns.see(pk, NOW)
    return turns


def taken(turns: Turns, count: int) -> Counter[int]:
    """Let the mailbox that may begin somebody do so, again and again; exactly one may at each moment."""
    found = Counter[int]()
    for _ in range(count):
        (pk,) = [one for one in turns.of if isinstance(turns.gate(one, now=NOW, pace=PACE), Send)]
        turns.take(pk)
        turns.look(pk, now=NOW, is_held=False, took=True, sent=True)
        found[pk] += 1
    return found


@calm
@given(st.lists(st.integers(1, 15), min_size=1, max_size=5))
def test_over_one_round_each_mailbox_begins_exactly_its_weight(weights: list[int]) -> None:
    turns = make_turns(*weights)
    found = taken(turns, sum(weights))
    assert all(abs(found[pk] - weight) <= 1 for pk, weight in enumerate(weights, 1))


@calm
@given(st.lists(st.integers(1, 100), min_size=2, max_size=5), st.integers(1, 80))
def test_at_no_moment_is_anybody_far_from_their_share(weights: list[int], count: int) -> None:
    found = taken(make_turns(*weights), count)
    for pk, weight in enumerate(weights, 1):
        assert abs(found[pk] - count * weight / sum(weights)) < len(weights)


@calm
@given(st.lists(st.integers(1, 100), min_size=1, max_size=5), st.integers(1, 40))
def test_people_are_dealt_as_the_turns_go(weights: list[int], count: int) -> None:
    turns = make_turns(*weights)
    dealt = Counter(islice(turns.dealt(list(turns.of)), count))
    assert dealt == taken(turns, count)


def test_in_one_look_a_mailbox_without_a_gap_goes_on_for_five_rounds() -> None:
    turns = make_turns(3, 1)
    count = 0
    while isinstance(turns.gate(1, now=NOW, pace=PACE), Send):
        turns.take(1)
        count += 1
    assert count == 15
    turns.look(1, now=NOW, is_held=True, took=True, sent=True)
    assert isinstance(turns.gate(1, now=NOW, pace=PACE), Hold)


def test_the_lighter_one_waits_for_the_gap_of_the_heavier_and_says_so() -> None:
    turns = make_turns(3, 1)
    turns.see(1, NOW + 9 * MINUTE)
    words = "By the weights of the campaign a@acme.example (weight 3) goes first."
    assert turns.gate(2, now=NOW, pace=PACE) == Hold(HoldCode.ROTATION, words, NOW + 9 * MINUTE + 5 * SECOND)
    assert turns.gate(1, now=NOW, pace=PACE) == Send()


def test_of_several_the_last_to_be_free_is_waited_for() -> None:
    turns = make_turns(5, 5, 1)
    turns.see(1, NOW + 9 * MINUTE)
    turns.see(2, NOW + 8 * MINUTE)
    verdict = turns.gate(3, now=NOW, pace=PACE)
    assert isinstance(verdict, Hold)
    assert verdict.until == NOW + 9 * MINUTE + 5 * SECOND
    assert verdict.words == "By the weights of the campaign 2 other mailboxes go first."


def test_whatever_is_waited_for_it_is_looked_at_again_after_ten_minutes() -> None:
    turns = make_turns(3, 1)
    turns.see(1, NOW + timedelta(hours=4))
    verdict = turns.gate(2, now=NOW, pace=PACE)
    assert isinstance(verdict, Hold)
    assert verdict.until == NOW + 10 * MINUTE


def test_a_mailbox_without_a_place_leaves_its_share_to_the_others() -> None:
    turns = make_turns(100, 1)
    turns.see(1, None)
    assert turns.gate(2, now=NOW, pace=PACE) == Send()


def test_a_mailbox_that_is_free_and_does_not_come_is_passed_after_a_minute() -> None:
    turns = make_turns(3, 1)
    for after, is_held in ((0 * SECOND, True), (59 * SECOND, True), (60 * SECOND, False)):
        verdict = turns.gate(2, now=NOW + after, pace=PACE)
        assert isinstance(verdict, Hold) == is_held
        turns.look(2, now=NOW + after, is_held=is_held, took=False, sent=False)


def test_one_that_was_free_long_before_somebody_was_due_still_has_its_turn() -> None:
    turns = make_turns(3, 1)
    later = NOW + timedelta(hours=5)
    assert isinstance(turns.gate(2, now=later, pace=PACE), Hold)


def test_the_next_look_is_not_behind_the_end_of_patience() -> None:
    turns = make_turns(3, 1)
    turns.look(2, now=NOW, is_held=True, took=False, sent=False)
    verdict = turns.gate(2, now=NOW + 58 * SECOND, pace=PACE)
    assert isinstance(verdict, Hold)
    assert verdict.until == NOW + MINUTE


@pytest.mark.parametrize(
    ("is_held", "took", "sent", "is_keen"),
    [
        (False, True, True, True),  # began somebody
        (True, False, False, True),  # would have
        (True, False, True, True),
        (False, False, True, False),  # its place went to a follow-up, or to another campaign
        (False, False, False, True),  # nobody was due: as before
    ],
)
def test_only_a_mailbox_whose_places_go_to_the_campaign_is_waited_for(
    *, is_held: bool, took: bool, sent: bool, is_keen: bool
) -> None:
    turns = make_turns(3, 1)
    turns.look(1, now=NOW, is_held=is_held, took=took, sent=sent)
    assert turns.of[1].is_keen == is_keen
    assert isinstance(turns.gate(2, now=NOW, pace=PACE), Hold) == is_keen


def test_who_could_not_take_its_turns_catches_up_on_some_and_no_more() -> None:
    turns = make_turns(1, 1)
    turns.see(1, None)
    for _ in range(500):
        turns.take(2)
    turns.see(1, NOW)
    found = taken(turns, 200)
    assert CREDIT <= found[1] - found[2] <= CREDIT + 2


def test_a_mailbox_that_joins_late_does_not_take_all() -> None:
    turns = Turns([Turn(1, 1, moved=5_000.0), Turn(2, 1)])
    for pk in (1, 2):
        turns.see(pk, NOW)
    found = taken(turns, 100)
    assert found[2] - found[1] <= CREDIT + 2


def test_a_sandbox_waits_at_its_own_pace_but_never_too_short_for_real_rows() -> None:
    turns = make_turns(3, 1)
    verdict = turns.gate(2, now=NOW, pace=Pace(10_000))
    assert isinstance(verdict, Hold)
    assert verdict.until == NOW + SECOND


@pytest.mark.parametrize(
    ("provider", "receiver", "providers", "may"),
    [
        (Receiver.GOOGLE, Receiver.GOOGLE, {Receiver.GOOGLE, Receiver.OTHER}, True),
        (Receiver.OTHER, Receiver.GOOGLE, {Receiver.GOOGLE, Receiver.OTHER}, False),
        (Receiver.MICROSOFT, Receiver.GOOGLE, {Receiver.GOOGLE, Receiver.MICROSOFT}, False),
        (Receiver.MICROSOFT, Receiver.YAHOO, {Receiver.GOOGLE, Receiver.MICROSOFT}, True),  # nobody is at Yahoo
        (Receiver.GOOGLE, Receiver.OTHER, {Receiver.GOOGLE, Receiver.OTHER}, True),
        (Receiver.OTHER, Receiver.OTHER, {Receiver.OTHER}, True),
    ],
)
def test_people_go_to_a_mailbox_at_their_provider_where_one_is_usable(
    provider: Receiver, receiver: Receiver, providers: set[Receiver], *, may: bool
) -> None:
    among = matched(providers)
    assert takes(provider, receiver, among) == may
    assert (receiver in receivers_for(provider, among)) == may


@given(st.sets(st.sampled_from(Receiver), min_size=1), st.sampled_from(Receiver))
def test_everybody_has_a_mailbox_that_begins_them(providers: set[Receiver], receiver: Receiver) -> None:
    among = matched(providers)
    assert any(takes(one, receiver, among) for one in providers)


def test_the_wait_for_a_mailbox_names_its_provider() -> None:
    words = "Waits for a Google mailbox of the campaign; the others leave its people to it."
    assert match_words(Receiver.GOOGLE) == words


def test_the_table_of_domains_says_what_is_said_of_one() -> None:
    assert DOMAINS["gmail.com"] is receiver_of("gmail.com") is Receiver.GOOGLE
    assert DOMAINS["yahoo.co.uk"] is Receiver.YAHOO
    assert "example.com" not in DOMAINS
    assert receiver_of("example.com", known="microsoft") is Receiver.MICROSOFT
