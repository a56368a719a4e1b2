"""Settings of a running campaign: each edit is in its story, and no page overwrites what it has not shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.http.response import HttpResponseBase

from campaigns.calendar import ClosedSpan
from campaigns.contacts.states import LegalBasis
from campaigns.sequences import services as sequences
from campaigns.sequences.errors import Overtaken
from campaigns.sequences.models import Campaign, Step
from campaigns.sequences.seen import seen_switch
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.pacing.rotation import Rotation
from sending.planner.explain.past import past_day
from sending.planner.lawful.stating import state_ground
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.services import set_senders
from sending.planner.services.limits import set_throttles
from tests.builders import make_running_campaign
from tests.sending.planner.pages import page_of, signed_in, text_of
from tests.sending.planner.stage import database_time, make_people, make_sender, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return make_running_campaign(member, make_people(member, 1), (make_sender(member),))


def told(campaign: Campaign) -> list[tuple[str, str, str]]:
    events = Event.objects.filter(kind=EventKind.EDITED, campaign_id=campaign.pk).order_by("pk")
    return [(one.data["what"], one.data["before"], one.data["after"]) for one in events]


def test_other_senders_are_told_with_what_was_before(member: Member, campaign: Campaign) -> None:
    first = CampaignMailbox.objects.get(campaign=campaign).mailbox_id
    second = make_sender(member, "you@acme.example").pk
    set_senders(member, campaign, [first])
    assert told(campaign) == []
    set_senders(member, campaign, [second])
    set_senders(member, campaign, [second], rotation=Rotation.WEIGHTED, weights={second: 3})
    assert told(campaign) == [
        ("senders_changed", "me@acme.example", "you@acme.example"),
        (
            "senders_changed",
            "you@acme.example\nnew contacts evenly",
            "you@acme.example of weight 3\nnew contacts by weights",
        ),
    ]
    page = text_of(signed_in(member).get(member.url("reports:results", campaign.pk)))
    assert f"Senders: they were changed by {member.user.email}: “me@acme.example” became “you@acme.example”." in page


def test_switches_and_added_steps_are_told(member: Member, campaign: Campaign) -> None:
    post_to = signed_in(member).post
    post_to(member.url("sequences:growth", campaign.pk), {"grows": "on"})
    post_to(member.url("sequences:growth", campaign.pk), {"grows": "on"})
    post_to(member.url("sequences:roles", campaign.pk), {} if campaign.skips_roles else {"skips_roles": "on"})
    post_to(member.url("sequences:step_add", campaign.pk))
    post_to(member.url("sequences:step_copy", Step.objects.get(campaign=campaign, position=1).pk))
    assert [what for what, _, _ in told(campaign)] == ["audience_changed"] * 2 + ["step_added"] * 2
    assert told(campaign)[0][1:] == ("nobody who comes later is enrolled", "whoever comes later is enrolled")
    by = Event.objects.filter(kind=EventKind.EDITED).values_list("data__by", flat=True)
    assert set(by) == {member.user.email}


def test_a_past_day_says_that_the_schedule_has_changed_since(member: Member, campaign: Campaign) -> None:
    now = database_time()
    row = Enrollment.objects.select_related("contact", "campaign", "mailbox", "workspace").get()
    assert past_day(row, now.date(), now=now).changed is None
    always = sequences.Schedule("UTC", use_contact_zone=False, windows=sequences.OFFICE_HOURS)
    sequences.save_schedule(campaign, always, who=member.user)
    found = past_day(row, now.date(), now=now).changed
    assert found is not None
    assert past_day(row, now.date() + timedelta(days=2), now=now).changed is None
    page = text_of(signed_in(member).get(member.url("planner:why", row.pk)))
    assert "The schedule has changed since" in page


DAY = date(2027, 12, 24)
PAGES: dict[str, tuple[bool, Callable[[Member, Campaign], object], dict[str, str]]] = {
    "sequences:closed_days": (
        False,
        lambda member, _: sequences.close(member.workspace, [ClosedSpan(DAY, DAY, "Eve")]),
        {"closed": "2027-01-01 New Year"},
    ),
    "planner:throttles": (
        False,
        lambda member, _: set_throttles(member.workspace, {"company_per_day": 3}),
        {"company_per_day": "9"},
    ),
    "planner:ground": (
        True,
        lambda member, campaign: state_ground(member, campaign, LegalBasis.CONSENT, "On paper."),
        {"basis": "contract", "words": "Customers."},
    ),
    "planner:senders": (
        True,
        lambda member, campaign: set_senders(member, campaign, [make_sender(member, "you@acme.example").pk]),
        {"rotation": "provider", "sure": "1"},
    ),
}


@pytest.mark.parametrize("name", list(PAGES))
def test_what_somebody_saved_meanwhile_is_not_overwritten_unseen(name: str, member: Member, campaign: Campaign) -> None:
    of_campaign, they_save, values = PAGES[name]
    client, url = signed_in(member), member.url(name, *([campaign.pk] if of_campaign else []))
    drawn = _seen(client.get(url))
    they_save(member, campaign)
    edits = Event.objects.filter(kind__in=[EventKind.EDITED, EventKind.GROUND_STATED]).count()
    answer = client.post(url, {**values, "seen": drawn})
    assert answer.status_code == 422
    assert "Save again to replace what they saved." in text_of(answer)
    assert Event.objects.filter(kind__in=[EventKind.EDITED, EventKind.GROUND_STATED]).count() == edits
    for nothing in ({}, {"seen": ""}):
        refused = client.post(url, {**values, **nothing})
        assert (refused.status_code, "Save again" in text_of(refused)) == (422, True), "it says nothing of what it saw"
    assert Event.objects.filter(kind__in=[EventKind.EDITED, EventKind.GROUND_STATED]).count() == edits
    assert client.post(url, {**values, "seen": _seen(answer)}).status_code == 302


def test_a_switch_that_somebody_turned_meanwhile_stays_as_they_left_it(campaign: Campaign) -> None:
    off = seen_switch(is_on=False)
    sequences.let_grow(campaign, grows=True, seen=off)
    with pytest.raises(Overtaken, match="who comes later"):
        sequences.let_grow(campaign, grows=False, seen=off)
    sequences.leave_out_roles(campaign, skips=False)
    with pytest.raises(Overtaken, match="who is left out"):
        sequences.leave_out_roles(campaign, skips=True, seen=seen_switch(is_on=True))
    now = Campaign.objects.get(pk=campaign.pk)
    assert (now.grows, now.skips_roles) == (True, False)


def _seen(answer: HttpResponseBase) -> str:
    (found,) = set(re.findall(r'name="seen" value="([0-9a-f]+)"', page_of(answer)))
    return str(found)
