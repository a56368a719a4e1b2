"""Scenarios for the simulation: one that is easy to reckon by hand, and any small one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from campaigns.calendar import Schedule, Wait, WaitUnit, Window
from sending.pacing import Limits, Pace
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation, Turn
from sending.pacing.scenario import (
    Outgo,
    Scenario,
    ScenarioCampaign,
    ScenarioMailbox,
    ScenarioPerson,
    ScenarioStep,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2027, 3, 22, 8, tzinfo=UTC)  # nine in Berlin; on Sunday its clocks change
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = (BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo"))
OFFICE = Schedule(tuple(Window(weekday, 540, 1020) for weekday in range(1, 6)))
ALWAYS = Schedule(tuple(Window(weekday, 0, 1440) for weekday in range(1, 8)))
LIMITS = Limits(daily=4, hourly=4, gap_min=10 * MINUTE, gap_max=10 * MINUTE)


def steps(count: int, *, days: int = 1) -> tuple[ScenarioStep, ...]:
    return tuple(
        ScenarioStep(100 + position, position, Wait(days * (position > 1), WaitUnit.DAYS))
        for position in range(1, count + 1)
    )


def people(count: int, **values: object) -> tuple[ScenarioPerson, ...]:
    one = ScenarioPerson(id=0, campaign_id=1, place=0, due_at=MONDAY, zone=BERLIN)
    return tuple(replace(one, id=number, **values) for number in range(1, count + 1))  # type: ignore[arg-type]


def scenario(count: int = 6, *, limits: Limits = LIMITS, mailboxes: int = 1, **campaign: object) -> Scenario:
    """Return a campaign of one step to some people in Berlin, in office hours, from mailboxes 1, 2 ..."""
    ids = tuple(range(1, mailboxes + 1))
    plain = ScenarioCampaign(id=1, schedule=OFFICE, steps=steps(1), mailbox_ids=ids)
    return Scenario(
        now=MONDAY,
        pace=Pace(),
        mailboxes=tuple(ScenarioMailbox(pk, limits, free_at=MONDAY) for pk in ids),
        campaigns=(replace(plain, **campaign),),  # type: ignore[arg-type]
        people=people(count),
    )


@st.composite
def any_limits(draw: st.DrawFn) -> Limits:
    low, high = sorted((draw(st.integers(0, 40)), draw(st.integers(0, 40))))
    ramp = draw(st.none() | st.integers(1, 4))
    return Limits(
        draw(st.integers(1, 8)), draw(st.integers(1, 5)), low * MINUTE, high * MINUTE, ramp, draw(st.integers(0, 2))
    )


@st.composite
def any_schedule(draw: st.DrawFn) -> Schedule:
    days = draw(st.sets(st.integers(1, 7), min_size=1))
    start = draw(st.integers(0, 1380))
    return Schedule(tuple(Window(day, start, draw(st.integers(start + 30, 1440))) for day in sorted(days)))


@st.composite
def any_mailbox(draw: st.DrawFn, pk: int) -> ScenarioMailbox:
    limits = draw(any_limits())
    ago = sorted(draw(st.lists(st.integers(0, 23 * 60), max_size=limits.daily)), reverse=True)
    spent = tuple(Outgo(MONDAY - minutes * MINUTE, draw(st.booleans())) for minutes in ago)
    ramp_days = draw(st.integers(0, 3))
    free_at = MONDAY + draw(st.integers(0, 60)) * MINUTE
    provider = draw(st.sampled_from([Receiver.OTHER, Receiver.GOOGLE]))
    return ScenarioMailbox(pk, limits, free_at, spent, ramp_days, spent[0].at if spent else None, provider=provider)


@st.composite
def any_campaign(draw: st.DrawFn, pk: int, mailboxes: int) -> ScenarioCampaign:
    waits = draw(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(WaitUnit)), min_size=1, max_size=3))
    limit, daily = draw(st.none() | st.integers(1, 3)), draw(st.none() | st.integers(1, 5))
    ago = sorted(draw(st.lists(st.integers(0, 23 * 60), max_size=daily or 0)), reverse=True)
    return ScenarioCampaign(
        id=pk,
        schedule=draw(any_schedule()),
        steps=tuple(
            ScenarioStep(pk * 10 + number, number, Wait(amount if number > 1 else 0, unit))
            for number, (amount, unit) in enumerate(waits, 1)
        ),
        mailbox_ids=tuple(sorted(draw(st.sets(st.integers(1, mailboxes), min_size=1)))),
        new_leads_limit=limit,
        rotation=draw(st.sampled_from(Rotation)),
        turns=tuple(Turn(pk, draw(st.integers(1, 5)), draw(st.integers(0, 30)) / 5) for pk in range(1, mailboxes + 1)),
        daily_limit=daily,
        sent=tuple(MONDAY - minutes * MINUTE for minutes in ago),
    )


@st.composite
def any_scenario(draw: st.DrawFn) -> Scenario:
    mailboxes = tuple(draw(any_mailbox(pk)) for pk in range(1, draw(st.integers(1, 3)) + 1))
    campaigns = tuple(draw(any_campaign(pk, len(mailboxes))) for pk in range(1, draw(st.integers(1, 2)) + 1))
    found = []
    for pk in range(1, draw(st.integers(0, 12)) + 1):
        campaign = draw(st.sampled_from(campaigns))
        place = draw(st.sampled_from([0, 0, 0, len(campaign.steps) - 1]))
        mailbox_id = draw(st.sampled_from([None, *campaign.mailbox_ids])) if place == 0 else campaign.mailbox_ids[0]
        due_at = MONDAY + draw(st.integers(-10, 3_000)) * MINUTE
        receiver = draw(st.sampled_from([Receiver.OTHER, Receiver.GOOGLE]))
        zone = draw(st.sampled_from(ZONES))
        found.append(ScenarioPerson(pk, campaign.id, place, due_at, zone, mailbox_id, receiver=receiver))
    return Scenario(MONDAY, Pace(draw(st.sampled_from([1, 1, 1, 60]))), mailboxes, campaigns, tuple(found))
