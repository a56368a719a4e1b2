"""Campaigns over HTTP: how each stands, and what can be done with it."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from outreach.accounts.access import Member
from sending.planner.forecast.outlooks import outlooks_of, reckon_due
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState
from tests.builders import make_campaign, make_running_campaign
from tests.programs import Program, make_key
from tests.sending.planner.stage import make_people, make_sender, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    cache.clear()
    return make_team()


@pytest.fixture
def program(member: Member) -> Program:
    return Program(make_key(member)[1])


def test_a_campaign_is_told_with_its_people_and_its_outlook(member: Member, program: Program) -> None:
    campaign = make_running_campaign(member, make_people(member, 3), (make_sender(member),))
    draft = make_campaign(member.workspace, "Later")
    said = program.ask("GET", f"/campaigns/{campaign.pk}").json()
    assert (said["state"], said["outlook"], said["is_complete"]) == ("running", None, False)
    assert (said["people"]["enrolled"], said["people"]["active"]) == (3, 3)
    reckon_due()
    kept = outlooks_of([campaign.pk])[campaign.pk]
    assert kept.ends_at
    newest, first = program.ask("GET", "/campaigns").json()["results"]
    assert (newest["id"], newest["people"], newest["outlook"]) == (draft.pk, None, None)
    outlook = first["outlook"]
    assert outlook["done_by"][:19] == kept.ends_at.isoformat()[:19]
    assert (outlook["left"], outlook["binding"], outlook["binding_words"]) == (0, kept.binding, kept.words)
    assert outlook["is_overtaken"] is kept.is_overtaken
    Enrollment.objects.update(state=EnrollmentState.FINISHED, due_at=None)
    said = program.ask("GET", f"/campaigns/{campaign.pk}").json()
    assert (said["is_complete"], said["outlook"]) == (True, None)


def test_a_page_of_campaigns_costs_as_many_questions_as_one(member: Member, program: Program) -> None:
    program.ask("GET", "/campaigns")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert program.ask("GET", "/campaigns").status_code == 200
        return len(queries)

    make_campaign(member.workspace, "First")
    one = cost()
    for number in range(9):
        make_campaign(member.workspace, f"Campaign {number}")
    assert cost() == one
