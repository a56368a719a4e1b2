"""An opt-out by an answer needs somebody who reads: where there is no page for it, nothing leaves that nobody hears."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.mailboxes.hearing import unheard
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.states import MailboxState
from sending.pacing import HoldCode
from sending.planner.errors import NotReady
from sending.planner.forecast.scenes import scene_of
from sending.planner.models import CampaignMailbox
from sending.planner.review import review_of
from sending.planner.review.lights import Light
from sending.planner.review.readiness import stalls
from sending.planner.services import launch
from tests.builders import make_contact, make_mailbox, make_running_campaign
from tests.sending.planner.pages import make_draft, read
from tests.sending.planner.stage import database_time, emails, make_people, make_sender, make_team, pick

pytestmark = pytest.mark.django_db

OFFICE = "Office@acme.example"


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sending.links.addresses._host", "")


def told(campaign: Campaign, light: Light) -> str:
    (law,) = (gate for gate in review_of(campaign).gates if gate.code == "law")
    return " | ".join(one.words for one in law.evidence if one.light is light)


def say_in_clock(mailbox: Mailbox) -> tuple[str, str]:
    clock = MailboxClock.objects.get(mailbox=mailbox)
    return clock.hold_code, clock.hold_words


def test_the_gate_claims_that_answers_are_understood_only_where_they_are_read(member: Member) -> None:
    campaign = make_draft(member)
    assert "An answer that asks to stop is understood" in told(campaign, Light.GREEN)
    MailboxClock.objects.update(synced_at=Now() - timedelta(hours=1))
    assert "An answer" not in told(campaign, Light.GREEN)
    assert "its follow-ups wait until it is" in told(campaign, Light.AMBER)
    MailboxClock.objects.update(synced_at=Now())
    Mailbox.objects.update(reply_to=OFFICE)
    assert "An answer" not in told(campaign, Light.GREEN)
    assert "they stop nobody's sequence, and an opt-out in one is not heard" in told(campaign, Light.AMBER)
    assert launch(member, campaign) == 2, "one click opts out, whoever reads"


def test_without_a_page_a_reply_to_that_nobody_reads_forbids_the_launch(member: Member, no_host: None) -> None:
    campaign = make_draft(member)
    Mailbox.objects.update(reply_to=OFFICE)
    assert f"Answers go to {OFFICE}, which no mailbox here reads" in told(campaign, Light.RED)
    with pytest.raises(NotReady, match="nobody's opt-out would be heard"):
        launch(member, campaign)
    assert "Take the Reply-To out, connect the mailbox it leads to" in read(member, "review", campaign.pk)
    make_mailbox(member.workspace, OFFICE.lower(), state=MailboxState.PAUSED)
    assert told(campaign, Light.RED) == ""
    assert launch(member, campaign) == 2, "a paused mailbox is read as well"


def test_a_sender_that_nobody_hears_waits_while_another_carries_the_campaign(member: Member, no_host: None) -> None:
    campaign = make_draft(member)
    deaf = make_sender(member, "deaf@acme.example", reply_to=OFFICE)
    CampaignMailbox.objects.create(campaign=campaign, mailbox=deaf)
    assert told(campaign, Light.RED) == ""
    assert "Answers to deaf@acme.example go to Office@acme.example" in told(campaign, Light.AMBER)
    assert "it sends nothing until" in told(campaign, Light.AMBER)
    assert deaf.pk not in [box.id for box in scene_of(campaign, now=database_time()).scenario.mailboxes]


@pytest.mark.parametrize("why", ["reply_to", "not_read"])
def test_the_claim_makes_nothing_for_a_mailbox_that_nobody_hears(member: Member, no_host: None, why: str) -> None:
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, make_people(member, 1), (mailbox,), steps=2)
    if why == "reply_to":
        Mailbox.objects.update(reply_to=OFFICE)
    else:
        MailboxClock.objects.update(synced_at=database_time() - timedelta(hours=1))
    assert pick(mailbox) == []
    code, words = say_in_clock(mailbox)
    assert code == HoldCode.SYNC_STALE
    assert ("nobody's opt-out would be heard" if why == "reply_to" else "people opt out by answering") in words
    carried_by = scene_of(campaign, now=database_time()).scenario.mailboxes
    assert len(carried_by) == (0 if why == "reply_to" else 1), "it will be read again; a Reply-To stays"
    assert [one.code for one in stalls(campaign)] == (["unheard"] if why == "reply_to" else [])
    Mailbox.objects.update(reply_to=mailbox.address.upper())
    MailboxClock.objects.update(synced_at=database_time())
    assert emails(pick(mailbox)) == ["p0@example.com"]


def test_with_a_page_a_first_message_asks_for_no_reader(member: Member) -> None:
    mailbox = make_sender(member, reply_to=OFFICE)
    make_running_campaign(member, (make_contact(member.workspace, "ada@example.com"),), (mailbox,))
    MailboxClock.objects.update(synced_at=None)
    assert emails(pick(mailbox)) == ["ada@example.com"]


def test_many_mailboxes_cost_one_question_and_those_without_a_reply_to_none(member: Member, no_host: None) -> None:
    for n in range(3):
        make_sender(member, f"m{n}@acme.example", reply_to=OFFICE)
    clocks = list(MailboxClock.objects.select_related("mailbox__workspace"))
    now = database_time()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert len(unheard(clocks, now=now)) == 3
    assert len(asked) == 1
    for clock in clocks:
        clock.mailbox.reply_to = ""
    with CaptureQueriesContext(connection) as asked:
        assert unheard(clocks, now=now) == {}
    assert len(asked) == 0
