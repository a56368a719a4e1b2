"""Two people at the same page, and the page of a campaign that is under way."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.sequences import services
from campaigns.sequences.models import Campaign, Variant
from campaigns.sequences.plans import plans
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from tests.builders import make_list
from tests.campaigns.sequences.browser import client_of, edit, form_to, page_of, send
from tests.campaigns.sequences.drafts import make_draft, make_editor, make_launched, set_state, step_at, wording_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_editor()


@pytest.fixture
def client(member: Member) -> Client:
    return client_of(member)


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return make_draft(member)


def test_who_saves_second_is_told_sees_both_and_may_replace(client: Client, member: Member, campaign: Campaign) -> None:
    colleague = client_of(member)
    url = member.url("sequences:variant_save", wording_of(campaign).pk)
    mine, theirs = (form_to(page_of(one, member, campaign), url) for one in (client, colleague))
    assert send(colleague, theirs, body_text="Theirs <b>").status_code == 302
    refused = send(client, mine, body_text="Mine")
    assert refused.status_code == 422
    assert "Somebody else saved this wording after you opened it." in refused.text
    assert '<div class="mail-text">Theirs &lt;b&gt;</div>' in refused.text
    assert wording_of(campaign).body_text == "Theirs <b>"
    again = form_to(refused.text, url)
    assert again.fields["body_text"] == ["Mine"]
    assert send(client, again).status_code == 302
    assert wording_of(campaign).body_text == "Mine"


@pytest.mark.parametrize(
    ("name", "changes", "theirs"),
    [("schedule", {"hours_1": "10-17"}, {"hours_1": "11-17"}), ("audience", {"lists": []}, {})],
)
def test_who_saves_the_page_second_is_told(
    client: Client, member: Member, campaign: Campaign, name: str, changes: dict[str, object], theirs: dict[str, object]
) -> None:
    made = make_list(member.workspace)
    theirs = theirs or {"lists": [made.pk]}
    url = member.url(f"sequences:{name}", campaign.pk)
    mine = form_to(client.get(url).text, "")
    assert send(client_of(member), form_to(client.get(url).text, ""), url, **theirs).status_code == 302
    refused = send(client, mine, url, **changes)
    assert refused.status_code == 422
    assert f"Somebody else saved this {name}" in refused.text
    assert send(client, form_to(refused.text, ""), url).status_code == 302


def test_a_form_that_does_not_say_what_it_was_drawn_from_is_not_saved(
    client: Client, member: Member, campaign: Campaign
) -> None:
    url = member.url("sequences:variant_save", wording_of(campaign).pk)
    answer = client.post(url, {"subject": "x", "body_text": "y", "weight": "1"})
    assert answer.status_code == 422
    assert wording_of(campaign).subject == "A question"


def test_a_launched_campaign_is_edited_and_told_what_it_does_not_take(client: Client, member: Member) -> None:
    campaign = make_launched(member)
    variant = wording_of(campaign)
    answer = edit(client, member, campaign, "variant_save", variant.pk, subject="")
    assert answer.status_code == 422
    assert "This step is being sent: it needs a subject." in answer.text
    answer = edit(client, member, campaign, "variant_save", variant.pk, subject="Other", sure="1")
    assert answer.status_code == 302
    page = client.post(member.url("sequences:step_removal", step_at(campaign, 2).pk), follow=True)
    assert "keep their order: they carry its history" in page.text
    page = client.post(member.url("sequences:step_add", campaign.pk), follow=True)
    assert "Who has finished the sequence does not get it." in page.text
    page = client.post(member.url("sequences:audience", campaign.pk), {"lists": []})
    assert page.status_code == 422
    assert "its lists and segments stay as they are" in page.text
    assert [len(step.variants) for step in plans([campaign.pk])[campaign.pk].steps] == [1, 1, 1]


def test_a_follow_up_that_opens_a_thread_from_now_on_asks_for_its_subject_first(client: Client, member: Member) -> None:
    campaign = make_launched(member)
    pk = step_at(campaign, 2).pk
    url = member.url("sequences:step_save", pk)
    refused = edit(client, member, campaign, "step_save", pk, thread="new")
    assert refused.status_code == 422
    assert "wording A has no subject of its own" in refused.text
    asked = send(client, form_to(refused.text, url), subject="Another matter")
    assert "Subject, where there is none" in asked.text
    assert send(client, form_to(asked.text, url), sure="1").status_code == 302
    assert (step_at(campaign, 2).thread, wording_of(campaign, 2).subject) == ("new", "Another matter")


def test_a_share_that_was_taken_stays_for_the_history(client: Client, member: Member, campaign: Campaign) -> None:
    services.add_variant(step_at(campaign, 1))
    set_state(campaign, CampaignState.PAUSED)
    asked = client.post(member.url("sequences:variant_removal", wording_of(campaign).pk))
    send(client, form_to(asked.text, member.url("sequences:variant_save", wording_of(campaign).pk)), sure="1")
    assert dict(Variant.objects.filter(step__position=1).values_list("label", "weight")) == {"A": 0, "B": 1}
