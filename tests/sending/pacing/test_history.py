"""Of all that held somebody in the past, what bound at each moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sending.pacing import HoldCode
from sending.pacing.history import Cause, Span, closed_spans, main_reason, timeline
from tests.sending.pacing.facts import BERLIN, OFFICE, calm
from tests.sending.pacing.scenarios import DAY, HOUR, MONDAY

BEGIN = MONDAY - 8 * HOUR  # midnight in London
END = BEGIN + DAY


def span(begin: int, end: int, code: str = Cause.WAIT, words: str = "", mailbox_id: int | None = None) -> Span:
    of_many = mailbox_id is not None
    return Span(BEGIN + begin * HOUR, BEGIN + end * HOUR, code, words or code, mailbox_id, of_many=of_many)


def told(*spans: Span, mailboxes: tuple[int, ...] = (1,)) -> list[tuple[int, int, str]]:
    line = timeline(BEGIN, END, spans, mailboxes=mailboxes, in_line="others")
    return [((one.begin - BEGIN) // HOUR, (one.end - BEGIN) // HOUR, one.code) for one in line]


def test_where_nothing_held_others_went_first() -> None:
    assert told() == [(0, 24, "in_line")]


def test_what_no_look_could_pass_binds_before_what_passes_by_itself() -> None:
    assert told(
        span(0, 24, HoldCode.WINDOW), span(2, 20, HoldCode.ABSENT), span(4, 18, HoldCode.CAMPAIGN_PAUSED),
        span(6, 16), span(8, 14, Cause.UNDER_WAY), span(10, 12, Cause.OVER),
    ) == [
        (0, 2, "window"), (2, 4, "absent"), (4, 6, "campaign_paused"), (6, 8, "wait"), (8, 10, "under_way"),
        (10, 12, "over"), (12, 14, "under_way"), (14, 16, "wait"), (16, 18, "campaign_paused"), (18, 20, "absent"),
        (20, 24, "window"),
    ]  # fmt: skip


def test_a_window_that_is_shut_binds_before_a_full_mailbox() -> None:
    full = span(10, 24, HoldCode.DAILY_LIMIT, mailbox_id=1)
    assert told(full, span(16, 24, HoldCode.WINDOW)) == [
        (0, 10, "in_line"), (10, 16, "daily_limit"), (16, 24, "window"),
    ]  # fmt: skip


def test_a_mailbox_holds_only_while_each_other_is_held_as_well() -> None:
    first = span(8, 14, HoldCode.DAILY_LIMIT, mailbox_id=1)
    second = span(10, 12, HoldCode.HOURLY_LIMIT, mailbox_id=2)
    assert told(first, second, mailboxes=(1, 2)) == [
        (0, 10, "in_line"), (10, 12, "hourly_limit"), (12, 24, "in_line"),
    ]  # fmt: skip


def test_neighbours_with_the_same_words_are_one() -> None:
    assert told(span(2, 4), span(4, 6)) == [(0, 2, "in_line"), (2, 6, "wait"), (6, 24, "in_line")]


def test_hours_outside_of_the_windows_are_closed() -> None:
    closed = closed_spans(OFFICE, BERLIN, "Europe/Berlin", BEGIN, END)
    assert [((one.begin - BEGIN) // HOUR, (one.end - BEGIN) // HOUR) for one in closed] == [(0, 8), (16, 24)]
    saturday = closed_spans(OFFICE, BERLIN, "Europe/Berlin", BEGIN + 5 * DAY, END + 5 * DAY)
    assert [one.length for one in saturday] == [DAY]
    assert saturday[0].words == "Outside the sending window in Europe/Berlin."


def test_a_closed_day_is_told_by_its_name() -> None:
    monday = BEGIN.date()
    schedule = replace(OFFICE, holidays=frozenset({monday, monday + DAY}), names={monday: "Team day"})
    closed = closed_spans(schedule, BERLIN, "Europe/Berlin", BEGIN, BEGIN + 3 * DAY)
    assert [((one.begin - BEGIN) // HOUR, (one.end - BEGIN) // HOUR, one.words) for one in closed] == [
        (0, 23, "Closed: Team day."),
        (23, 47, f"Closed on {monday + DAY}."),
        (47, 56, "Outside the sending window in Europe/Berlin."),
        (64, 72, "Outside the sending window in Europe/Berlin."),
    ]


def test_what_mattered_is_the_longest_reason_within_the_hours_of_sending() -> None:
    spans = [span(0, 9, HoldCode.WINDOW), span(9, 11), span(11, 14, HoldCode.ABSENT), span(14, 24, HoldCode.WINDOW)]
    found = main_reason(timeline(BEGIN, END, spans, mailboxes=(), in_line=""))
    assert found is not None
    assert found.code == HoldCode.ABSENT
    only = main_reason(timeline(BEGIN, END, [span(0, 24, HoldCode.WINDOW)], mailboxes=(), in_line=""))
    assert only is not None
    assert only.code == HoldCode.WINDOW
    late = [span(0, 22, Cause.NOT_ENROLLED), span(23, 24)]
    came = main_reason(timeline(BEGIN, END, late, mailboxes=(), in_line=""))
    assert came is not None
    assert came.code in {Cause.WAIT, Cause.IN_LINE}
    assert main_reason([]) is None


@st.composite
def any_span(draw: st.DrawFn) -> Span:
    begin = draw(st.integers(-5, 28))
    code = draw(st.sampled_from([*Cause, *HoldCode]))
    return span(begin, draw(st.integers(begin, 30)), code, mailbox_id=draw(st.sampled_from([None, None, 1, 2])))


@calm
@given(st.lists(any_span(), max_size=8))
def test_a_timeline_fills_the_day_and_never_overlaps(spans: list[Span]) -> None:
    line = timeline(BEGIN, END, spans, mailboxes=(1, 2), in_line="others")
    assert line[0].begin == BEGIN
    assert line[-1].end == END
    for one, following in pairwise(line):
        assert one.end == following.begin
    assert all(one.length > timedelta(0) for one in line)
    for one in line:
        if one.code != Cause.IN_LINE:
            assert any(span.code == one.code and span.begin <= one.begin < span.end for span in spans)
