"""What a journal's word changes: every pair of what it says and what the database believes."""

from __future__ import annotations

import itertools

import pytest

from sending.outbox.states import MessageState as State
from sending.outbox.verdicts import Change, Standing, change_for
from sending.smtp import Accepted, Deferred, InDoubt, Outcome, Phase, Refused, Reply

YES = Accepted(Reply(250, "2.0.0", "taken"))
NO = Refused(Phase.DOT, Reply(550, "5.7.1", "no"))
LATER = Deferred(Phase.DOT, Reply(450, "4.2.0", "later"))
LOST = InDoubt(Phase.DOT, "lost")
ANSWERS: list[Outcome | None] = [YES, NO, LATER, LOST, None]


def change(
    state: State, outcome: Outcome | None, *, same: bool = True, known: bool = False, again: bool = False
) -> Change:
    return change_for(Standing(state, is_same=same, is_known=known, is_again=again), outcome)


@pytest.mark.parametrize("outcome", [YES, NO, LATER])
@pytest.mark.parametrize("state", [State.DOT_PENDING, State.IN_DOUBT])
def test_an_answer_that_was_never_written_down_is_recorded(state: State, outcome: Outcome) -> None:
    assert change(state, outcome) is Change.RECORD


@pytest.mark.parametrize("state", [State.DOT_PENDING, State.IN_DOUBT])
def test_an_attempt_without_an_end_stays_what_it_is(state: State) -> None:
    assert change(state, None) is Change.NOTHING


def test_a_doubt_is_told_once() -> None:
    assert change(State.DOT_PENDING, LOST) is Change.RECORD
    assert change(State.IN_DOUBT, LOST) is Change.NOTHING


@pytest.mark.parametrize("outcome", ANSWERS)
@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("state", [State.CLAIMED, State.DEFERRED])
def test_whatever_left_and_would_be_sent_is_a_doubt_first(state: State, *, same: bool, outcome: Outcome | None) -> None:
    assert change(state, outcome, same=same) is Change.DOUBT


@pytest.mark.parametrize("outcome", ANSWERS)
def test_a_message_that_is_gone_is_put_back(outcome: Outcome | None) -> None:
    assert change_for(None, outcome) is Change.MAKE


def test_what_was_written_down_changes_nothing() -> None:
    for state, outcome, same, again in itertools.product(State, ANSWERS, (True, False), (True, False)):
        assert change(state, outcome, same=same, known=True, again=again) is Change.NOTHING


@pytest.mark.parametrize("state", [State.SENT, State.FAILED, State.CANCELLED])
def test_what_is_over_changes_no_more(state: State) -> None:
    for outcome, same, again in itertools.product(ANSWERS, (True, False), (True, False)):
        assert change(state, outcome, same=same, again=again) is Change.NOTHING


@pytest.mark.parametrize(
    ("state", "same"),
    [
        (State.DEFERRED, True),
        (State.DEFERRED, False),
        (State.CLAIMED, False),
        (State.IN_DOUBT, False),
        (State.ASSUMED_SENT, True),
        (State.ASSUMED_SENT, False),
    ],
)
def test_an_acceptance_proves_an_earlier_copy_and_calls_off_the_second(state: State, *, same: bool) -> None:
    assert change(state, YES, same=same, again=True) is Change.PROVE
    for outcome in (NO, LATER, LOST, None):
        assert change(state, outcome, same=same, again=True) is Change.NOTHING, "a person had decided in doubt"


def test_the_second_copy_can_lose_its_mark_too() -> None:
    assert change(State.CLAIMED, None, again=True) is Change.DOUBT
