"""What an edit of a launched campaign changes for whom, and the page that says so before it counts."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.sequences import services
from campaigns.sequences.models import Campaign, Path, Step, Variant
from campaigns.sequences.seen import seen_variant
from campaigns.sequences.services import Text
from campaigns.sequences.states import ReplyClass
from outreach.accounts.access import Member
from sending.outbox.effects import effects_of_edit, made_from
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from tests.builders import make_branch, make_contact, make_enrollment, make_mailbox, make_message, make_step
from tests.campaigns.sequences.browser import client_of, edit, form_to, send
from tests.campaigns.sequences.drafts import make_editor, make_launched, step_at, wording_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_editor()


@pytest.fixture
def client(member: Member) -> Client:
    return client_of(member)


@pytest.fixture
def campaign(member: Member) -> Campaign:
    """Make two steps and ten people: six who have had nothing, two who wait for the second, and two who have both."""
    campaign = make_launched(member, steps=2)
    mailbox = make_mailbox(member.workspace)
    for number in range(10):
        contact = make_contact(member.workspace, f"p{number}@x.example")
        enrollment = make_enrollment(campaign, contact, mailbox=mailbox if number > 5 else None)
        for position in range(1, 1 + (number > 5) + (number > 7)):
            message = make_message(enrollment, wording_of(campaign, position), mailbox)
            Enrollment.objects.filter(pk=enrollment.pk).update(next_position=position + 1, last_sent_at=message.sent_at)
    return campaign


def test_the_pending_those_under_way_and_those_who_have_it_are_told_apart(campaign: Campaign) -> None:
    first, second = step_at(campaign, 1), step_at(campaign, 2)
    one = OutboundMessage.objects.filter(step=first).order_by("pk")[0]
    OutboundMessage.objects.filter(pk=one.pk).update(
        state=MessageState.CLAIMED, sent_at=None, dot_at=None, lease_until=one.sent_at
    )
    at_first, at_second = effects_of_edit(first.pk, {}), effects_of_edit(second.pk, {})
    assert (at_first.pending, at_first.under_way, at_first.sent, at_first.waiting) == (6, 1, 3, 0)
    assert (at_second.pending, at_second.under_way, at_second.sent, at_second.waiting) == (8, 0, 2, 2)


def test_whoever_was_called_off_is_pending_for_nothing(campaign: Campaign) -> None:
    Enrollment.objects.filter(last_sent_at__isnull=True).update(state="stopped", stop_reason="removed", due_at=None)
    assert effects_of_edit(step_at(campaign, 1).pk, {}).pending == 0
    assert effects_of_edit(step_at(campaign, 2).pk, {}).pending == 2


def test_the_shares_are_those_that_the_claim_would_deal(campaign: Campaign) -> None:
    step = step_at(campaign, 1)
    Variant.objects.create(step=step, label="B", subject="x", body_text="y", weight=0)
    shares = effects_of_edit(step.pk, {"B": 2}).shares
    assert [(one.label, one.now) for one in shares] == [("A", 6), ("B", 0)]
    Variant.objects.filter(label="B").update(weight=2)
    dealt = effects_of_edit(step.pk, {}).shares
    assert [one.then for one in shares] == [one.now for one in dealt]
    assert sum(one.then for one in shares) == 6


def test_another_share_touches_those_alone_who_get_another_wording(
    client: Client, member: Member, campaign: Campaign
) -> None:
    step = step_at(campaign, 1)
    second = Variant.objects.create(step=step, label="B", subject="x", body_text="y", weight=1)
    now = {one.label: one.now for one in effects_of_edit(step.pk, {}).shares}
    assert now["A"] + now["B"] == 6
    found = effects_of_edit(step.pk, {"B": 0})
    assert (found.pending, found.moved) == (6, now["B"])
    shown = client.post(member.url("sequences:variant_removal", second.pk))
    assert f"changes {now['B']} pending" in shown.text
    both = edit(client, member, campaign, "variant_save", second.pk, body_text="z", weight="2")
    more = effects_of_edit(step.pk, {"B": 2})
    stay = sum(one.stays for one in more.shares if one.label == "B")
    assert f"changes {more.moved + stay} pending" in both.text, "whoever changes, and whoever stays at what is changed"


def test_whoever_may_still_come_by_a_branch_is_told(client: Client, member: Member, campaign: Campaign) -> None:
    first, second = (Path.objects.create(campaign=campaign, number=number, name=f"P{number}") for number in (1, 2))
    wording, last = make_step(campaign, 101, subject="", body="Hi"), make_step(campaign, 201, subject="", body="Ho")
    assert effects_of_edit(wording.step_id, {}).may_come == 0
    branch = make_branch(step_at(campaign, 1).pk, first)
    make_branch(wording.step_id, second, where="title is boss")
    assert [effects_of_edit(one.step_id, {}).may_come for one in (wording, last)] == [8, 8], "two are past it"
    Enrollment.objects.filter(contact__email="p0@x.example").update(next_position=102)
    assert [effects_of_edit(one.step_id, {}).may_come for one in (wording, last)] == [7, 8]
    shown = edit(client, member, campaign, "variant_save", wording.pk, body_text="Hello")
    assert "changes 0 pending" in shown.text
    assert "7 more may still come here by a branch" in shown.text
    branch.delete()
    make_branch(step_at(campaign, 1).pk, first, reply=ReplyClass.POSITIVE)
    assert effects_of_edit(wording.step_id, {}).may_come == 9, "an answer leads on from wherever they stand"


def test_messages_are_counted_by_the_version_that_they_were_made_from(campaign: Campaign) -> None:
    wording = wording_of(campaign)
    OutboundMessage.objects.filter(variant=wording, contact__email="p9@x.example").update(wording_version=4)
    assert made_from(wording.pk) == {1: 3, 4: 1}


def test_an_edit_of_a_launched_campaign_is_shown_first_and_counts_when_it_is_confirmed(
    client: Client, member: Member, campaign: Campaign
) -> None:
    wording = wording_of(campaign)
    url = member.url("sequences:variant_save", wording.pk)
    shown = edit(client, member, campaign, "variant_save", wording.pk, body_text="Hi,\n\nanother question.\n")
    assert shown.status_code == 200
    assert "<del>one </del><ins>another </ins>" in shown.text
    assert "changes 6 pending" in shown.text
    assert wording_of(campaign).body_text == wording.body_text
    again = send(client, form_to(shown.text, url), again="1")
    assert "another question." in again.text
    assert wording_of(campaign).body_text == wording.body_text
    assert send(client, form_to(shown.text, url), sure="1").status_code == 302
    now = wording_of(campaign)
    assert (now.body_text, now.version) == ("Hi,\n\nanother question.\n", wording.version + 1)
    assert set(OutboundMessage.objects.filter(variant=wording).values_list("body_text", flat=True)) == {
        wording.body_text
    }


def test_what_somebody_else_saved_meanwhile_is_not_replaced_by_a_confirmation(
    client: Client, member: Member, campaign: Campaign
) -> None:
    wording = wording_of(campaign)
    shown = edit(client, member, campaign, "variant_save", wording.pk, body_text="mine")
    services.save_variant(wording, Text("A question", "theirs"))
    form = form_to(shown.text, member.url("sequences:variant_save", wording.pk))
    refused = send(client, form, sure="1")
    assert refused.status_code == 422
    assert "Somebody else saved this wording" in refused.text
    assert wording_of(campaign).body_text == "theirs"


def test_another_wait_is_shown_with_those_whose_wait_has_begun(
    client: Client, member: Member, campaign: Campaign
) -> None:
    step = step_at(campaign, 2)
    shown = edit(client, member, campaign, "step_save", step.pk, wait_amount="9")
    assert "changes 6 pending" in shown.text
    assert "2 of the pending wait for this step already" in " ".join(shown.text.split())
    assert Step.objects.get(pk=step.pk).wait_amount == 3
    send(client, form_to(shown.text, member.url("sequences:step_save", step.pk)), sure="1")
    assert Step.objects.get(pk=step.pk).wait_amount == 9


def test_in_a_campaign_with_branches_the_page_says_that_a_longer_wait_holds_who_waits_already(
    client: Client, member: Member, campaign: Campaign
) -> None:
    make_branch(step_at(campaign, 1).pk, None, where="title is boss")
    step = step_at(campaign, 2)
    shown = edit(client, member, campaign, "step_save", step.pk, wait_amount="9")
    text = " ".join(shown.text.split())
    assert "2 of the pending wait for this step already. This campaign has branches" in text
    assert "a longer wait holds them, too" in text
    assert "changes 8 pending" in text


def test_a_former_text_is_brought_back_into_a_launched_campaign_after_a_look(
    client: Client, member: Member, campaign: Campaign
) -> None:
    wording = wording_of(campaign)
    services.save_variant(wording, Text("A question", "newer"))
    asked = {"number": str(wording.version), "seen": seen_variant(wording_of(campaign))}
    shown = client.post(member.url("sequences:variant_restore", wording.pk), asked)
    assert wording_of(campaign).body_text == "newer"
    assert (
        send(client, form_to(shown.text, member.url("sequences:variant_save", wording.pk)), sure="1").status_code == 302
    )
    now = wording_of(campaign)
    assert (now.body_text, now.came_from) == (wording.body_text, wording.version)
