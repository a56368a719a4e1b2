"""Rehearse 1,000 people x 4 steps over 30 virtual days as the program does, and hold it to the forecast."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from django.test.utils import setup_databases, teardown_databases

from bench.scene import make_leads, make_mailboxes, make_owner, person
from bench.timing import timed
from campaigns.calendar import WaitUnit, Window
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.services import Schedule
from outreach.accounts.access import Member
from sending.planner.services import set_senders
from sending.rehearsal.models import Rehearsal, RehearsedMessage
from sending.rehearsal.script import USUAL
from sending.rehearsal.services import run_rehearsal, start_rehearsal

PEOPLE, STEPS, MAILBOXES, DAYS = 1_000, 4, 10, 30
MOST_S = 60.0
_ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")
_WEEK = [Window(weekday, 540, 1020) for weekday in range(1, 6)]
_BODY = "{Hello|Hi} {{ first_name|default('there') }},\n\none question about {{ company|default('your team') }}.\n"


def main() -> None:
    """Print what two rehearsals took: one without answers, held to the forecast, and one with the usual ones."""
    logging.disable(logging.WARNING)
    names = setup_databases(verbosity=0, interactive=False)
    try:
        print(f"rehearse {PEOPLE:,} people, {STEPS} steps, {MAILBOXES} mailboxes, {DAYS} days at most")
        member = make_owner()
        campaign = prepare(member)
        for name, shares in (("nothing comes back", {}), ("the usual answers", {**USUAL})):
            row = start_rehearsal(member, campaign, days=DAYS, seed=1, shares=shares, hint=False)
            figure = timed(partial(run_rehearsal, row.pk), 1)
            took_s = figure.wall_s
            row = Rehearsal.objects.get(pk=row.pk)
            assert row.report is not None, row.problem
            tries = RehearsedMessage.objects.filter(rehearsal=row).count()

            days = (row.now_at - row.begins_at) / timedelta(days=1) if row.now_at and row.begins_at else 0
            print(
                f"  {name:<24} {took_s:6.1f} s   {row.messages:,} messages, {row.arrivals:,} answers, {days:.1f} days,"
                f" {1000 * took_s / max(1, tries):.1f} ms each;"
                f" {figure.cpu_s:.1f} CPU s beside PostgreSQL's; {row.report['ending']}"
            )
            if not shares:
                print(f"  against the forecast     {row.report['forecast']}")
                assert len(set(row.report["forecast"].values())) == 1, "another list than the forecast's"
                assert row.report["ending"] != "done" or row.messages == PEOPLE * STEPS
                print(f"  under {MOST_S:.0f} s             {'yes' if took_s < MOST_S else 'no: is the machine busy?'}")
    finally:
        teardown_databases(names, verbosity=0)


def prepare(member: Member) -> Campaign:
    """Store a draft, and mailboxes that carry it within a month."""
    people = (person(member, n, time_zone=_ZONES[n % len(_ZONES)], first_name=f"Ada{n}") for n in range(PEOPLE))
    leads = make_leads(member, people)
    boxes = make_mailboxes(member, MAILBOXES, ramp_on=False, hourly_limit=8, daily_limit=30)
    campaign = sequences.create_campaign(member, "Bench")
    sequences.save_schedule(campaign, Schedule("UTC", use_contact_zone=True, windows=_WEEK))
    for _ in range(STEPS - 1):
        sequences.add_step(campaign)
    Step.objects.filter(campaign=campaign, position__gt=1).update(wait_amount=3, wait_unit=WaitUnit.DAYS)
    Variant.objects.filter(step__campaign=campaign).update(subject="A question", body_text=_BODY)
    sequences.set_audience(campaign, [leads.pk])
    set_senders(member, campaign, boxes)
    return campaign
