"""The editor as a person uses it: each page's form is sent back as it stands, with a change."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from campaigns.calendar import Window
from campaigns.sequences import queries, services
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.services import Schedule, Text
from outreach.accounts.access import Member
from outreach.kit import clock
from tests.builders import make_contact, make_list
from tests.campaigns.sequences.browser import client_of, edit, form_to, page_of, send
from tests.campaigns.sequences.drafts import (
    make_draft,
    make_editor,
    outline,
    step_at,
    wording_of,
)

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


def test_a_new_campaign_leads_to_its_sequence(client: Client, member: Member) -> None:
    url = member.url("sequences:create")
    answer = send(client, form_to(client.get(url).text, ""), url, name="  Autumn fair  ")
    campaign = Campaign.objects.get()
    assert answer["Location"] == member.url("sequences:sequence", campaign.pk)
    assert (campaign.name, campaign.workspace, campaign.created_by) == ("Autumn fair", member.workspace, member.user)


def test_a_campaign_gets_another_name(client: Client, member: Member, campaign: Campaign) -> None:
    url = member.url("sequences:rename", campaign.pk)
    form = form_to(client.get(url).text, "")
    assert form.fields["name"] == ["Autumn"]
    answer = send(client, form, url, name="Winter")
    assert answer["Location"] == member.url("sequences:sequence", campaign.pk)
    assert "<h1" in client.get(answer["Location"]).text
    assert Campaign.objects.get().name == "Winter"


@pytest.mark.parametrize("name", ["sequence", "audience", "schedule", "rename"])
def test_every_page_has_the_way_to_the_name(client: Client, member: Member, campaign: Campaign, name: str) -> None:
    assert member.url("sequences:rename", campaign.pk) in page_of(client, member, campaign, name)


def test_a_wording_is_saved_and_another_kept(client: Client, member: Member, campaign: Campaign) -> None:
    variant = wording_of(campaign)
    answer = edit(
        client, member, campaign, "variant_save", variant.pk, subject="For {{ company }}", body_text="Hi\r\n\r\nyou"
    )
    assert answer["Location"] == member.url("sequences:sequence", campaign.pk)
    assert "Step 1, wording A saved." in client.get(answer["Location"]).text
    assert wording_of(campaign).subject == "For {{ company }}"
    assert wording_of(campaign).body_text == "Hi\n\nyou"
    assert wording_of(campaign, 2).body_text == "Hi again.\n"


def test_saving_a_page_as_it_stands_changes_nothing(client: Client, member: Member, campaign: Campaign) -> None:
    services.add_variant(step_at(campaign, 1))
    text = "\nfirst line empty\n  spaces at the end  \n\n\n&amp; {a|b} {{ first_name }}\n"
    Variant.objects.filter(step__campaign=campaign, label="A").update(body_text=text, body_html="<p>kept</p>")
    Variant.objects.filter(step__campaign=campaign, step__position=2).update(subject="kept for later")
    before = list(Variant.objects.order_by("pk").values()), outline(campaign)
    for variant in Variant.objects.all():
        assert edit(client, member, campaign, "variant_save", variant.pk).status_code == 302
    assert edit(client, member, campaign, "step_save", step_at(campaign, 2).pk).status_code == 302
    assert (list(Variant.objects.order_by("pk").values()), outline(campaign)) == before


def test_a_wait_and_a_thread_are_saved(client: Client, member: Member, campaign: Campaign) -> None:
    step = step_at(campaign, 2)
    answer = edit(
        client, member, campaign, "step_save", step.pk, wait_amount="12", wait_unit="business_days", thread="new"
    )
    assert "Step 2 saved." in client.get(answer["Location"]).text
    assert outline(campaign)[1][2:] == (12, "business_days", "new")
    assert (
        "subject"
        in form_to(
            page_of(client, member, campaign), member.url("sequences:variant_save", wording_of(campaign, 2).pk)
        ).fields
    )


def test_the_first_message_shows_no_wait_and_takes_none(client: Client, member: Member, campaign: Campaign) -> None:
    url = member.url("sequences:step_save", step_at(campaign, 1).pk)
    assert f'"{url}"' not in page_of(client, member, campaign)
    seen = {"seen": "", "wait_amount": "5", "wait_unit": "days", "thread": "reply"}
    assert client.post(url, seen).status_code == 422
    assert outline(campaign)[0][2:] == (0, "days", "new")


def test_each_step_says_its_day_or_the_days_that_business_days_may_come_to(client: Client, member: Member) -> None:
    campaign = make_draft(member, steps=5)
    assert days_on(page_of(client, member, campaign)) == ["day 0", "day 3", "day 7", "day 14", "day 21"]
    Step.objects.filter(campaign=campaign, position=4).update(wait_unit="business_days")
    assert days_on(page_of(client, member, campaign)) == ["day 0", "day 3", "day 7", "day 16\u201318", "day 23\u201325"]


def days_on(page: str) -> list[str]:
    return [part.partition("<")[0] for part in re.split(r'</span><small id="days\d+">', page)[1:]]


def test_steps_are_added_moved_and_removed(client: Client, member: Member, campaign: Campaign) -> None:
    add, place = (
        member.url("sequences:step_add", campaign.pk),
        member.url("sequences:step_place", step_at(campaign, 2).pk),
    )
    assert send(client, form_to(page_of(client, member, campaign), add)).status_code == 302
    assert [position for position, *_ in outline(campaign)] == [1, 2, 3]
    client.post(place, {"up": "1"})
    assert [text for _, text, *_ in outline(campaign)] == ["Hi again.\n", "Hi,\n\none question.\n", ""]
    client.post(place, {"down": "1"})
    client.post(place, {"sideways": "1"})
    assert [text for _, text, *_ in outline(campaign)] == ["Hi,\n\none question.\n", "Hi again.\n", ""]
    answer = edit(client, member, campaign, "step_removal", step_at(campaign, 2).pk)
    assert answer["Location"] == member.url("sequences:sequence", campaign.pk)
    assert [text for _, text, *_ in outline(campaign)] == ["Hi,\n\none question.\n", ""]


def test_wordings_are_added_weighted_and_removed(client: Client, member: Member, campaign: Campaign) -> None:
    assert edit(client, member, campaign, "variant_add", step_at(campaign, 1).pk).status_code == 302
    second = wording_of(campaign, label="B")
    assert "50 % of the contacts" in page_of(client, member, campaign)
    edit(client, member, campaign, "variant_save", second.pk, weight="3")
    page = page_of(client, member, campaign)
    assert "25 % of the contacts" in page
    assert "75 % of the contacts" in page
    client.post(member.url("sequences:variant_removal", second.pk))
    assert Variant.objects.filter(step__position=1).count() == 1
    assert "% of the contacts" not in page_of(client, member, campaign)
    answer = client.post(member.url("sequences:variant_removal", wording_of(campaign).pk), follow=True)
    assert "A step keeps one wording at least." in answer.text


def test_the_only_wording_without_a_share_can_get_one(client: Client, member: Member, campaign: Campaign) -> None:
    Variant.objects.filter(step__campaign=campaign).update(weight=0)
    page = page_of(client, member, campaign)
    assert "0 % of the contacts" in page
    assert 'type="number" name="weight"' in page


def test_the_editor_tells_what_a_reader_would_mind(client: Client, member: Member, campaign: Campaign) -> None:
    services.save_variant(wording_of(campaign), Text("Re: your order", "Hi [First Name]!!"))
    page = page_of(client, member, campaign)
    assert "The subject pretends to answer" in page
    assert "This would be sent as it stands: [First Name]." in page


def test_the_variables_of_the_contacts_are_offered(client: Client, member: Member, campaign: Campaign) -> None:
    make_contact(member.workspace, fields={"industry": "Engines"})
    make_contact(make_editor("other").workspace, fields={"secret_field": "x"})
    page = page_of(client, member, campaign)
    assert 'data-name="industry"' in page
    assert 'data-name="sender.signature"' in page
    assert "secret_field" not in page
    answer = edit(client, member, campaign, "variant_save", wording_of(campaign).pk, body_text="{{ industry }}")
    assert answer.status_code == 302
    answer = edit(client, member, campaign, "variant_save", wording_of(campaign).pk, body_text="{{ secret_field }}")
    assert answer.status_code == 422


def test_an_audience_is_chosen_and_taken_back(client: Client, member: Member, campaign: Campaign) -> None:
    url = member.url("sequences:audience", campaign.pk)
    assert "No list yet" in client.get(url).text
    one, two = make_list(member.workspace, "One", (make_contact(member.workspace),)), make_list(member.workspace, "Two")
    form = form_to(client.get(url).text, "")
    assert "lists" not in form.fields
    answer = send(client, form, url, lists=[one.pk, two.pk])
    assert answer["Location"] == url
    assert queries.audience_of(campaign) == {one.pk, two.pk}
    page = client.get(url).text
    assert "Audience saved." in page
    assert form_to(page, "").fields["lists"] == [str(one.pk), str(two.pk)]
    assert '<span class="count">1</span>' in page
    send(client, form_to(page, ""), url, lists=[])
    assert queries.audience_of(campaign) == frozenset()


def test_a_schedule_is_shown_as_it_is_and_saved(client: Client, member: Member, campaign: Campaign) -> None:
    url = member.url("sequences:schedule", campaign.pk)
    form = form_to(client.get(url).text, "")
    assert form.fields | {"seen": [], "csrfmiddlewaretoken": []} == {
        "csrfmiddlewaretoken": [], "seen": [], **{f"hours_{day}": ["09:00-17:00"] for day in range(1, 6)},
        "hours_6": [""], "hours_7": [""], "starts_on": [""], "time_zone": ["UTC"], "use_contact_zone": ["on"],
        "new_leads_per_day": [""],
        "daily_limit": [""], "priority": ["normal"], "closed": [""], "regions": ["", "", ""],
    }  # fmt: skip
    changes: dict[str, object] = {
        **{f"hours_{day}": "" for day in range(1, 8)}, "hours_6": "22:30-24:00, 9am to 12pm",
        "hours_1": "13-17;9.30-12", "starts_on": "2027-01-04", "time_zone": "berlin", "new_leads_per_day": "25",
    }  # fmt: skip
    form.fields.pop("use_contact_zone")
    assert send(client, form, url, **changes)["Location"] == url
    campaign.refresh_from_db()
    windows = [Window(1, 570, 720), Window(1, 780, 1020), Window(6, 540, 720), Window(6, 1350, 1440)]
    assert queries.windows_of(campaign) == windows
    assert campaign.starts_on == date(2027, 1, 4)
    assert (campaign.time_zone, campaign.use_contact_zone, campaign.new_leads_per_day) == ("Europe/Berlin", False, 25)
    page = client.get(url).text
    assert "Schedule saved." in page
    fields = form_to(page, "").fields
    assert (fields["hours_1"], fields["starts_on"]) == (["09:30-12:00, 13:00-17:00"], ["2027-01-04"])
    assert fields["hours_6"] == ["09:00-12:00, 22:30-24:00"]
    assert send(client, form_to(page, ""), url).status_code == 302
    assert queries.windows_of(campaign) == windows


def test_the_hours_of_monday_are_put_on_the_working_week_before_anything_is_saved(
    client: Client, member: Member, campaign: Campaign
) -> None:
    url, before = member.url("sequences:schedule", campaign.pk), queries.windows_of(campaign)
    answer = send(client, form_to(client.get(url).text, ""), url, hours_1="9-10, 14-15", hours_6="8-9", same="1")
    fields = form_to(answer.text, "").fields
    assert answer.status_code == 200
    assert [fields[f"hours_{day}"] for day in range(1, 8)] == [["9-10, 14-15"]] * 5 + [["8-9"], [""]]
    assert queries.windows_of(campaign) == before


def test_a_campaign_without_windows_shows_that_nothing_can_ever_go_out(
    client: Client, member: Member, campaign: Campaign
) -> None:
    services.save_schedule(campaign, Schedule("UTC", use_contact_zone=True, windows=[]))
    page = page_of(client, member, campaign, "schedule")
    assert [form_to(page, "").fields[f"hours_{day}"] for day in range(1, 8)] == [[""]] * 7
    assert "Nothing can ever go out" in page


def test_closed_days_that_cover_every_window_are_told_before_they_are_saved(
    client: Client, member: Member, campaign: Campaign
) -> None:
    url = member.url("sequences:schedule", campaign.pk)
    year = clock.now().year
    spans = "\n".join(f"{y}-01-01..{y}-12-31" for y in range(year, year + 3))
    answer = send(client, form_to(client.get(url).text, ""), url, closed=spans, look="1")
    assert answer.status_code == 200
    assert "every allowed day is a holiday" in answer.text
