"""What is followed, seen and chosen by a program: as on the page, and no further."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.contacts.states import LegalBasis
from campaigns.sequences.models import Branch, Campaign
from campaigns.sequences.states import BranchKind, CampaignState
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.links.states import DomainState
from sending.planner.lawful.stating import state_ground
from tests.builders import make_audience, make_contact, make_list, make_tracking_domain
from tests.programs import Program, program_of
from tests.sending.planner.pages import make_draft
from tests.sending.planner.stage import make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return make_draft(member)


@pytest.fixture
def program(member: Member) -> Program:
    return program_of(member)


def change(program: Program, campaign: Campaign, **wanted: Any) -> tuple[int, Any]:
    answer = program.ask("PATCH", f"/campaigns/{campaign.pk}/tracking", wanted)
    return answer.status_code, answer.json()


def test_what_is_not_named_stays_as_it_is(program: Program, campaign: Campaign) -> None:
    usual = {"clicks": False, "text_clicks": False, "opens": False, "opt_out_language": ""}
    seen = program.ask("GET", f"/campaigns/{campaign.pk}/tracking").json()
    assert {name: seen[name] for name in usual} == usual
    for wanted in ({"clicks": True, "text_clicks": True}, {"opens": True}, {"opt_out_language": "de"}, {}):
        usual |= wanted
        status, answer = change(program, campaign, **wanted)
        assert (status, {name: answer[name] for name in usual}) == (200, usual)
    campaign.refresh_from_db()
    assert (campaign.track_clicks, campaign.track_text_clicks, campaign.track_opens) == (True, True, True)
    assert campaign.opt_out_language == "de"
    assert change(program, campaign, opt_out_language="xx")[0] == 422
    assert change(program, campaign, opt_out_line=False)[0] == 422, "the law asks for it"
    assert Event.objects.filter(kind=EventKind.EDITED).count() == 3


def test_a_program_sees_whom_the_law_lets_it_follow_and_over_which_host(
    program: Program, member: Member, campaign: Campaign
) -> None:
    people = tuple(make_contact(member.workspace, f"p{code}@x.example", country=code) for code in ("US", "DE", "FR"))
    make_audience(campaign, make_list(member.workspace, "Some", people))
    address = f"/campaigns/{campaign.pk}/tracking"
    before = program.ask("GET", address).json()
    assert not before["consent_stated"]
    assert before["leads_over"] == "https://go.example.net"
    state_ground(member, campaign, LegalBasis.CONSENT, "All have signed up at the fair.")
    make_tracking_domain(member.workspace, "go.acme.test", DomainState.WORKS)
    after = program.ask("GET", address).json()
    assert (after["consent_stated"], after["leads_over"]) == (True, "https://go.acme.test")
    assert after["audience"] - before["may_be_followed"] >= 2
    assert after["may_be_followed"] == after["audience"]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"text_clicks": True}, "text_clicks"),
        ({"consent_stated": True}, "consent_stated"),
        ({"clicks": "yes"}, "clicks"),
        ({"track_clicks": True}, "track_clicks"),
    ],
)
def test_what_cannot_be_chosen_is_refused_by_its_name(
    program: Program, campaign: Campaign, wanted: dict[str, Any], field: str
) -> None:
    status, answer = change(program, campaign, **wanted)
    assert (status, answer["errors"][0]["field"]) == (422, field)
    campaign.refresh_from_db()
    assert not campaign.track_clicks


def test_a_branch_that_waits_for_clicks_keeps_them_followed(program: Program, campaign: Campaign) -> None:
    change(program, campaign, clicks=True)
    Branch.objects.create(step=campaign.steps.get(), place=1, kind=BranchKind.CLICK)
    status, answer = change(program, campaign, clicks=False)
    assert (status, answer["errors"][0]["field"]) == (422, "clicks")
    assert "waits for clicks" in answer["detail"]


def test_of_a_campaign_that_is_over_nothing_is_changed(program: Program, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.ARCHIVED)
    status, answer = change(program, campaign, opens=True)
    assert (status, answer["code"]) == (409, "not_possible")
