"""Each gate: its verdict, its words, and the instant of the next look."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendar import Schedule, Window
from sending.pacing import (
    Drop,
    DropCode,
    Hold,
    HoldCode,
    LeadFacts,
    MailboxFacts,
    Pace,
    Send,
    Usage,
    allowance,
    decide,
    lead_gates,
    mailbox_gates,
)
from tests.sending.pacing.facts import BERLIN, NOW, OFFICE, box, calm, lead, limits

TEN_MINUTES = timedelta(minutes=10)


def of_box(facts: MailboxFacts) -> list[object]:
    return list(mailbox_gates(facts))


def of_lead(facts: LeadFacts, carried_by: MailboxFacts | None = None) -> list[object]:
    """Return what speaks against a step in its window."""
    return [verdict for verdict in lead_gates(facts, carried_by or box()) if not isinstance(verdict, Send)]


def test_a_ready_mailbox_passes_every_gate() -> None:
    assert of_box(box()) == []


@pytest.mark.parametrize(
    ("facts", "hold"),
    [
        (
            box(state="The mailbox is paused: Holidays."),
            Hold(HoldCode.MAILBOX_STATE, "The mailbox is paused: Holidays.", NOW + TEN_MINUTES),
        ),
        (
            box(backoff_until=NOW + timedelta(minutes=4), backoff_words="421 Too many connections"),
            Hold(HoldCode.MAILBOX_BACKOFF, "421 Too many connections", NOW + timedelta(minutes=4)),
        ),
        (
            box(free_at=NOW + timedelta(minutes=3)),
            Hold(HoldCode.GAP, "The mailbox keeps a gap between two messages.", NOW + timedelta(minutes=3)),
        ),
        (
            box(usage=Usage(day=8, hour=8, hour_frees_at=NOW + timedelta(minutes=20))),
            Hold(HoldCode.HOURLY_LIMIT, "8 of 8 messages of this hour are sent.", NOW + timedelta(minutes=20)),
        ),
        (
            box(usage=Usage(day=30, hour=2, day_frees_at=NOW + timedelta(hours=9))),
            Hold(
                HoldCode.DAILY_LIMIT,
                "30 of 30 messages of the last 24 hours are sent.",
                NOW + timedelta(hours=9),
            ),
        ),
        (
            box(limits=limits(ramp_start=5, ramp_step=2), usage=Usage(day=7, sending_days=1)),
            Hold(
                HoldCode.DAILY_LIMIT,
                "7 of 7 messages of the last 24 hours are sent (the ramp allows 7 of 30).",
                NOW + TEN_MINUTES,
            ),
        ),
        (
            box(limits=limits(hourly=0)),
            Hold(HoldCode.HOURLY_LIMIT, "0 of 0 messages of this hour are sent.", NOW + TEN_MINUTES),
        ),
    ],
)
def test_a_mailbox_gate_holds_with_its_words_until_its_instant(facts: MailboxFacts, hold: Hold) -> None:
    assert of_box(facts) == [hold]


@pytest.mark.parametrize(
    "facts",
    [
        box(backoff_until=NOW, backoff_words="421"),  # over at this very instant
        box(free_at=NOW),
        box(usage=Usage(day=29, hour=7)),
        box(limits=limits(ramp_start=5, ramp_step=2), usage=Usage(day=6, sending_days=1)),
    ],
)
def test_a_mailbox_gate_opens_at_its_very_instant_and_with_one_place_left(facts: MailboxFacts) -> None:
    assert of_box(facts) == []


def test_every_reason_of_a_mailbox_is_told_and_the_longest_binds() -> None:
    facts = box(
        state="The mailbox is blocked.",
        free_at=NOW + timedelta(minutes=3),
        usage=Usage(day=30, hour=8, day_frees_at=NOW + timedelta(hours=5), hour_frees_at=NOW + timedelta(minutes=1)),
    )
    codes = [hold.code for hold in mailbox_gates(facts) if isinstance(hold, Hold)]
    assert codes == [HoldCode.MAILBOX_STATE, HoldCode.GAP, HoldCode.HOURLY_LIMIT, HoldCode.DAILY_LIMIT]
    binding = decide(mailbox_gates(facts))
    assert isinstance(binding, Hold)
    assert binding.code is HoldCode.DAILY_LIMIT


@calm
@given(day=st.integers(0, 40), hour=st.integers(0, 12), daily=st.integers(0, 40), hourly=st.integers(0, 12))
def test_a_mailbox_is_held_exactly_when_it_may_send_nothing(day: int, hour: int, daily: int, hourly: int) -> None:
    facts = box(limits=limits(daily=daily, hourly=hourly), usage=Usage(day=max(day, hour), hour=hour))
    held = isinstance(decide(mailbox_gates(facts)), Hold)
    assert held == (allowance(facts.limits, facts.usage) == 0)


def test_next_looks_come_sooner_where_time_runs_faster() -> None:
    (hold,) = mailbox_gates(box(state="The mailbox is paused.", pace=Pace(600)))
    assert isinstance(hold, Hold)
    assert hold.until == NOW + timedelta(seconds=1)


def test_a_new_contact_in_the_window_may_be_written_to_until_its_end() -> None:
    verdict = decide(lead_gates(lead(), box()))
    assert verdict == Send(not_after=datetime(2026, 11, 24, 16, tzinfo=UTC))  # 17:00 in Berlin


def test_a_suppressed_contact_is_dropped_whatever_else_holds() -> None:
    facts = lead(suppressed="ada@example.com is suppressed: opted out.", campaign_paused=True)
    expected = Drop(DropCode.SUPPRESSED, "ada@example.com is suppressed: opted out.")
    assert decide(lead_gates(facts, box(now=NOW + timedelta(hours=9)))) == expected


def test_a_paused_campaign_holds() -> None:
    expected = Hold(HoldCode.CAMPAIGN_PAUSED, "The campaign is paused.", NOW + TEN_MINUTES)
    assert decide(lead_gates(lead(campaign_paused=True), box())) == expected


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-24T07:59:59", "2026-11-24T08:00:00"),  # one second before nine in Berlin
        ("2026-11-24T08:00:00", None),  # half-open: the first instant is inside
        ("2026-11-24T15:59:59", None),
        ("2026-11-24T16:00:00", "2026-11-25T08:00:00"),  # and the last is not
        ("2026-11-27T16:00:00", "2026-11-30T08:00:00"),  # over the weekend
        ("2027-03-26T16:30:00", "2027-03-29T07:00:00"),  # over the change of the clocks
    ],
)
def test_window_is_half_open_in_the_zone_of_the_recipient(now: str, opens: str | None) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    verdict = decide(lead_gates(lead(), box(now=at)))
    if opens is None:
        assert isinstance(verdict, Send)
        assert verdict.not_after == at.replace(hour=16, minute=0, second=0)
    else:
        until = datetime.fromisoformat(opens).replace(tzinfo=UTC)
        assert verdict == Hold(HoldCode.WINDOW, "Outside the sending window in Europe/Berlin.", until)


def test_window_of_each_recipient_is_their_own() -> None:
    tokyo = lead(zone=ZoneInfo("Asia/Tokyo"), zone_name="Asia/Tokyo")
    until = datetime(2026, 11, 25, 0, tzinfo=UTC)
    assert decide(lead_gates(tokyo, box())) == Hold(HoldCode.WINDOW, "Outside the sending window in Asia/Tokyo.", until)


@calm
@given(minutes=st.integers(0, 60 * 24 * 14))
def test_whoever_may_go_is_inside_the_window_and_whoever_waits_is_told_its_next_start(minutes: int) -> None:
    at = NOW + timedelta(minutes=minutes)
    verdict = decide(lead_gates(lead(), box(now=at)))
    match verdict:
        case Send(not_after=end):
            assert end is not None
            assert _in_office(at)
            assert not _in_office(end)
            assert _in_office(end - timedelta(seconds=1))
        case Hold(code=code, until=until):
            assert code is HoldCode.WINDOW
            assert not _in_office(at)
            assert _in_office(until)
            assert not _in_office(until - timedelta(seconds=1))
        case Drop():
            raise AssertionError("a closed window is no reason to give somebody up")


def _in_office(at: datetime) -> bool:
    local = at.astimezone(BERLIN)
    return local.isoweekday() <= 5 and 9 <= local.hour < 17


def test_a_schedule_without_windows_holds_until_a_person_mends_it() -> None:
    verdict = decide(lead_gates(lead(schedule=Schedule(())), box()))
    assert verdict == Hold(HoldCode.WINDOW, "No sending window is set.", NOW + TEN_MINUTES)


def test_a_campaign_with_a_first_day_waits_for_it_and_says_so() -> None:
    later = Schedule((Window(1, 0, 1440),), starts_on=date(2030, 1, 1))
    verdict = decide(lead_gates(lead(schedule=later), box()))
    assert isinstance(verdict, Hold)
    assert verdict.code is HoldCode.WINDOW
    assert verdict.words == "It starts on 01 January 2030 in Europe/Berlin."
    assert verdict.until.astimezone(BERLIN).date() == date(2030, 1, 7)  # a Monday


def test_a_schedule_whose_days_are_all_holidays_holds_and_says_so() -> None:
    only_mondays = Schedule(
        (Window(1, 0, 1440),),
        frozenset((NOW + timedelta(days=6 + 7 * week)).date() for week in range(60)),
    )
    verdict = decide(lead_gates(lead(schedule=only_mondays), box()))
    assert isinstance(verdict, Hold)
    assert verdict.code is HoldCode.WINDOW
    assert "holiday" in verdict.words


@pytest.mark.parametrize(
    ("read_ago", "pace", "is_held"),
    [
        (timedelta(0), 1, False),
        (timedelta(minutes=15), 1, False),
        (timedelta(minutes=15, seconds=1), 1, True),
        (timedelta(seconds=20), 5_760, False),  # a reading takes real seconds also where time runs fast
        (timedelta(seconds=21), 5_760, True),
        (timedelta(minutes=5), 3, False),
        (timedelta(minutes=5, seconds=1), 3, True),
    ],
)
def test_a_follow_up_waits_while_its_mailbox_is_not_freshly_read(
    read_ago: timedelta, pace: int, *, is_held: bool
) -> None:
    facts = box(synced_at=NOW - read_ago, pace=Pace(pace))
    assert isinstance(decide(lead_gates(lead(is_follow_up=True), facts)), Hold) is is_held
    assert isinstance(decide(lead_gates(lead(is_follow_up=False), facts)), Send), "nobody new has answered"


def test_a_stale_reading_is_told_with_its_time() -> None:
    (hold,) = of_lead(lead(is_follow_up=True), box(synced_at=NOW - timedelta(minutes=90)))
    words = "The mailbox was last read at 10:30 UTC; a follow-up waits until we know that there is no reply."
    assert hold == Hold(HoldCode.SYNC_STALE, words, NOW + timedelta(minutes=1))


def test_a_mailbox_that_was_never_read_holds_its_follow_ups() -> None:
    (hold,) = of_lead(lead(is_follow_up=True), box(synced_at=None, pace=Pace(5_760)))
    words = "The mailbox was not read yet; a follow-up waits until we know that there is no reply."
    assert hold == Hold(HoldCode.SYNC_STALE, words, NOW + timedelta(seconds=5))


def test_a_campaign_begins_no_more_new_contacts_than_its_limit() -> None:
    free_at = NOW + timedelta(hours=3)
    full = lead(new_leads_limit=20, new_leads_today=20, new_leads_free_at=free_at)
    words = "20 of 20 new contacts of the last 24 hours are begun."
    assert of_lead(full) == [Hold(HoldCode.NEW_LEADS_LIMIT, words, free_at)]
    without_instant = lead(new_leads_limit=20, new_leads_today=21)
    (hold,) = of_lead(without_instant)
    assert isinstance(hold, Hold)
    assert hold.until == NOW + TEN_MINUTES


@pytest.mark.parametrize(
    "facts",
    [
        lead(new_leads_limit=20, new_leads_today=19),
        lead(new_leads_limit=None, new_leads_today=1_000),
        lead(new_leads_limit=20, new_leads_today=20, is_follow_up=True),  # a promise given earlier
    ],
)
def test_a_place_left_no_limit_or_a_follow_up_passes_the_limit_of_new_contacts(facts: LeadFacts) -> None:
    assert isinstance(decide(lead_gates(facts, box())), Send)


def test_the_same_facts_give_the_same_verdict() -> None:
    facts, carried_by = lead(schedule=OFFICE, is_follow_up=True), box(synced_at=None)
    assert list(lead_gates(facts, carried_by)) == list(lead_gates(facts, carried_by))
