"""The account book of a day: it adds up, keeps what is promised, and keeps no more than that."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sending.pacing import Hold, HoldCode, Send, Usage, book_of, peak_use, reserved_gate
from sending.pacing.promises import decisive_use
from sending.pacing.queues import FollowUps, Waiting
from tests.sending.pacing.facts import BERLIN, NOW, calm, limits
from tests.sending.pacing.scenarios import scenario

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# Of the rolling day: the instants at which places come back, and those at which follow-ups fall due.
AHEAD = st.integers(1, 24 * 60 - 1).map(lambda minutes: NOW + timedelta(minutes=minutes))
DUE = st.integers(-600, 24 * 60 - 1).map(lambda minutes: NOW + timedelta(minutes=minutes))


def in_use(at: datetime, comes_back: list[datetime], promised: list[datetime]) -> int:
    return sum(one > at for one in comes_back) + sum(max(one, NOW) <= at for one in promised)


@calm
@given(
    budget=st.integers(1, 40),
    spent=st.lists(AHEAD, max_size=45),
    promised=st.lists(DUE, max_size=45),
    new=st.integers(0, 45),
)
def test_the_book_adds_up_and_breaks_no_promise(
    budget: int, spent: list[datetime], promised: list[datetime], new: int
) -> None:
    comes_back = sorted(spent)
    usage = Usage(day=len(spent), new_leads_day=min(new, len(spent)))
    book = book_of(limits(daily=budget), usage, peak=peak_use(comes_back, promised, now=NOW))
    assert book.total == max(budget, len(spent))
    assert min(book.spent, book.reserved, book.free) >= 0
    instants = [NOW, *promised]
    crowded = max(in_use(max(at, NOW), comes_back, promised) for at in instants)
    own_share = budget * 30 // 100 - usage.new_leads_day
    if book.free > max(0, own_share):
        assert crowded + book.free <= budget, "whoever is promised a place finds one"
    left = max(0, budget - len(spent))
    if book.free < left:
        assert crowded + book.free + 1 > budget, "no place is kept for nobody"
        assert book.free >= min(left, own_share), "new contacts keep their share"


def test_a_place_that_comes_back_before_a_follow_up_is_due_is_not_kept_twice() -> None:
    evening = [NOW + 6 * HOUR] * 4
    morning = [NOW + 5 * HOUR] * 4
    assert peak_use(morning, evening, now=NOW) == 4
    assert peak_use(evening, morning, now=NOW) == 8
    assert peak_use(morning, morning, now=NOW) == 4, "it comes back at the instant at which it is needed"


def test_of_ten_places_the_follow_ups_of_tomorrow_morning_keep_theirs() -> None:
    usage = Usage(day=2, new_leads_day=2, day_frees_at=NOW + 23 * HOUR)
    peak = peak_use([NOW + 23 * HOUR] * 2, [NOW + 20 * HOUR] * 5, now=NOW)
    book = book_of(limits(daily=10), usage, peak=peak)
    assert (book.spent, book.reserved, book.free) == (2, 5, 3)
    full = book_of(limits(daily=10), usage, peak=12)
    assert (full.spent, full.reserved, full.free) == (2, 7, 1), "three of ten are new contacts' in any case"


def test_a_mailbox_whose_places_are_all_promised_says_so_and_until_when() -> None:
    usage = Usage(day=3, new_leads_day=3, day_frees_at=NOW + 2 * HOUR)
    book = book_of(limits(daily=10), usage, peak=10)
    verdict = reserved_gate(book, usage, later=NOW + HOUR)
    assert verdict == Hold(
        HoldCode.RESERVED, "Of 10 places a day 3 are used and 7 kept for follow-ups to come.", NOW + 2 * HOUR
    )
    assert reserved_gate(book_of(limits(daily=10), usage, peak=9), usage, later=NOW + HOUR) == Send()


def test_where_nothing_comes_back_it_looks_again_later() -> None:
    verdict = reserved_gate(book_of(limits(daily=2), Usage(), peak=2), Usage(), later=NOW + HOUR)
    assert isinstance(verdict, Hold)
    assert verdict.until == NOW + HOUR


@calm
@given(spent=st.lists(AHEAD, max_size=20), promised=st.lists(DUE, max_size=20))
def test_the_order_of_the_promises_says_nothing(spent: list[datetime], promised: list[datetime]) -> None:
    comes_back = sorted(spent)
    peak = peak_use(comes_back, promised, now=NOW)
    assert peak == peak_use(comes_back, promised[::-1], now=NOW)
    assert max(len(spent), len(promised)) <= peak <= len(spent) + len(promised)


@calm
@given(budget=st.integers(1, 40), day=st.integers(0, 45), new=st.integers(0, 45), more=st.integers(0, 50))
def test_from_the_decisive_use_on_the_peak_changes_nothing_and_one_less_may(
    budget: int, day: int, new: int, more: int
) -> None:
    some, usage = limits(daily=budget), Usage(day=day, new_leads_day=min(new, day))
    decisive = decisive_use(some, usage)
    assert book_of(some, usage, peak=decisive + more) == book_of(some, usage, peak=decisive)
    owed = budget - decisive
    if budget - day > owed:
        assert book_of(some, usage, peak=decisive - 1).free == owed + 1


def test_a_line_names_no_more_promises_than_it_is_asked_for() -> None:
    waiting = FollowUps()
    line = waiting.line(scenario().campaigns[0], BERLIN, NOW)
    for number in range(9):
        waiting.add(Waiting(NOW + number * HOUR, number, 1, line))
    assert sorted(waiting.promised(NOW + 4 * HOUR, most=99)) == [NOW + number * HOUR for number in range(4)]
    assert len(waiting.promised(NOW + 4 * HOUR, most=2)) == 2
    assert waiting.promised(NOW + 4 * HOUR, most=0) == []
