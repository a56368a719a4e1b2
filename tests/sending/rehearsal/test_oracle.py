"""The oracle of a rehearsal finds each broken promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sending.ledger.kinds import EventKind
from sending.rehearsal.oracle import Departure, Leg, check
from sending.rehearsal.reporting import ended_by

AT = datetime(2027, 3, 24, 9, tzinfo=UTC)
FIRST = Leg(1, 11, 1, 7, AT, "<1@a>", "", is_in_window=True, wording="Hello")
SECOND = replace(FIRST, position=2, at=AT + timedelta(days=3), message_id="<2@a>", answers="<1@a>")
OTHER = replace(FIRST, person=2, contact_id=12, at=AT + timedelta(hours=1), message_id="<3@a>")


def broken(*legs: Leg, ended: dict[int, datetime] | None = None) -> dict[str, tuple[int, tuple[int, ...]]]:
    left = [Departure(one.mailbox_id, one.at, one.contact_id) for one in legs]
    found = check(legs, ended=ended or {}, left=left, daily={7: 2}, day=timedelta(days=1))
    return {one.promise: (one.broken, one.examples) for one in found if one.broken}


def test_a_good_rehearsal_breaks_none_of_eight_promises() -> None:
    assert broken(FIRST, SECOND, OTHER) == {}
    assert len(check([FIRST, SECOND, OTHER], ended={1: SECOND.at}, left=[], daily={7: 2}, day=timedelta(days=1))) == 8


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


def too_many(*left: Departure, day: timedelta = timedelta(days=1)) -> list[tuple[int, tuple[int, ...]]]:
    found = check((), ended={}, left=left, daily={7: 2}, day=day)
    return [(one.broken, one.examples) for one in found if one.broken]


def test_all_that_left_a_mailbox_counts_whatever_campaign_it_was_of_and_from_before() -> None:
    before = Departure(7, AT - timedelta(hours=5), None, is_played=False)
    other, own = Departure(7, AT, 12), Departure(7, AT + timedelta(hours=1), 11)
    assert too_many(before, other, own) == [(1, (11,))]
    assert too_many(before, replace(before, at=AT), replace(before, at=AT)) == [], "it was not the rehearsal that sent"


def test_a_day_is_as_long_as_the_workspace_has_it() -> None:
    three = [Departure(7, AT + timedelta(minutes=8 * count), 11) for count in range(3)]
    assert too_many(*three, day=timedelta(days=1) / 100) == []
    assert too_many(*three) == [(1, (11,))]


@pytest.mark.parametrize(
    ("events", "ended"),
    [
        ([("stopped", 0, "replied"), ("led", 0, "")], None),
        ([("stopped", 0, "replied"), ("led", 0, ""), ("stopped", 2, "opted_out")], 2),
        ([("stopped", 0, "replied"), ("stopped", 1, "opted_out"), ("led", 1, "")], 0),
        ([("stopped", 0, "opted_out"), ("led", 0, "")], 0),
        ([("stopped", 0, "replied"), ("branched", 0, "")], 0),
        ([("skipped", 0, "suppressed")], 0),
    ],
)
def test_a_lead_undoes_the_stop_that_it_answers_and_no_other(
    events: list[tuple[str, int, str]], ended: int | None
) -> None:
    def data(kind: str, reason: str) -> Mapping[str, Any]:
        return {"until": "2027-03-25"} if kind == "led" else {"reason": reason}

    found = ended_by(
        (1, EventKind("branched" if kind == "led" else kind), AT + timedelta(hours=hours), data(kind, reason))
        for kind, hours, reason in events
    )
    assert found == ({} if ended is None else {1: AT + timedelta(hours=ended)})
