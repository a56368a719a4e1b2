"""The oracle of a rehearsal finds each broken promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sending.rehearsal.oracle import Leg, check

AT = datetime(2027, 3, 24, 9, tzinfo=UTC)
FIRST = Leg(1, 11, 1, 7, AT, "<1@a>", "", is_in_window=True, wording="Hello")
SECOND = replace(FIRST, position=2, at=AT + timedelta(days=3), message_id="<2@a>", answers="<1@a>")
OTHER = replace(FIRST, person=2, contact_id=12, at=AT + timedelta(hours=1), message_id="<3@a>")


def broken(*legs: Leg, ended: dict[int, datetime] | None = None) -> dict[str, tuple[int, tuple[int, ...]]]:
    found = check(legs, ended=ended or {}, daily={7: 2})
    return {one.promise: (one.broken, one.examples) for one in found if one.broken}


def test_a_good_rehearsal_breaks_none_of_eight_promises() -> None:
    assert broken(FIRST, SECOND, OTHER) == {}
    assert len(check([FIRST, SECOND, OTHER], ended={1: SECOND.at}, daily={7: 2})) == 8


@pytest.mark.parametrize(
    ("legs", "promise"),
    [
        ((FIRST, replace(FIRST, at=AT + timedelta(days=2))), "Nobody got a message twice"),
        ((FIRST, replace(SECOND, at=AT - timedelta(days=3))), "Steps came in their order"),
        ((replace(FIRST, is_in_window=False),), "Every message left inside the recipient's window"),
        ((FIRST, replace(SECOND, mailbox_id=8)), "Follow-ups stayed with their mailbox"),
        ((FIRST, replace(SECOND, answers="<9@a>")), "Answers in a thread name a message that the person got"),
        (
            (FIRST, OTHER, replace(OTHER, person=3, at=AT + timedelta(hours=23, minutes=59))),
            "No mailbox sent more in a day than its limit",
        ),
        ((replace(FIRST, wording="Hello {{ first_name }}"),), "No token of the template language was left in a text"),
    ],
)
def test_each_promise_is_asked(legs: tuple[Leg, ...], promise: str) -> None:
    assert promise in broken(*legs)


def test_what_leaves_after_the_end_of_a_sequence_is_found() -> None:
    found = broken(FIRST, SECOND, ended={1: SECOND.at - timedelta(seconds=1)})
    assert found == {"Nothing left after an answer, a bounce or an opt-out": (1, (11,))}


def test_a_day_later_a_place_is_free_again() -> None:
    assert broken(FIRST, OTHER, replace(OTHER, person=3, at=AT + timedelta(days=1))) == {}
