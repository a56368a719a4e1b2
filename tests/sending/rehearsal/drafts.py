"""Campaigns that are to be rehearsed, and how a test has them played in its own process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from campaigns.calendar import WaitUnit
from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign, Step
from campaigns.sequences.states import StepThread
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox
from sending.rehearsal.curtain import curtain
from sending.rehearsal.performance import Orders, perform
from sending.rehearsal.script import Script
from sending.rehearsal.telling import Report, Told
from sending.sandbox.behaviour import Behaviour
from tests.builders import (
    make_audience,
    make_campaign,
    make_contact,
    make_list,
    make_office_hours,
    make_sender,
    make_step,
)

START = datetime(2027, 3, 24, 7, tzinfo=UTC)  # Wednesday, eight in Berlin; on Sunday its clocks change
DAY = timedelta(days=1)
BODY = "{Hello|Hi} {{ first_name|default('there') }}, this is number"
T = TypeVar("T", bound=Told)


def make_people(member: Member, count: int) -> list[Contact]:
    return [
        make_contact(
            member.workspace, f"p{n}@example{n}.com", first_name=f"Ada{n}", time_zone=("", "America/New_York")[n % 2]
        )
        for n in range(count)
    ]


def make_draft(
    member: Member, people: list[Contact], mailboxes: tuple[Mailbox, ...], *, steps: int = 3, name: str = "Spring"
) -> Campaign:
    """Make a draft whose follow-ups answer in their thread after a business day each, on weekdays from nine to five."""
    campaign = make_campaign(member.workspace, name, time_zone="Europe/Berlin")
    make_office_hours(campaign)
    for position in range(1, steps + 1):
        variant = make_step(
            campaign, position, subject="A question" if position == 1 else "", body=f"{BODY} {position}"
        )
        Step.objects.filter(pk=variant.step_id).update(
            wait_amount=int(position > 1),
            wait_unit=WaitUnit.BUSINESS_DAYS,
            thread=StepThread.REPLY if position > 1 else StepThread.NEW,
        )
    make_audience(campaign, make_list(member.workspace, f"Of {name}", tuple(people)))
    for mailbox in mailboxes:
        make_sender(campaign, mailbox)
    return campaign


def play(
    campaign: Campaign, *, days: int = 60, shares: Mapping[Behaviour, int] | None = None, seed: int = 1
) -> list[Told]:
    """Return all that a rehearsal tells; it is played behind the curtain, in the test's own process."""
    told: list[Told] = []
    with curtain():
        perform(Orders(campaign.pk, START, START + days * DAY, Script(seed, shares or {})), told.append)
    return told


def of(told: list[Told], kind: type[T]) -> list[T]:
    return [one for one in told if isinstance(one, kind)]


def report_of(told: list[Told]) -> Report:
    return of(told, Report)[0]


def finding(report: Report, code: str) -> dict[str, object]:
    return next(one for one in report.findings if one["code"] == code)
