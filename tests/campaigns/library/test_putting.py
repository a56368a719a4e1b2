"""From a step to the library and back, by the pages: places are asked for, nothing is lost, a launched step is told."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.library.core.origins import Origin
from campaigns.library.models import StepTemplate, TemplateUse
from campaigns.library.origin_queries import origins_of, usages_of
from campaigns.sequences import services
from campaigns.sequences.models import Campaign
from campaigns.sequences.services import Text
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from tests.builders import make_snippet, make_template
from tests.campaigns.sequences.browser import client_of, forms_of, send
from tests.campaigns.sequences.drafts import FIRST, make_draft, make_editor, make_launched, set_state, wording_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_editor()


@pytest.fixture
def client(member: Member) -> Client:
    return client_of(member)


@pytest.fixture
def template(member: Member) -> StepTemplate:
    text = "Hi {{ first_name|default('there') }},\n\nI saw [[what you noticed]].\n"
    return make_template(member.workspace, subject="About [[your product]]", text=text)


def put_url(member: Member, campaign: Campaign, template: StepTemplate, position: int = 1) -> str:
    return member.url("library:put", wording_of(campaign, position).pk, template.pk)


def test_places_are_asked_for_shown_and_put_into_the_draft(
    client: Client, member: Member, template: StepTemplate
) -> None:
    campaign = make_draft(member)
    variant, url = wording_of(campaign), put_url(member, campaign, template)
    assert url in client.get(member.url("library:choice", variant.pk)).text
    page = client.get(url).text
    assert ("Your product" in page, "What you noticed" in page, "Still open" in page) == (True, True, True)
    (form,) = forms_of(page)
    words = {"place0": " tea\r\nsets ", "place1": "{{ company }} moved"}
    looked = send(client, form, to=url, look="1", **words)
    assert "About tea sets" in looked.text
    assert wording_of(campaign).body_text == FIRST.body_text
    done = send(client, form, to=url, **words)
    assert done["Location"] == f"{member.url('sequences:sequence', campaign.pk)}#variant{variant.pk}"
    now = wording_of(campaign)
    assert now.subject == "About tea sets"
    assert now.body_text == "Hi {{ first_name|default('there') }},\n\nI saw {{ company }} moved.\n"
    assert origins_of([now.pk]) == {now.pk: {now.version: Origin(template.pk)}}


def test_words_that_the_language_refuses_are_told_and_change_nothing(
    client: Client, member: Member, template: StepTemplate
) -> None:
    campaign = make_draft(member)
    url = put_url(member, campaign, template)
    (form,) = forms_of(client.get(url).text)
    refused = send(client, form, to=url, place0="tea", place1="{{ frist_name }}")
    assert refused.status_code == 422
    assert "Text: Line 3, column 10: There is no “frist_name”. Did you mean first_name?" in refused.text
    assert wording_of(campaign).body_text == FIRST.body_text


def test_words_in_the_html_of_a_template_stay_words_and_variables_among_them_work(
    client: Client, member: Member
) -> None:
    html = '<a href="https://x.example/" title="[[why]]">Hi [[who]]</a>'
    template = make_template(member.workspace, subject="A", text="B", html=html)
    campaign = make_draft(member)
    url = put_url(member, campaign, template)
    (form,) = forms_of(client.get(url).text)
    assert form.fields
    words = {"place0": '" onmouseover="alert(1)', "place1": "{{ first_name|default('you') }}\n<b>"}
    send(client, form, to=url, **words)
    now = wording_of(campaign)
    assert now.body_html == (
        '<a href="https://x.example/" title="&quot; onmouseover=&quot;alert(1)">'
        "Hi {{ first_name|default('you') }}<br>&lt;b&gt;</a>"
    )
    assert origins_of([now.pk]) == {now.pk: {now.version: Origin(template.pk)}}


def test_words_that_make_a_template_too_long_are_told(client: Client, member: Member) -> None:
    template = make_template(member.workspace, subject="A", text="[[a]]" * 40)
    campaign = make_draft(member)
    url = put_url(member, campaign, template)
    (form,) = forms_of(client.get(url).text)
    refused = send(client, form, to=url, place0="x" * 1_700)
    assert (refused.status_code, "With these words it has 68,000 characters" in refused.text) == (422, True)
    assert wording_of(campaign).body_text == FIRST.body_text


def test_step_that_answers_in_its_thread_keeps_its_subject_and_what_is_open_stays_open(
    client: Client, member: Member, template: StepTemplate
) -> None:
    campaign = make_draft(member)
    url = put_url(member, campaign, template, position=2)
    (form,) = forms_of(client.get(url).text)
    send(client, form, to=url)
    now = wording_of(campaign, 2)
    assert (now.subject, "[[what you noticed]]" in now.body_text) == ("", True)


def test_wording_that_somebody_saved_meanwhile_is_not_overwritten(
    client: Client, member: Member, template: StepTemplate
) -> None:
    campaign = make_draft(member)
    url = put_url(member, campaign, template)
    (form,) = forms_of(client.get(url).text)
    services.save_variant(wording_of(campaign), Text("Theirs", "Theirs"))
    answer = send(client, form, to=url)
    assert answer["Location"] == url
    assert "Somebody else saved this wording" in client.get(url).text
    assert wording_of(campaign).body_text == "Theirs"
    assert not TemplateUse.objects.exists()


def test_of_a_launched_campaign_the_changes_are_shown_first_and_count_as_its_use_once_saved(
    client: Client, member: Member, template: StepTemplate
) -> None:
    campaign = make_launched(member)
    url = put_url(member, campaign, template)
    (form,) = forms_of(client.get(url).text)
    refused = send(client, form, to=url, place0="tea")
    assert (refused.status_code, "Fill it in: this campaign is launched." in refused.text) == (422, True)
    shown = send(client, form, to=url, place0="tea", place1="it")
    assert wording_of(campaign).body_text == FIRST.body_text
    assert usages_of(template) == []
    (sure,) = [one for one in forms_of(shown.text) if one.action.endswith(f"variants/{wording_of(campaign).pk}")]
    assert send(client, sure, sure="1").status_code == 302
    assert wording_of(campaign).subject == "About tea"
    (usage,) = usages_of(template)
    assert (usage.is_now, usage.is_changed, usage.step, usage.label) == (True, False, "1", "A")


def test_wording_is_kept_as_a_template_from_which_it_then_came(client: Client, member: Member) -> None:
    campaign = make_draft(member)
    url = member.url("library:keep", wording_of(campaign).pk)
    assert client.post(url, {"name": ""}).status_code == 422
    client.post(url, {"name": "The first", "note": "To founders"})
    row = StepTemplate.objects.get()
    assert (row.name, row.note, row.subject, row.body_text) == (
        "The first",
        "To founders",
        *(FIRST.subject, FIRST.body_text),
    )
    services.save_variant(wording_of(campaign), Text("A question", "Another text"))
    page = client.get(member.url("library:template", row.pk)).text
    assert ("changed since" in page, "Autumn, step 1, wording A" in page) == (True, True)


def test_archived_campaign_is_kept_as_it_was(client: Client, member: Member) -> None:
    campaign = make_draft(member)
    url = put_url(member, campaign, make_template(member.workspace))
    (form,) = forms_of(client.get(url).text)
    for state, words in ((CampaignState.STOPPED, "A stopped"), (CampaignState.ARCHIVED, "An archived")):
        set_state(campaign, state)
        answer = send(client, form, to=url)
        assert answer.status_code == 302, "refused before anything is shown"
        assert f"{words} campaign is kept as it was." in client.get(url).text
    assert wording_of(campaign).body_text == FIRST.body_text
    assert not TemplateUse.objects.exists()


def test_page_of_a_template_tells_what_a_filter_would_mind_in_its_html(client: Client, member: Member) -> None:
    row = make_template(member.workspace, html='<p>Hi</p><img src="https://acme.example/logo.png">')
    page = client.get(member.url("library:template", row.pk)).text
    assert "An image has no words that stand for it." in page


def test_snippets_are_at_hand_in_the_editor(client: Client, member: Member) -> None:
    make_snippet(member.workspace, "Who we are", 'We are "Acme" & <co>.')
    page = client.get(member.url("sequences:sequence", make_draft(member).pk)).text
    assert f'hx-get="{member.url("library:at_hand")}"' in page
    region = client.get(member.url("library:at_hand"), headers={"HX-Request": "true"}).text
    assert 'data-text="We are &quot;Acme&quot; &amp; &lt;co&gt;."' in region
