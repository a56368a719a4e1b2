"""What may be said, and when: nothing too early, nothing of uneven people, no praise for what annoys."""

from __future__ import annotations

from sending.trials import FEWEST, Verdict, compare, verdict_of

NONE = compare([], share=0.5)
BETTER = compare([True, True, True, False] * 12, share=0.5)
WORSE = compare([False, False, False, True] * 12, share=0.5)


def test_nothing_is_said_before_both_have_reached_enough_people() -> None:
    assert verdict_of((FEWEST - 1, FEWEST), BETTER, NONE, share=0.5) is Verdict.TOO_FEW
    assert verdict_of((FEWEST, FEWEST), BETTER, NONE, share=0.5) is Verdict.MORE


def test_fewer_is_said_as_well_as_more() -> None:
    assert verdict_of((300, 300), WORSE, NONE, share=0.5) is Verdict.LESS
    assert verdict_of((300, 300), NONE, NONE, share=0.5) is Verdict.OPEN


def test_what_drives_people_away_is_not_praised() -> None:
    assert verdict_of((300, 300), BETTER, BETTER, share=0.5) is Verdict.ANNOYS
    assert verdict_of((300, 300), WORSE, WORSE, share=0.5) is Verdict.FIRST_ANNOYS
    assert verdict_of((300, 300), NONE, WORSE, share=0.5) is Verdict.FIRST_ANNOYS


def test_uneven_people_say_nothing() -> None:
    assert verdict_of((400, 250), BETTER, NONE, share=0.5) is Verdict.UNEVEN
    assert verdict_of((400, 250), BETTER, NONE, share=0.385) is Verdict.MORE
