"""What a wording was before: its versions, undo and redo, and what is kept while somebody types."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import cast

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from campaigns.sequences import services
from campaigns.sequences.errors import BadEdit, IllegalMove, Overtaken
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.seen import seen_variant
from campaigns.sequences.services import Text
from campaigns.sequences.states import CampaignState, StepThread
from campaigns.sequences.versions import redo_of, undo_of, versions_of
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from tests.builders import make_member
from tests.campaigns.sequences.browser import client_of, form_to, forms_of, page_of
from tests.campaigns.sequences.drafts import make_draft, make_editor, set_state, wording_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_editor()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return make_draft(member, steps=1)


def write(campaign: Campaign, *texts: str) -> None:
    for text in texts:
        services.save_variant(wording_of(campaign), Text("Hello", text))


def numbered(campaign: Campaign) -> list[tuple[int, str]]:
    return [(one.number, one.body_text) for one in versions_of(wording_of(campaign))]


def keep(campaign: Campaign, member: Member, text: str, *, seen: str | None = None) -> Variant:
    now = wording_of(campaign)
    return services.keep_variant(now, Text("Hello", text), seen=seen or seen_variant(now), by=member.user)


def sit_since(campaign: Campaign, ago: timedelta) -> None:
    """Let what is kept have been begun so long ago, and the last of it just now."""
    Variant.objects.filter(step__campaign=campaign).update(begun_at=clock.now() - ago)


def undo(campaign: Campaign) -> str:
    variant = wording_of(campaign)
    services.restore_variant(variant, undo_of([variant])[variant.pk])
    return wording_of(campaign).body_text


def redo(campaign: Campaign) -> str:
    variant = wording_of(campaign)
    services.restore_variant(variant, redo_of([variant])[variant.pk])
    return wording_of(campaign).body_text


def test_each_saved_text_is_a_version_and_another_share_is_none(campaign: Campaign) -> None:
    start = wording_of(campaign).version
    write(campaign, "one", "two", "two")
    services.save_variant(wording_of(campaign), Text("Hello", "two", weight=9))
    assert numbered(campaign)[:2] == [(start + 2, "two"), (start + 1, "one")]
    assert wording_of(campaign).weight == 9


def test_undo_goes_back_one_text_each_time_and_redo_forth_again(campaign: Campaign) -> None:
    write(campaign, "one", "two", "three")
    assert [undo(campaign), undo(campaign)] == ["two", "one"]
    assert [redo(campaign), redo(campaign)] == ["two", "three"]
    assert not redo_of([wording_of(campaign)])
    assert undo(campaign) == "two"


def test_what_is_written_after_an_undo_is_undone_to_what_stood_before_it(campaign: Campaign) -> None:
    write(campaign, "one", "two", "three")
    undo(campaign)
    write(campaign, "other")
    assert not redo_of([wording_of(campaign)])
    assert undo(campaign) == "two"


def test_nothing_is_lost_by_an_undo(campaign: Campaign) -> None:
    write(campaign, "one", "two")
    before = numbered(campaign)
    undo(campaign)
    assert numbered(campaign)[1:] == before


def test_what_one_person_types_in_a_sitting_is_one_version(campaign: Campaign, member: Member) -> None:
    write(campaign, "saved")
    start = wording_of(campaign).version
    for text in ("H", "Hi", "Hi there"):
        keep(campaign, member, text)
    assert numbered(campaign)[:2] == [(start + 1, "Hi there"), (start, "saved")]
    services.save_variant(wording_of(campaign), Text("Hello", "Hi there"))  # closes the sitting
    keep(campaign, member, "Hi there, you")
    assert numbered(campaign)[0] == (start + 2, "Hi there, you")


def test_another_person_and_a_later_hour_begin_a_version_of_their_own(campaign: Campaign, member: Member) -> None:
    start = wording_of(campaign).version
    keep(campaign, member, "mine")
    colleague = make_member(member.workspace, Role.MEMBER)
    keep(campaign, colleague, "theirs")
    sit_since(campaign, timedelta(minutes=11))
    keep(campaign, colleague, "later")
    assert [text for _, text in numbered(campaign)[:3]] == ["later", "theirs", "mine"]
    assert wording_of(campaign).version == start + 3


def test_a_long_sitting_leaves_a_version_of_each_ten_minutes_though_nobody_pauses(
    campaign: Campaign, member: Member
) -> None:
    write(campaign, "saved")
    start = wording_of(campaign).version
    for minute in range(0, 32, 2):  # something is kept every two minutes
        keep(campaign, member, f"minute {minute}")
        begun_at = wording_of(campaign).begun_at
        assert begun_at is not None
        Variant.objects.update(begun_at=begun_at - timedelta(minutes=2))
    texts = [text for number, text in numbered(campaign) if number > start]
    assert texts == ["minute 30", "minute 28", "minute 18", "minute 8"]
    assert len(numbered(campaign)) == start + 4


def test_nothing_is_kept_over_what_somebody_else_saved_or_in_a_launched_campaign(
    campaign: Campaign, member: Member
) -> None:
    seen = seen_variant(wording_of(campaign))
    write(campaign, "theirs")
    with pytest.raises(Overtaken):
        keep(campaign, member, "mine", seen=seen)
    set_state(campaign, CampaignState.RUNNING)
    with pytest.raises(IllegalMove):
        keep(campaign, member, "mine")
    assert wording_of(campaign).body_text == "theirs"


def test_a_text_that_is_broken_yet_is_kept_and_said_to_be(campaign: Campaign, member: Member) -> None:
    client, variant = client_of(member), wording_of(campaign)
    url = member.url("sequences:variant_keep", variant.pk)
    form = form_to(page_of(client, member, campaign), member.url("sequences:variant_save", variant.pk))
    answer = client.post(url, {**form.fields, "body_text": "Hi {{ firstname }}"})
    assert answer.status_code == 200
    assert "Kept as a draft." in answer.text
    assert "There is no “firstname”." in answer.text
    now = wording_of(campaign)
    assert now.body_text == "Hi {{ firstname }}"
    assert f'name="seen" value="{seen_variant(now)}"' in answer.text
    refused = client.post(url, {**form.fields, "body_text": "with the old fingerprint"})
    assert refused.status_code == 422
    assert "Somebody else saved this wording" in refused.text


def test_the_page_of_versions_shows_what_changed_and_brings_a_text_back(campaign: Campaign, member: Member) -> None:
    client, variant = client_of(member), wording_of(campaign)
    write(campaign, "Hello old friend", "Hello new friend")
    page = client.get(member.url("sequences:variant_versions", variant.pk)).text
    assert "<del>old </del><ins>new </ins>" in page
    number = wording_of(campaign).version - 1
    url = member.url("sequences:variant_restore", variant.pk)
    back = next(one for one in forms_of(page) if one.action == url)
    services.save_variant(wording_of(campaign), Text("Hello", "theirs"))
    refused = client.post(url, {**back.fields, "number": str(number)}, follow=True).text
    assert "Somebody else saved this wording after you opened this page." in refused
    assert wording_of(campaign).body_text == "theirs"
    back = next(one for one in forms_of(refused) if one.action == url)
    client.post(url, {**back.fields, "number": str(number)})
    assert wording_of(campaign).body_text == "Hello old friend"


def press(client: Client, member: Member, campaign: Campaign, button: str, **changes: str) -> HttpResponse:
    """Open the sequence page, type, and press undo or redo before anything of it is kept."""
    pk = wording_of(campaign).pk
    form = form_to(page_of(client, member, campaign), member.url("sequences:variant_save", pk))
    url = member.url("sequences:variant_restore", pk)
    return cast("HttpResponse", client.post(url, {**form.fields, **changes, button: "1"}, follow=True))


def test_an_undo_keeps_what_was_typed_just_before_and_takes_it_back(campaign: Campaign, member: Member) -> None:
    client = client_of(member)
    write(campaign, "one", "two")
    press(client, member, campaign, "undo", body_text="typed")
    assert [text for _, text in numbered(campaign)[:3]] == ["two", "typed", "two"]
    press(client, member, campaign, "redo")
    assert wording_of(campaign).body_text == "typed"
    page = press(client, member, campaign, "redo", body_text="typed on").text
    assert "There is nothing to redo: what you typed is the newest version." in page
    assert wording_of(campaign).body_text == "typed on"
    press(client, member, campaign, "undo")
    press(client, member, campaign, "undo")
    assert wording_of(campaign).body_text == "two"


def test_an_undo_is_refused_when_somebody_else_saved_and_what_was_typed_stays(
    campaign: Campaign, member: Member
) -> None:
    client, variant = client_of(member), wording_of(campaign)
    form = form_to(page_of(client, member, campaign), member.url("sequences:variant_save", variant.pk))
    write(campaign, "theirs")
    before = numbered(campaign)
    refused = client.post(
        member.url("sequences:variant_restore", variant.pk), {**form.fields, "body_text": "mine", "undo": "1"}
    )
    assert refused.status_code == 422
    assert "Somebody else saved this wording" in refused.text
    again = form_to(refused.text, member.url("sequences:variant_save", variant.pk))
    assert (again.fields["body_text"], again.fields["seen"]) == (["mine"], [seen_variant(wording_of(campaign))])
    assert numbered(campaign) == before


def test_what_is_kept_on_its_way_is_the_persons_own_and_overtakes_nobody(campaign: Campaign, member: Member) -> None:
    client, variant = client_of(member), wording_of(campaign)
    form = form_to(page_of(client, member, campaign), member.url("sequences:variant_save", variant.pk))
    keep(campaign, member, "Hi again")  # its answer has not reached the page when undo is pressed
    typed = {**form.fields, "subject": "Hello", "body_text": "Hi again", "undo": "1"}
    client.post(member.url("sequences:variant_restore", variant.pk), typed)
    assert wording_of(campaign).body_text == variant.body_text


def test_an_undo_in_a_launched_campaign_drops_no_text_and_shows_what_changes(
    campaign: Campaign, member: Member
) -> None:
    write(campaign, "one", "two")
    set_state(campaign, CampaignState.RUNNING)
    client, before = client_of(member), numbered(campaign)
    refused = press(client, member, campaign, "undo", body_text="typed")
    assert refused.status_code == 422
    assert "What you typed here is not saved, and this would drop it." in refused.text
    assert "typed</textarea>" in refused.text
    shown = press(client, member, campaign, "undo").text
    assert "<del>two</del><ins>one</ins>" in shown
    assert numbered(campaign) == before


def test_the_list_of_versions_comes_in_pages_each_against_the_one_before(
    campaign: Campaign, member: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client, variant = client_of(member), wording_of(campaign)
    write(campaign, *(f"text {number}" for number in range(50)))
    last = wording_of(campaign).version
    page, seen = client.get(member.url("sequences:variant_versions", variant.pk)), []
    while True:
        seen += [int(one) for one in re.findall(r'id="version(\d+)"', page.text)]
        older = re.search(r'rel="next" href="([^"]+)"', page.text)
        if older is None:
            break
        with django_assert_max_num_queries(14):
            page = client.get(member.url("sequences:variant_versions", variant.pk) + unescape(older[1]))
        assert "<del>" in page.text.partition(f'id="version{seen[-1] - 1}"')[2].partition("</section>")[0]
    assert seen == list(range(last, 0, -1))
    newer = re.search(r'rel="prev" href="([^"]+)"', page.text)
    assert newer is not None
    back = client.get(member.url("sequences:variant_versions", variant.pk) + unescape(newer[1])).text
    assert f'id="version{seen[20]}"' in back or f'id="version{seen[21]}"' in back


@pytest.mark.parametrize("number", ["", "0", "99", "99999999999999999999", "x", "-1"])
def test_a_version_that_is_not_there_brings_nothing_back(campaign: Campaign, member: Member, number: str) -> None:
    before = numbered(campaign)
    url = member.url("sequences:variant_restore", wording_of(campaign).pk)
    assert client_of(member).post(url, {"number": number}).status_code == 302
    assert numbered(campaign) == before


def test_what_forbids_a_launch_is_refused_while_the_campaign_runs_too(campaign: Campaign) -> None:
    good = wording_of(campaign)
    write(campaign, "Dear [First Name]", "Good day {{ first_nome }}", "Good day.")
    set_state(campaign, CampaignState.RUNNING)
    for text, field, words in (
        (Text("Re: our call", "Good day."), "", "pretends"),
        (Text("Hello", "Dear [First Name]"), "", "sent as it stands"),
        (Text("Hello {{ first_nome }}", "Good day."), "subject", "line 1: .*first_nome"),
    ):
        for act in (services.check_variant, services.save_variant):
            with pytest.raises(BadEdit, match=words) as refused:
                act(good, text)
            assert refused.value.field == field
    for number in (3, 4):
        with pytest.raises(BadEdit, match="a launch would be refused"):
            services.restore_variant(wording_of(campaign), number)
    assert wording_of(campaign).body_text == "Good day."


def test_a_follow_up_with_a_subject_of_its_own_may_not_pretend_to_answer_either(campaign: Campaign) -> None:
    set_state(campaign, CampaignState.RUNNING)
    later = services.add_step(campaign)
    Step.objects.filter(pk=later.pk).update(thread=StepThread.NEW)
    text = Text("{Re|RE}: our call", "Good day.")
    for act in (services.check_variant, services.save_variant):
        with pytest.raises(BadEdit, match="pretends"):
            act(wording_of(campaign, later.position), text)


def test_a_wording_without_a_share_may_be_broken_until_it_gets_one(campaign: Campaign) -> None:
    set_state(campaign, CampaignState.RUNNING)
    copy = services.add_variant(wording_of(campaign).step, like=wording_of(campaign))
    broken = Text("Hello", "Dear [First Name]", weight=0)
    services.save_variant(copy, broken)
    with pytest.raises(BadEdit, match="a launch would be refused"):
        services.save_variant(copy, replace(broken, weight=1))
    Variant.objects.filter(pk=copy.pk).update(weight=1)  # launched before this was known
    services.save_variant(copy, replace(broken, weight=2))


def test_html_is_cleaned_by_whatever_service_keeps_it(campaign: Campaign, member: Member) -> None:
    bad = Text("Hello", "Hi", '<p title="x" onclick="x()">Hi</p><script>x()</script>')
    services.save_variant(wording_of(campaign), bad)
    assert wording_of(campaign).body_html == "<p>Hi</p>"
    now = wording_of(campaign)
    services.keep_variant(now, Text("Hello", "Hi", '<p onclick="x()">Ho</p>'), seen=seen_variant(now), by=member.user)
    assert wording_of(campaign).body_html == "<p>Ho</p>"
    with pytest.raises(BadEdit, match="5,000 tags"):
        services.save_variant(wording_of(campaign), Text("Hello", "Hi", "<p>" * 5_001))
