"""Who may open which page, what stands in it, and that a part served alone is the same part."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.sequences import services
from campaigns.sequences.models import Campaign, Variant
from campaigns.sequences.services import Text
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from tests.builders import make_audience, make_contact, make_list, make_member, make_workspace
from tests.campaigns.sequences.browser import client_of, forms_of, htmx_of, main_of
from tests.campaigns.sequences.drafts import (
    everything,
    make_draft,
    make_editor,
    make_launched,
    set_state,
    step_at,
    wording_of,
)

pytestmark = pytest.mark.django_db

OF_CAMPAIGN = ("sequence", "audience", "schedule", "rename")
READ_BY_VIEWERS = OF_CAMPAIGN[:3]
EVIL = "<script>alert('x')</script>\"&{{ 7 }}"


@pytest.fixture
def member() -> Member:
    return make_editor()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    made = make_draft(member, steps=3)
    make_audience(made, make_list(member.workspace, "Spring fair", (make_contact(member.workspace),)))
    make_list(member.workspace, "Others")
    return made


def every_url(member: Member, campaign: Campaign) -> dict[str, str]:
    urls = {name: member.url(f"sequences:{name}", campaign.pk) for name in OF_CAMPAIGN}
    return {"create": member.url("sequences:create"), **urls}


def every_action(member: Member, campaign: Campaign) -> list[str]:
    step, variant = step_at(campaign, 2), wording_of(campaign, 2)
    return [
        member.url("sequences:step_add", campaign.pk),
        *(member.url(f"sequences:{name}", step.pk) for name in _OF_STEP),
        *(member.url(f"sequences:{name}", variant.pk) for name in ("variant_save", "variant_removal")),
    ]


_OF_STEP = ("step_save", "step_place", "step_removal", "variant_add")


def alone(page: str) -> str:
    """Return a page or a part without what differs with each answer."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page).strip()


def test_members_open_every_page_and_viewers_those_that_change_nothing(member: Member, campaign: Campaign) -> None:
    viewer = make_member(member.workspace, Role.VIEWER)
    colleague = make_member(member.workspace, Role.MEMBER)
    for name, url in every_url(member, campaign).items():
        assert client_of(colleague).get(url).status_code == 200, name
        assert client_of(viewer).get(url).status_code == (200 if name in READ_BY_VIEWERS else 403), name
        assert Client().get(url).status_code == 302, name


def test_a_viewer_posts_nothing(member: Member, campaign: Campaign) -> None:
    viewer = client_of(make_member(member.workspace, Role.VIEWER))
    before = everything()
    for url in [*every_url(member, campaign).values(), *every_action(member, campaign)]:
        assert viewer.post(url, {"name": "x", "lists": []}).status_code in {403, 405}, url
    assert everything() == before


def test_a_viewer_sees_everything_and_no_button_that_would_be_refused(member: Member, campaign: Campaign) -> None:
    services.add_variant(step_at(campaign, 1))
    viewer = client_of(make_member(member.workspace, Role.VIEWER))
    for name in READ_BY_VIEWERS:
        page = viewer.get(every_url(member, campaign)[name]).text
        inside = forms_of(page)
        assert all(not form.buttons for form in inside), name
        assert all(set(form.fields) <= {"csrfmiddlewaretoken"} for form in inside), name  # every control is disabled
        assert "Rename" not in page
    assert "one question." in viewer.get(every_url(member, campaign)["sequence"]).text
    assert "Spring fair" in viewer.get(every_url(member, campaign)["audience"]).text
    assert "09:00" in viewer.get(every_url(member, campaign)["schedule"]).text


def test_a_viewer_cannot_pause_from_the_head_of_the_page(member: Member) -> None:
    campaign = make_launched(member)
    url = member.url("sequences:sequence", campaign.pk)
    viewer = client_of(make_member(member.workspace, Role.VIEWER))
    pause = member.url("planner:pause", campaign.pk)
    assert pause in client_of(member).get(url).text
    assert pause not in viewer.get(url).text


@pytest.mark.parametrize("own_address", [True, False])
def test_another_workspace_finds_nothing_and_changes_nothing(
    member: Member, campaign: Campaign, *, own_address: bool
) -> None:
    stranger = make_member(make_workspace("other"))
    client = client_of(stranger)
    before = everything()
    for url in [*every_url(member, campaign).values(), *every_action(member, campaign)]:
        tried = url.replace("/w/acme/", "/w/other/") if own_address else url
        if tried == stranger.url("sequences:create"):
            continue
        assert client.get(tried).status_code in {404, 405}, tried
        assert client.post(tried, {"name": "x"}).status_code in {404, 405}, tried
    assert everything() == before


def test_actions_are_not_read(member: Member, campaign: Campaign) -> None:
    for url in every_action(member, campaign):
        assert client_of(member).get(url).status_code == 405, url


@pytest.mark.parametrize("name", ["create", *OF_CAMPAIGN])
def test_the_part_that_htmx_asks_for_is_the_part_in_the_page(member: Member, campaign: Campaign, name: str) -> None:
    url = every_url(member, campaign)[name]
    page, part = client_of(member).get(url), htmx_of(member).get(url)
    assert "<html" in page.text
    assert "<html" not in part.text
    assert alone(part.text) == alone(main_of(page.text))
    assert "HX-Request" in page["Vary"]
    assert "HX-Request" in part["Vary"]


