"""The forecast keeps every rule of the pacing: each departure is judged by counting again, not by the gates."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.calendar import Schedule, is_open, wait_until
from sending.pacing import HoldCode, Limits, Pace, draw_gap, gap_seed
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation
from sending.pacing.scenario import (
    Departure,
    Outgo,
    Received,
    Run,
    Scenario,
    ScenarioCampaign,
    ScenarioMailbox,
    ScenarioPerson,
)
from sending.pacing.simulation import simulate
from sending.pacing.throttles import Rate, ThrottleLimits
from tests.sending.pacing.facts import limits
from tests.sending.pacing.scenarios import (
    ALWAYS,
    BERLIN,
    DAY,
    HOUR,
    LIMITS,
    MINUTE,
    MONDAY,
    ZONES,
    any_limits,
    any_scenario,
    people,
    scenario,
    steps,
)

END = MONDAY + 400 * DAY
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def run(some: Scenario) -> Run:
    return simulate(some, until=END)


def times(result: Run) -> list[datetime]:
    return [one.at for one in result.departures]


def test_a_day_is_filled_at_the_gap_and_the_rest_waits_for_the_rolling_day() -> None:
    result = run(scenario(6))
    first_day = [MONDAY + number * 10 * MINUTE for number in range(4)]
    assert times(result) == [*first_day, first_day[0] + DAY, first_day[1] + DAY]
    assert result.left == {}


def test_an_hour_takes_no_more_than_its_limit() -> None:
    result = run(scenario(4, limits=replace(LIMITS, hourly=2)))
    assert times(result) == [MONDAY, MONDAY + 10 * MINUTE, MONDAY + HOUR, MONDAY + HOUR + 10 * MINUTE]


def test_a_ramp_climbs_from_day_to_day() -> None:
    ramped = replace(LIMITS, daily=10, hourly=10, ramp_start=1, ramp_step=1)
    days = Counter(at.date() for at in times(run(scenario(6, limits=ramped))))
    assert list(days.values()) == [1, 2, 3]


def test_a_weak_mailbox_mends_with_each_clean_day() -> None:
    weak = limits(daily=10, hourly=10, gap_min=10 * MINUTE, gap_max=10 * MINUTE, health=50)
    days = Counter(at.date() for at in times(run(scenario(40, limits=weak))))
    assert list(days.values())[:5] == [5, 6, 7, 8, 9]


def test_a_day_with_a_bad_signal_mends_nothing_and_the_ramp_stands_still() -> None:
    weak = limits(daily=10, hourly=10, gap_min=10 * MINUTE, gap_max=10 * MINUTE, health=50)
    some = scenario(40, limits=weak)
    bad = replace(some.mailboxes[0], is_clean=False, ramp_day_at=MONDAY - DAY, ramp_days=3)
    days = Counter(at.date() for at in times(run(replace(some, mailboxes=(bad,)))))
    assert list(days.values())[:3] == [5, 6, 7], "the first day of the forecast is the first clean one"


def test_a_mailbox_that_idled_for_a_month_begins_with_half_its_budget() -> None:
    some = scenario(40, limits=limits(daily=8, hourly=10, gap_min=10 * MINUTE, gap_max=10 * MINUTE))
    idle = replace(some.mailboxes[0], ramp_day_at=MONDAY - 31 * DAY)
    days = Counter(at.date() for at in times(run(replace(some, mailboxes=(idle,)))))
    assert list(days.values())[:3] == [4, 4, 5]


def test_a_follow_up_leaves_from_the_same_mailbox_when_its_wait_is_over_and_its_window_opens() -> None:
    result = run(scenario(2, mailboxes=2, steps=steps(2, days=5)))
    assert [(one.person_id, one.mailbox_id, one.position) for one in result.departures] == [
        (1, 1, 1), (2, 2, 1), (1, 1, 2), (2, 2, 2),
    ]  # fmt: skip
    # Five days behind Monday at nine is Saturday; Monday at nine in Berlin's summer is an hour earlier in UTC.
    assert result.departures[2].at == MONDAY + 7 * DAY - HOUR


def test_follow_ups_go_first_until_they_have_used_their_share() -> None:
    some = scenario(0, limits=replace(LIMITS, daily=10, hourly=10), steps=steps(2))
    waiting = people(20, place=1, mailbox_id=1)
    new = tuple(replace(one, id=one.id + 100) for one in people(20))
    first_day = [one.position for one in run(replace(some, people=(*waiting, *new))).departures[:10]]
    assert first_day == [2] * 7 + [1] * 3


def test_new_contacts_of_a_day_are_limited_for_all_mailboxes_together() -> None:
    result = run(scenario(6, mailboxes=2, new_leads_limit=2))
    assert [at.date().day for at in times(result)] == [22, 22, 23, 23, 24, 24]


def test_messages_of_a_day_are_limited_for_all_steps_and_mailboxes_together() -> None:
    result = run(scenario(4, limits=replace(LIMITS, daily=9), mailboxes=2, daily_limit=3, steps=steps(2)))
    assert [(one.at.date().day, one.position) for one in result.departures] == [
        (22, 1), (22, 1), (22, 1), (23, 2), (23, 2), (23, 2), (24, 1), (25, 2),
    ]  # fmt: skip
    bound = {one.code for one in result.idles if one.code not in {HoldCode.GAP, HoldCode.WINDOW}}
    assert bound == {HoldCode.CAMPAIGN_LIMIT}


def test_what_a_campaign_sent_before_counts_for_its_limit() -> None:
    before = tuple(MONDAY - 20 * HOUR + number * HOUR for number in range(3))
    result = run(scenario(3, daily_limit=3, sent=before))
    assert times(result) == [MONDAY + 4 * HOUR, MONDAY + 5 * HOUR, MONDAY + 6 * HOUR]


def test_a_campaign_at_its_limit_leaves_its_turns_to_the_other() -> None:
    some = scenario(3, daily_limit=1)
    second = replace(some.campaigns[0], id=2, daily_limit=None)
    new = tuple(replace(one, id=one.id + 100, campaign_id=2) for one in people(3))
    result = run(replace(some, campaigns=(*some.campaigns, second), people=(*some.people, *new)))
    assert [one.campaign_id for one in result.departures[:4]] == [1, 2, 2, 2]


def test_new_contacts_go_in_the_order_of_their_numbers_whatever_has_put_some_of_them_off() -> None:
    first_waits_longest = tuple(replace(one, due_at=MONDAY + (3 - one.id) * 5 * MINUTE) for one in people(3))
    result = run(replace(scenario(0), people=first_waits_longest))
    assert [(one.person_id, one.at) for one in result.departures] == [
        (3, MONDAY),
        (1, MONDAY + 10 * MINUTE),
        (2, MONDAY + 20 * MINUTE),
    ]


def test_whoever_waited_for_their_window_has_lost_no_turn_to_those_of_another_zone() -> None:
    slow = replace(LIMITS, daily=30, hourly=30, gap_min=3 * HOUR, gap_max=3 * HOUR)
    spread = tuple(replace(one, zone=ZONES[1] if one.id < 3 else ZONES[0]) for one in people(6))
    result = run(replace(scenario(0, limits=slow), people=spread))
    assert [one.person_id for one in result.departures] == [3, 4, 1, 2, 5, 6], "New York opens five hours later"


def test_a_follow_up_that_nobody_looked_at_goes_before_those_who_were_put_off() -> None:
    """Berlin has closed. With one place a look finds one of Berlin, the next 2, 3, 4 and 5; 6 and 7 stay due."""
    closed = MONDAY + 8 * HOUR + 5 * MINUTE
    line = tuple(replace(one, place=1, mailbox_id=1, due_at=closed - HOUR + one.id * MINUTE) for one in people(7))
    line = tuple(replace(one, zone=ZONES[1]) if one.id == 3 else one for one in line)
    some = replace(scenario(0, steps=steps(2)), now=closed, people=line)
    full = replace(some.mailboxes[0], limits=replace(LIMITS, daily=2), spent=(Outgo(MONDAY + HOUR, is_new_lead=True),))
    result = run(replace(some, mailboxes=(full,)))
    assert [(one.person_id, one.at) for one in result.departures][:2] == [(3, closed), (6, MONDAY + DAY + HOUR)]


def test_new_contacts_who_are_put_off_let_a_claim_look_at_more_follow_ups() -> None:
    """Berlin has closed, and follow-ups have had their share: the one place is for the new contact 13 of New York.

    A look finds the follow-up 1 and the new contact 11, the next the follow-ups 2 to 5 and behind 12 whom it seeks.
    """
    closed = MONDAY + 8 * HOUR + 5 * MINUTE
    line = tuple(replace(one, place=1, mailbox_id=1, due_at=closed - HOUR + one.id * MINUTE) for one in people(7))
    new = tuple(replace(one, id=one.id + 10, zone=ZONES[1] if one.id == 3 else BERLIN) for one in people(3))
    some = replace(scenario(0, steps=steps(2)), now=closed, people=(*line, *new))
    spent = tuple(Outgo(MONDAY + HOUR, is_new_lead=False) for _ in range(3))
    full = replace(some.mailboxes[0], spent=spent)
    result = run(replace(some, mailboxes=(full,)))
    assert [(one.person_id, one.at) for one in result.departures][:2] == [(13, closed), (6, MONDAY + DAY + HOUR)]


def test_a_claim_that_has_only_put_people_off_is_followed_by_the_next() -> None:
    """Berlin has closed: a claim looks at 549 people for one place, and the one of New York stands behind 2,000."""
    closed = MONDAY + 8 * HOUR + 5 * MINUTE
    far = tuple(replace(one, zone=ZONES[1] if one.id == 2_001 else BERLIN) for one in people(2_001))
    first = run(replace(scenario(0), now=closed, people=far)).departures[0]
    assert (first.person_id, first.at) == (2_001, closed)


def test_campaigns_take_turns_at_a_mailbox() -> None:
    some = scenario(2)
    second = replace(some.campaigns[0], id=2)
    new = tuple(replace(one, id=one.id + 100, campaign_id=2) for one in people(2))
    result = run(replace(some, campaigns=(*some.campaigns, second), people=(*some.people, *new)))
    assert [one.campaign_id for one in result.departures] == [1, 2, 1, 2]


def test_the_window_of_each_zone_decides() -> None:
    some = scenario(3, limits=replace(LIMITS, daily=30, hourly=30))
    spread = tuple(replace(one, zone=zone) for one, zone in zip(some.people, ZONES, strict=True))
    result = run(replace(some, people=spread))
    assert [(one.person_id, one.at) for one in result.departures] == [
        (1, MONDAY),
        (2, MONDAY + 5 * HOUR),  # nine in New York, which is in summer time already
        (3, MONDAY + 16 * HOUR),
    ]


def test_people_of_one_company_are_written_to_on_different_days() -> None:
    some = scenario(4)
    side = [replace(one, contact_id=one.id, domain="acme.example" if one.id < 4 else "") for one in some.people]
    throttled = replace(some, people=tuple(side), throttles=ThrottleLimits())
    found = [(one.person_id, one.at) for one in run(throttled).departures]
    assert found == [(1, MONDAY), (4, MONDAY + 10 * MINUTE), (2, MONDAY + DAY), (3, MONDAY + 2 * DAY)]
    before = (Received(99, "acme.example", MONDAY - 20 * HOUR),)
    assert run(replace(throttled, touches=before)).departures[0].person_id == 4


def test_a_provider_gets_no_more_in_an_hour_than_its_limit() -> None:
    some = scenario(3)
    side = [replace(one, contact_id=one.id, domain="gmail.com") for one in some.people]
    few = ThrottleLimits(receivers={Receiver.GOOGLE: Rate(hour=2)})
    assert times(run(replace(some, people=tuple(side), throttles=few))) == [MONDAY, MONDAY + 10 * MINUTE, MONDAY + HOUR]


def test_new_contacts_whose_existence_nobody_knows_get_their_places_of_a_day_and_keep_their_follow_ups() -> None:
    some = scenario(5, steps=steps(2))
    side = tuple(replace(one, is_anybodys=one.id <= 4) for one in some.people)
    found = run(replace(some, people=side, catch_all_places=2, catch_all_sent=(MONDAY - 23 * HOUR,))).departures
    first = {one.person_id: one.at for one in found if one.position == 1}
    assert [pk for pk, _ in sorted(first.items(), key=lambda one: one[1])] == [1, 5, 2, 3, 4]
    of_them = sorted(at for pk, at in first.items() if pk <= 4)
    assert of_them[:2] == [MONDAY, MONDAY + HOUR]
    assert all(later - earlier >= DAY for earlier, later in zip(of_them, of_them[2:], strict=False))
    assert sum(one.position == 2 for one in found) == 5


def test_what_was_sent_before_counts() -> None:
    some = scenario(1)
    spent = tuple(Outgo(MONDAY - 20 * HOUR + number * MINUTE) for number in range(4))
    mailbox = replace(some.mailboxes[0], spent=spent)
    assert times(run(replace(some, mailboxes=(mailbox,)))) == [MONDAY + 4 * HOUR]


def test_a_share_of_people_stops_behind_each_message() -> None:
    some = scenario(400, limits=limits(daily=10_000, hourly=10_000), schedule=ALWAYS, steps=steps(3))
    counts = Counter(one.position for one in run(replace(some, stop_share=0.25)).departures)
    assert counts[1] == 400
    assert 270 <= counts[2] <= 330
    assert 190 <= counts[3] <= 260


def test_people_of_a_campaign_without_a_window_are_left_and_not_asked_for_ever() -> None:
    result = run(scenario(3, schedule=Schedule(())))
    assert (result.departures, result.left) == ((), {1: 3})


def test_people_whose_mailbox_carries_nothing_are_left() -> None:
    some = scenario(3)
    bound = replace(some.people[0], mailbox_id=9)
    assert run(replace(some, people=(bound, *some.people[1:]))).left == {1: 1}


def test_whoever_is_not_reached_before_the_end_is_left() -> None:
    result = simulate(scenario(6), until=MONDAY + HOUR)
    assert (len(result.departures), result.left) == (4, {1: 2})


def test_idle_time_names_what_held_the_mailbox() -> None:
    result = run(scenario(6))
    codes = [one.code for one in result.idles]
    assert codes == [HoldCode.GAP] * 4 + [HoldCode.DAILY_LIMIT, HoldCode.GAP]
    held = [one for one in result.idles if one.code is HoldCode.DAILY_LIMIT]
    assert [(one.begin, one.end) for one in held] == [(MONDAY + 40 * MINUTE, MONDAY + DAY)]


def test_a_sandbox_runs_the_same_rules_at_its_own_speed() -> None:
    some = replace(scenario(6, schedule=ALWAYS), pace=Pace(1440))
    result = run(some)
    first = [one.at - MONDAY for one in result.departures if one.position == 1]
    assert first[3] == 3 * (10 * MINUTE / 1440)
    assert first[4] == timedelta(minutes=1)


@calm
@given(any_scenario())
def test_every_rule_holds_for_every_departure(some: Scenario) -> None:
    result = run(some)
    book = sorted(result.departures, key=lambda one: one.at)
    assert list(result.departures) == book, "in the order of time"
    for mailbox in some.mailboxes:
        _judge_mailbox(mailbox, [one for one in book if one.mailbox_id == mailbox.id], some)
    for person in some.people:
        _judge_person(person, [one for one in book if one.person_id == person.id], some)
    for campaign in some.campaigns:
        if campaign.new_leads_limit is not None:
            firsts = {person.id for person in some.people if person.mailbox_id is None}
            begun = [
                one.at for one in book
                if one.campaign_id == campaign.id and one.position == 1 and one.person_id in firsts
            ]  # fmt: skip
            assert _most_within(begun, some.pace.day) <= campaign.new_leads_limit
        if campaign.rotation is Rotation.PROVIDER:
            _judge_providers(campaign, book, some)
        if campaign.daily_limit is not None:
            own = [one.at for one in book if one.campaign_id == campaign.id]
            assert _most_within([*campaign.sent, *own], some.pace.day) <= campaign.daily_limit


def _judge_providers(campaign: ScenarioCampaign, book: list[Departure], some: Scenario) -> None:
    """Whoever is new at Google leaves from there, where a mailbox there carries the campaign."""
    at_google = {one.id for one in some.mailboxes if one.provider is Receiver.GOOGLE} & set(campaign.mailbox_ids)
    new = [one for one in some.people if one.campaign_id == campaign.id and one.mailbox_id is None]
    matched = {one.id for one in new if one.receiver is Receiver.GOOGLE}
    for one in book:
        if at_google and one.person_id in matched:
            assert one.mailbox_id in at_google


@calm
@given(any_scenario())
def test_departures_and_those_left_add_up(some: Scenario) -> None:
    result = run(some)
    steps_of = {campaign.id: len(campaign.steps) for campaign in some.campaigns}
    done = Counter(one.person_id for one in result.departures)
    unfinished = Counter(
        person.campaign_id for person in some.people if done[person.id] < steps_of[person.campaign_id] - person.place
    )
    assert unfinished == result.left


@calm
@given(any_scenario())
def test_idle_stretches_lie_between_departures_and_never_overlap(some: Scenario) -> None:
    result = run(some)
    for mailbox in some.mailboxes:
        end = MONDAY
        for one in [one for one in result.idles if one.mailbox_id == mailbox.id]:
            assert end <= one.begin < one.end
            end = one.end
            inside = [
                left.at for left in result.departures
                if left.mailbox_id == mailbox.id and one.begin < left.at < one.end
            ]  # fmt: skip
            assert not inside


@calm
@given(any_limits(), st.integers(1, 5), st.integers(1, 30))
def test_a_higher_limit_never_lets_fewer_leave_by_any_instant(some: Limits, more: int, count: int) -> None:
    before = times(run(scenario(count, limits=some)))
    after = times(run(scenario(count, limits=replace(some, daily=some.daily + more))))
    assert all(late >= early for late, early in zip(before, after, strict=True))


def _judge_mailbox(mailbox: ScenarioMailbox, own: list[Departure], some: Scenario) -> None:
    pace = some.pace
    allowed = mailbox.limits
    before = [one.at for one in mailbox.spent]
    every = [*before, *(one.at for one in own)]
    for number, at in enumerate(every[len(before) :], len(before)):
        assert at >= mailbox.free_at
        assert sum(at - earlier < pace.day for earlier in every[: number + 1]) <= allowed.daily
        assert sum(at - earlier < pace.hour for earlier in every[: number + 1]) <= allowed.hourly
    step_ids = {(campaign.id, step.position): step.id for campaign in some.campaigns for step in campaign.steps}
    for one, following in pairwise(own):
        gap = draw_gap(allowed, pace, seed=gap_seed(one.person_id, step_ids[one.campaign_id, one.position]))
        assert following.at - one.at >= gap >= pace.shrink(allowed.gap_min), "never a burst"
    if allowed.ramp_start is not None:
        days, day_at = mailbox.ramp_days, mailbox.ramp_day_at
        for number, one in enumerate(own):
            sent = sum(one.at - earlier < pace.day for earlier in every[: len(before) + number])
            assert sent < allowed.ramp_start + allowed.ramp_step * days
            if day_at is None or day_at <= one.at - pace.day:
                days, day_at = days + (day_at is not None), one.at


def _judge_person(person: ScenarioPerson, own: list[Departure], some: Scenario) -> None:
    campaign = some.campaign(person.campaign_id)
    positions = [one.position for one in own]
    assert positions == list(range(person.place + 1, person.place + 1 + len(own))), "each step once, in order"
    assert len({one.mailbox_id for one in own}) <= 1, "the sender stays"
    for one in own:
        assert one.at >= person.due_at
        assert is_open(campaign.schedule, person.zone, one.at)
    for one, following in pairwise(own):
        due = wait_until(one.at, campaign.steps[following.position - 1].wait, person.zone)
        assert following.at - one.at >= some.pace.shrink(due - one.at)


def _most_within(instants: list[datetime], span: timedelta) -> int:
    return max((sum(timedelta(0) <= at - earlier < span for earlier in instants) for at in instants), default=0)


@pytest.mark.parametrize("count", [1, 5])
def test_a_mailbox_without_a_gap_still_keeps_its_hour(count: int) -> None:
    free = limits(gap_min=timedelta(0), gap_max=timedelta(0), hourly=2)
    result = times(run(scenario(count, limits=free)))
    assert result == [MONDAY + HOUR * (number // 2) for number in range(count)]
