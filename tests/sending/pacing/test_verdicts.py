"""How several verdicts become one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.pacing import Drop, DropCode, Hold, HoldCode, Send, Verdict, decide
from tests.sending.pacing.facts import NOW, calm

DROP = Drop(DropCode.SUPPRESSED, "ada@example.com is suppressed.")
SHORT = Hold(HoldCode.GAP, "a gap", NOW + timedelta(minutes=5))
LONG = Hold(HoldCode.WINDOW, "closed", NOW + timedelta(hours=5))
SOON, LATE = NOW + timedelta(hours=1), NOW + timedelta(hours=8)

INSTANTS = st.integers(0, 50).map(lambda minutes: NOW + timedelta(minutes=minutes))
HOLDS = st.builds(Hold, st.sampled_from(HoldCode), st.sampled_from(["one", "other"]), INSTANTS)
SENDS = st.builds(Send, st.none() | INSTANTS)
DROPS = st.builds(Drop, st.sampled_from(DropCode), st.sampled_from(["one", "other"]))


@pytest.mark.parametrize(
    ("verdicts", "binding"),
    [
        ([], Send()),
        ([Send(), Send()], Send()),
        ([Send(LATE), Send(), Send(SOON)], Send(SOON)),
        ([Send(SOON), Send(LATE)], Send(SOON)),
        ([SHORT, Send(SOON), LONG], LONG),
        ([LONG, SHORT], LONG),
        ([SHORT, LONG, DROP], DROP),
        ([DROP, LONG], DROP),
    ],
)
def test_drop_binds_before_hold_the_longest_hold_before_send_and_the_earliest_end(
    verdicts: list[Verdict], binding: Verdict
) -> None:
    assert decide(verdicts) == binding


def test_of_two_holds_that_end_together_the_first_is_told() -> None:
    other = Hold(HoldCode.DAILY_LIMIT, "spent", SHORT.until)
    assert decide([SHORT, other]) is SHORT
    assert decide([other, SHORT]) is other


@calm
@given(st.lists(HOLDS | SENDS | DROPS, max_size=8))
def test_the_verdict_that_binds_is_one_of_those_given(verdicts: list[Verdict]) -> None:
    binding = decide(verdicts)
    drops = [one for one in verdicts if isinstance(one, Drop)]
    holds = [one for one in verdicts if isinstance(one, Hold)]
    ends = [one.not_after for one in verdicts if isinstance(one, Send) and one.not_after]
    if drops:
        assert binding == drops[0]
    elif holds:
        assert binding in holds
        assert isinstance(binding, Hold)
        assert binding.until == max(hold.until for hold in holds)
    else:
        assert binding == Send(min(ends, default=None))


@calm
@given(st.lists(HOLDS | SENDS, max_size=6).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_the_gates_changes_nothing_that_matters(pair: tuple[list[Verdict], list[Verdict]]) -> None:
    one, other = decide(pair[0]), decide(pair[1])
    assert type(one) is type(other)
    if isinstance(one, Hold) and isinstance(other, Hold):
        assert one.until == other.until
    else:
        assert one == other