def test_the_part_with_a_refused_form_is_the_part_in_the_page(member: Member, campaign: Campaign) -> None:
    wrong: dict[str, dict[str, object]] = {
        **{name: {"name": " ", "time_zone": "Mars", "lists": ["x"]} for name in ("create", "rename", "audience")},
        "schedule": {"time_zone": "Mars"},
    }
    addresses = [(every_url(member, campaign)[name], body) for name, body in wrong.items()]
    addresses += [
        (member.url("sequences:variant_save", wording_of(campaign).pk), {"body_text": "{{", "weight": "1"}),
        (member.url("sequences:step_save", step_at(campaign, 2).pk), {"wait_amount": "-1"}),
    ]
    for url, body in addresses:
        page, part = client_of(member).post(url, body), htmx_of(member).post(url, body)
        assert (page.status_code, part.status_code) == (422, 422), url
        assert 'class="errors"' in part.text, url
        assert alone(part.text) == alone(main_of(page.text)), url


def test_the_pages_cost_as_many_queries_with_much_as_with_little(member: Member, campaign: Campaign) -> None:
    client = client_of(member)
    urls = [every_url(member, campaign)[name] for name in READ_BY_VIEWERS]
    little = [queries_of(client, url) for url in urls]
    for number in range(15):
        step = services.add_step(campaign)
        services.add_variant(step)
        make_audience(campaign, make_list(member.workspace, f"List {number}"))
    assert [queries_of(client, url) for url in urls] == little
    assert max(little) <= 13


@pytest.mark.parametrize("name", ["create", *OF_CAMPAIGN])
def test_each_label_leads_to_the_one_control_that_it_names(member: Member, campaign: Campaign, name: str) -> None:
    services.add_variant(step_at(campaign, 1))
    page = client_of(member).get(every_url(member, campaign)[name]).text
    ids = re.findall(r'\sid="([^"]+)"', page)
    labels = re.findall(r'<label[^>]*\sfor="([^"]+)"', page)
    assert sorted(set(ids)) == sorted(ids)
    assert set(labels) <= set(ids)
    assert labels or name == "audience"  # there a label is around its box


def test_hostile_names_are_shown_as_text(member: Member, campaign: Campaign) -> None:
    services.rename(campaign, EVIL)
    make_list(member.workspace, EVIL)
    evil = Text(EVIL, f"</textarea>{EVIL}")
    Variant.objects.filter(step__campaign=campaign).update(subject=evil.subject, body_text=evil.body_text)
    Campaign.objects.filter(pk=campaign.pk).update(time_zone=EVIL)
    client = client_of(member)
    for url in every_url(member, campaign).values():
        page = client.get(url).text
        assert "<script>alert" not in page, url
        assert "</textarea><script" not in page, url
    assert (
        "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&quot;&amp;{{ 7 }}"
        in client.get(every_url(member, campaign)["sequence"]).text
    )


def test_what_was_typed_comes_back_as_text_when_it_is_refused(member: Member, campaign: Campaign) -> None:
    client = client_of(member)
    url = member.url("sequences:variant_save", wording_of(campaign).pk)
    answers = [
        client.post(url, {"subject": EVIL, "body_text": f"</textarea>{EVIL}{{{{ {EVIL} }}}}", "weight": EVIL}),
        client.post(every_url(member, campaign)["schedule"], {"time_zone": EVIL, "starts_on": EVIL, "hours_1": EVIL}),
        client.post(every_url(member, campaign)["audience"], {"lists": EVIL}),
        client.post(every_url(member, campaign)["rename"], {"name": EVIL * 9}),
        client.post(member.url("sequences:step_save", step_at(campaign, 2).pk), {"wait_unit": EVIL, "thread": EVIL}),
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text


def test_a_launched_campaign_offers_what_it_takes_and_nothing_else(member: Member) -> None:
    campaign = make_launched(member)
    services.add_variant(step_at(campaign, 1))
    page = client_of(member).get(member.url("sequences:sequence", campaign.pk)).text
    step = step_at(campaign, 2)
    assert "This campaign is launched" in page
    assert member.url("sequences:step_removal", step.pk) not in page
    assert member.url("sequences:step_place", step.pk) not in page
    assert member.url("sequences:step_save", step.pk) in page
    assert "Take the share of B" in page
    make_audience(campaign, make_list(member.workspace))
    audience = client_of(member).get(member.url("sequences:audience", campaign.pk)).text
    assert "enrolled at the launch" in audience
    assert "Save audience" not in audience
    assert "checked disabled" in audience


def test_an_archived_campaign_is_shown_without_a_button(member: Member) -> None:
    campaign = set_state(make_draft(member), CampaignState.ARCHIVED)
    client = client_of(member)
    for name in READ_BY_VIEWERS:
        page = client.get(member.url(f"sequences:{name}", campaign.pk)).text
        assert all(not form.buttons for form in forms_of(page)), name
    answer = client.post(member.url("sequences:step_add", campaign.pk), follow=True)
    assert "An archived campaign is kept as it was." in answer.text


def queries_of(client: Client, url: str) -> int:
    client.get(url)  # what is kept between requests is kept now
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)
