"""The lines at which guards warn and stop, and the chance below which they do neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.pacing.guards import CAMPAIGN, MAILBOX, Counts, Kind, Lines, alarms, of_domain
from tests.sending.pacing.facts import calm


@pytest.mark.parametrize(
    ("lines", "attempts", "bounces", "level"),
    [
        (CAMPAIGN, 0, 0, ""),
        (CAMPAIGN, 19, 5, ""),  # too few to tell
        (CAMPAIGN, 20, 1, ""),  # one address says nothing
        (CAMPAIGN, 20, 2, "stop"),
        (CAMPAIGN, 101, 2, ""),
        (CAMPAIGN, 100, 2, "warn"),
        (CAMPAIGN, 100, 3, "stop"),
        (CAMPAIGN, 1_000, 29, "warn"),
        (CAMPAIGN, 1_000, 30, "stop"),
        (MAILBOX, 100, 2, ""),
        (MAILBOX, 100, 3, "warn"),
        (MAILBOX, 100, 5, "stop"),
        (MAILBOX, 1_000, 49, "warn"),
    ],
)
def test_bounces_are_held_against_attempts(lines: Lines, attempts: int, bounces: int, level: str) -> None:
    found = alarms(Counts(attempts=attempts, bounces=bounces), lines)
    assert ["stop" if one.stops else "warn" for one in found] == ([level] if level else [])
    assert all(one.kind is Kind.BOUNCES for one in found)


def test_the_words_name_numbers_and_the_line() -> None:
    (found,) = alarms(Counts(attempts=100, bounces=3), CAMPAIGN)
    assert found.words == "3 of 100 messages in 7 days went to addresses that do not exist (3.0 %, the limit is 3 %)."
    (near,) = alarms(Counts(attempts=100, bounces=2), CAMPAIGN)
    assert near.words == "2 of 100 messages in 7 days went to addresses that do not exist (2.0 %, it stops at 3 %)."


def test_three_in_a_row_stop_a_mailbox_however_few_it_has_tried() -> None:
    (found,) = alarms(Counts(attempts=3, bounces=3, in_a_row=3), MAILBOX, minds_a_row=True)
    assert (found.stops, found.words) == (True, "3 addresses in a row do not exist.")
    assert not alarms(Counts(attempts=3, bounces=3, in_a_row=3), CAMPAIGN), "of a campaign other mailboxes send between"
    assert not alarms(Counts(attempts=3, bounces=2, in_a_row=2), MAILBOX, minds_a_row=True)


@pytest.mark.parametrize(
    ("delivered", "complaints", "level"),
    [
        (999, 1, ""), (999, 2, "stop"), (5, 2, "stop"), (1_000, 0, ""), (1_000, 1, "stop"), (1_250, 1, "warn"),
        (1_251, 1, ""), (2_000, 2, "stop"), (2_400, 2, "warn"), (2_600, 2, ""),
    ],
)  # fmt: skip
def test_complaints_are_held_against_what_was_delivered(delivered: int, complaints: int, level: str) -> None:
    found = alarms(Counts(delivered=delivered, complaints=complaints), CAMPAIGN)
    assert ["stop" if one.stops else "warn" for one in found] == ([level] if level else [])


@pytest.mark.parametrize(
    ("delivered", "complaints", "level"),
    [
        (999, 2, ""), (999, 3, "stop"), (1_000, 0, ""), (1_000, 1, "warn"), (1_000, 2, "warn"), (1_000, 3, "stop"),
        (3_000, 2, ""), (3_000, 3, "warn"), (3_000, 9, "stop"),
    ],
)  # fmt: skip
def test_a_domain_is_judged_by_all_its_mailboxes_together(delivered: int, complaints: int, level: str) -> None:
    found = of_domain("acme.example", Counts(delivered=delivered, complaints=complaints))
    assert ("" if found is None else "stop" if found.stops else "warn") == level


@calm
@given(attempts=st.integers(0, 5_000), bounces=st.integers(0, 500), complaints=st.integers(0, 10))
def test_one_bounce_more_never_silences_a_guard(attempts: int, bounces: int, complaints: int) -> None:
    def stops(more: int) -> bool:
        counts = Counts(attempts, bounces + more, delivered=attempts, complaints=complaints)
        return any(one.stops for one in alarms(counts, CAMPAIGN))

    assert stops(1) >= stops(0)
