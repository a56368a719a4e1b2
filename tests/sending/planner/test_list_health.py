"""The health of a list: who is on it by verdict, who is left out, and the bounces to expect."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.contacts.core.prediction import Record
from campaigns.contacts.models import AddressCheck, Contact, ContactList
from campaigns.sequences.services import leave_out_roles
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from sending.planner.audience.health import audience_health, health_of, records_of
from sending.planner.states import EnrollmentState
from tests.builders import (
    make_audience,
    make_campaign,
    make_contact,
    make_enrollment,
    make_list,
    make_member,
    make_suppression,
)
from tests.sending.planner.stage import DAY, database_time, make_team

pytestmark = pytest.mark.django_db


def make_leads(member: Member, **verdicts: int) -> ContactList:
    """Make a list with so many people of each verdict; "unchecked" for those without one."""
    people = [
        make_contact(member.workspace, f"{verdict}{number}@x.test", verdict="" if verdict == "unchecked" else verdict)
        for verdict, count in verdicts.items()
        for number in range(count)
    ]
    return make_list(member.workspace, "Leads", tuple(people))


def signed_in(member: Member, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(member.user)
    return client


def without_tokens(page: str) -> str:
    return "".join(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page).split())


def test_everybody_is_counted_once_and_those_who_are_left_out_are_marked() -> None:
    member = make_team()
    leads = make_leads(member, valid=5, role=2, no_mail=1, unchecked=3)
    more = make_list(member.workspace, "More", tuple(Contact.objects.filter(verdict="valid")[:2]))
    make_suppression(member.workspace, "valid0@x.test")
    health = health_of(member.workspace.pk, [leads.pk, more.pk])
    assert [(row.label, row.count, row.is_left_out) for row in health.rows] == [
        ("Valid", 4, False),
        ("Not checked", 3, False),
        ("Role address", 2, True),
        ("Takes no mail", 1, True),
        ("Suppressed", 1, True),
    ]
    assert (health.total, health.unchecked) == (11, 3)
    assert health.prediction
    assert health.is_troubling


def test_a_campaign_that_writes_to_roles_counts_them_in() -> None:
    member = make_team()
    campaign = make_campaign(member.workspace)
    make_audience(campaign, make_leads(member, role=3))
    assert audience_health(campaign).prediction is None
    leave_out_roles(campaign, skips=False)
    campaign.refresh_from_db()
    assert audience_health(campaign).prediction is not None


def test_what_happened_to_others_with_the_same_verdict_is_counted_once_it_is_a_day_old() -> None:
    member = make_team()
    campaign = make_campaign(member.workspace)
    now = database_time()
    make_leads(member, valid=4, role=1)
    for number, (contact, begun) in enumerate(
        zip(Contact.objects.order_by("pk"), (2 * DAY, 3 * DAY, timedelta(hours=1), 100 * DAY, 5 * DAY), strict=True)
    ):
        ending = {"state": EnrollmentState.STOPPED, "stop_reason": "bounced", "due_at": None} if number == 0 else {}
        make_enrollment(campaign, contact, begun_at=now - begun, **ending)
    assert records_of(member.workspace.pk) == {"valid": Record(2, 1), "role": Record(1, 0)}
    assert records_of(make_team("other").workspace.pk) == {}


def test_the_page_of_a_list_leads_to_each_number_and_offers_the_check() -> None:
    member = make_team()
    leads = make_leads(member, valid=2, unchecked=1, role=1)
    url = member.url("planner:list_health", leads.pk)
    page, region = signed_in(member).get(url), signed_in(member, hx_request="true").get(url)
    assert without_tokens(region.text) in without_tokens(page.text)
    assert "are likely to bounce" in page.text
    assert "Nothing of yours tells yet" in page.text
    assert "?verdict=unchecked&amp;suppressed=no" in page.text
    assert member.url("contacts:list_check", leads.pk) in page.text
    viewer = make_member(member.workspace, Role.VIEWER)
    assert member.url("contacts:list_check", leads.pk) not in signed_in(viewer).get(url).text
    Workspace.objects.update(time_scale=60)
    assert member.url("contacts:list_check", leads.pk) not in signed_in(member).get(url).text


def test_the_review_of_a_draft_shows_the_health_of_its_lists_and_a_check_begins_there() -> None:
    member = make_team()
    campaign = make_campaign(member.workspace)
    leads = make_leads(member, unchecked=2)
    make_audience(campaign, leads)
    client = signed_in(member)
    assert (
        member.url("planner:campaign_health", campaign.pk) in client.get(member.url("planner:review", campaign.pk)).text
    )
    page = client.get(member.url("planner:campaign_health", campaign.pk)).text
    assert "Not checked" in page
    answer = client.post(member.url("contacts:list_check", leads.pk))
    assert answer["Location"] == member.url("contacts:check_progress", AddressCheck.objects.get().pk)


def test_an_empty_list_and_one_of_nobody_to_write_to_say_so() -> None:
    member = make_team()
    empty = make_list(member.workspace, "Empty")
    client = signed_in(member)
    assert "Nobody is on the list yet." in client.get(member.url("planner:list_health", empty.pk)).text
    dead = make_leads(member, no_mail=2)
    assert "Nobody here would be written to" in client.get(member.url("planner:list_health", dead.pk)).text


def test_the_health_of_20_people_costs_as_many_queries_as_that_of_1() -> None:
    member = make_team()
    leads = make_leads(member, valid=1)
    client, url = signed_in(member), member.url("planner:list_health", leads.pk)
    client.get(url)
    with CaptureQueriesContext(connection) as for_one:
        client.get(url)
    for number in range(20):
        leads.members.create(contact=make_contact(member.workspace, f"q{number}@y{number}.test", verdict="risky"))
    with CaptureQueriesContext(connection) as for_many:
        client.get(url)
    assert len(for_many) == len(for_one)
