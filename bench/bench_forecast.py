"""Foresee 10,000 people, 4 steps and 20 mailboxes: every message's instant, by the gates that the scheduler asks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import TypeVar

from django.db import connection
from django.test.utils import CaptureQueriesContext, setup_databases, teardown_databases

from bench.scene import make_leads, make_mailboxes, make_owner, person
from campaigns.calendar import WaitUnit, Window
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.services import Schedule
from sending.mailboxes.budgets import database_now
from sending.pacing.outlook import forecast_of
from sending.pacing.simulation import simulate
from sending.planner.forecast.foresight import HORIZON
from sending.planner.forecast.scenes import scene_of
from sending.planner.services import launch, set_senders
from sending.reports.waterfall import waterfall_of

PEOPLE, STEPS, MAILBOXES = 10_000, 4, 20
_ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")
_WEEK = [Window(weekday, 540, 1020) for weekday in range(1, 6)]

R = TypeVar("R")


def main() -> None:
    """Print what each part of a forecast costs, and the whole."""
    logging.disable(logging.WARNING)
    names = setup_databases(verbosity=0, interactive=False)
    try:
        print(f"foresee {PEOPLE:,} people, {STEPS} steps, {MAILBOXES} mailboxes, {len(_ZONES)} zones")
        campaign = prepare()
        now = database_now()
        with CaptureQueriesContext(connection) as queries:
            scene, loaded = _timed(lambda: scene_of(campaign, now=now))
        run, simulated = _timed(lambda: simulate(scene.scenario, until=now + HORIZON))
        positions = [step.position for step in scene.scenario.campaigns[0].steps]
        found, told = _timed(lambda: forecast_of(run, campaign.pk, positions, UTC))
        assert found.total == PEOPLE * STEPS
        _line(f"load the scene, {len(queries)} queries", loaded)
        _line(f"simulate {found.total:,} messages on {len(found.days)} days", simulated)
        _line("what it means: days, steps, what binds", told)
        _line("whole", (loaded[0] + simulated[0] + told[0], loaded[1] + simulated[1] + told[1]))
        _, day = _timed(lambda: waterfall_of(campaign, now.date(), now=now + timedelta(seconds=1)))
        _line(f"waterfall of a day, {PEOPLE:,} people", day)
    finally:
        teardown_databases(names, verbosity=0)


def prepare() -> Campaign:
    """Store a launched campaign with the limits that a new mailbox has, its ramp included."""
    member = make_owner()
    people = (person(member, n, time_zone=_ZONES[n % len(_ZONES)]) for n in range(PEOPLE))
    leads = make_leads(member, people)
    boxes = make_mailboxes(member, MAILBOXES)
    campaign = sequences.create_campaign(member, "Bench")
    sequences.save_schedule(campaign, Schedule("UTC", use_contact_zone=True, windows=_WEEK))
    for _ in range(STEPS - 1):
        sequences.add_step(campaign)
    Step.objects.filter(campaign=campaign, position__gt=1).update(wait_amount=3, wait_unit=WaitUnit.DAYS)
    Variant.objects.filter(step__campaign=campaign).update(subject="A question", body_text="Good day")
    sequences.set_audience(campaign, [leads.pk])
    set_senders(member, campaign, boxes)
    launch(member, campaign)
    campaign.refresh_from_db()
    return campaign


def _timed(work: Callable[[], R]) -> tuple[R, tuple[float, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.perf_counter() - wall, time.process_time() - cpu)


def _line(name: str, spent: tuple[float, float]) -> None:
    print(f"  {name:<52} {spent[0]:6.2f} s   {spent[1]:6.2f} CPU s")
