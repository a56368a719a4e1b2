"""Each person who was due on a day has exactly one cause, whatever held them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.pacing import HoldCode
from sending.pacing.history import Span
from sending.reports.core import LATER, SENT, DayOfCampaign, LastWord, Way, counted
from tests.sending.pacing.facts import OFFICE, calm
from tests.sending.pacing.scenarios import DAY, HOUR, MONDAY

UTC_ZONE = ZoneInfo("Etc/UTC")
BEGIN = MONDAY - 8 * HOUR
END = BEGIN + DAY


def day(*, end: int = 24, mailboxes: tuple[int, ...] = (1,), **spans: list[Span]) -> DayOfCampaign:
    of_all, of_new, of_follow_ups = (spans.get(name, []) for name in ("of_all", "of_new", "of_follow_ups"))
    return DayOfCampaign(BEGIN, BEGIN + end * HOUR, END, OFFICE, mailboxes, of_all, of_new, of_follow_ups)


def way(**changes: object) -> Way:
    new = Way(1, BEGIN - DAY, UTC_ZONE, sent_at=None, due_at=BEGIN - DAY, mailbox_id=None, last=None)
    return replace(new, **changes)  # type: ignore[arg-type]


def span(code: str, begin: int = 0, end: int = 24, *, mailbox_id: int | None = None) -> Span:
    return Span(BEGIN + begin * HOUR, BEGIN + end * HOUR, code, "", mailbox_id, of_many=True)


def held(code: str, *, until: int = 48, at: int = -2) -> LastWord:
    return LastWord(BEGIN + at * HOUR, held=code, until=BEGIN + until * HOUR)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({}, "in_line"),
        ({"enrolled_at": END}, None),
        ({"sent_at": BEGIN + HOUR}, SENT),
        ({"sent_at": BEGIN - HOUR, "due_at": END}, None),
        ({"sent_at": BEGIN - HOUR, "due_at": None}, None),
        ({"last": LastWord(BEGIN + HOUR, ended="suppressed")}, "suppressed"),
        ({"last": LastWord(BEGIN - HOUR, ended="replied")}, None),
        ({"due_at": BEGIN + 2 * HOUR, "last": LastWord(BEGIN + HOUR, ended="replied")}, None),
        ({"last": LastWord(BEGIN + HOUR, is_under_way=True)}, "under_way"),
        ({"last": held("absent")}, "absent"),
        ({"last": held("absent", until=-1)}, "in_line"),
        ({"last": held("missing_value", until=-1)}, "missing_value"),
        ({"last": held("window")}, "in_line"),
        ({"due_at": BEGIN + 18 * HOUR}, "window"),
    ],
)
def test_each_way_has_its_cause(changes: dict[str, object], cause: str | None) -> None:
    assert day().cause_of(way(**changes)) == cause


def test_what_holds_everybody_is_the_cause_of_each() -> None:
    assert day(of_all=[span(HoldCode.CAMPAIGN_PAUSED)]).cause_of(way()) == "campaign_paused"
    full = [span(HoldCode.DAILY_LIMIT, 10, mailbox_id=1)]
    assert day(of_all=full).cause_of(way()) == "daily_limit"
    assert day(of_all=full, mailboxes=(1, 2)).cause_of(way()) == "in_line"
    assert day(of_all=full, mailboxes=(1, 2)).cause_of(way(sent_at=BEGIN - DAY, mailbox_id=1)) == "daily_limit"


def test_new_contacts_and_follow_ups_have_their_own_limits() -> None:
    some = day(of_new=[span(HoldCode.NEW_LEADS_LIMIT)], of_follow_ups=[span(HoldCode.SYNC_STALE, mailbox_id=1)])
    assert some.cause_of(way()) == "new_leads_limit"
    assert some.cause_of(way(sent_at=BEGIN - DAY, mailbox_id=1)) == "sync_stale"


def test_what_still_comes_today_is_no_obstacle() -> None:
    assert day(end=12).cause_of(way(due_at=BEGIN + 15 * HOUR)) == LATER
    assert day(end=7).cause_of(way()) == LATER, "the window opens at nine"
    assert day(end=20).cause_of(way(due_at=BEGIN + 18 * HOUR)) == "window"


def test_rows_are_the_largest_first_and_who_was_written_to_last() -> None:
    causes = {1: SENT, 2: "gap", 3: "absent", 4: "absent", 5: SENT, 6: SENT}
    assert counted(causes) == [("absent", 2), ("gap", 1), (SENT, 3)]
    assert counted({1: "gap"}) == [("gap", 1), (SENT, 0)]


HOURS = st.integers(-30, 40).map(lambda hours: BEGIN + hours * HOUR)


@st.composite
def any_way(draw: st.DrawFn) -> Way:
    sent_at = draw(st.none() | HOURS)
    last = draw(
        st.none()
        | st.builds(LastWord, HOURS, ended=st.sampled_from(["replied", "suppressed"]))
        | st.builds(LastWord, HOURS, held=st.sampled_from(HoldCode), until=HOURS)
        | st.builds(LastWord, HOURS, is_under_way=st.just(True))
    )
    box = draw(st.sampled_from([1, 2])) if sent_at else None
    return Way(0, draw(HOURS), UTC_ZONE, sent_at, draw(st.none() | HOURS), box, last)


@calm
@given(st.lists(any_way(), max_size=12), st.integers(1, 24))
def test_the_rows_add_up_to_everybody_who_was_due(ways: list[Way], end: int) -> None:
    some = day(end=end, mailboxes=(1, 2), of_all=[span(HoldCode.DAILY_LIMIT, 9, 12, mailbox_id=1)])
    found = {number: some.cause_of(one) for number, one in enumerate(ways)}
    causes = {number: cause for number, cause in found.items() if cause is not None}
    assert sum(count for _, count in counted(causes)) == len(causes)
    for number, one in enumerate(ways):
        wrote = one.sent_at is not None and one.sent_at >= BEGIN and one.enrolled_at < some.end
        assert (found[number] == SENT) == wrote
        nothing_due = one.due_at is None or one.due_at - END >= timedelta(0)
        if nothing_due and not wrote and (one.last is None or not (one.last.is_under_way or one.last.ended)):
            assert found[number] is None
