"""The campaign pages that need people and mailboxes: what they show, to whom, and what they cost."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.states import CampaignState
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing import HoldCode
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.states import EnrollmentState
from tests.builders import (
    make_audience,
    make_campaign,
    make_contact,
    make_list,
    make_member,
    make_running_campaign,
    make_step,
)
from tests.sending.planner.pages import follow, make_draft, make_mixed, post, read, save, signed_in, text_of
from tests.sending.planner.stage import make_people, make_sender, make_team

pytestmark = pytest.mark.django_db


def test_senders_are_chosen_among_the_workspaces_mailboxes() -> None:
    member = make_team()
    campaign = make_draft(member)
    second = make_sender(member, "second@acme.example", state=MailboxState.PAUSED)
    foreign = make_sender(make_team("other"), "me@other.example")
    text = read(member, "senders", campaign.pk)
    assert "second@acme.example" in text
    assert foreign.address not in text
    chosen = [second.pk, foreign.pk, "x", "-1", "9" * 30]
    assert save(member, "senders", campaign.pk, mailboxes=chosen).status_code == 302
    assert [row.mailbox for row in CampaignMailbox.objects.all()] == [second]


def test_the_preview_shows_each_step_as_a_real_contact_would_read_it() -> None:
    member = make_team()
    campaign = make_draft(member)
    make_step(campaign, 2, subject="ignored", body="Once more, {{ company }}.")
    Mailbox.objects.update(signature="Me, Acme")
    text = read(member, "preview", campaign.pk)
    assert "For Ada0" in text
    assert "Good day, Ada0." in text
    assert "Me, Acme" in text
    assert "Would be held" in text
    assert "Step 2 uses company, which this contact lacks." in text
    contact = make_contact(member.workspace, "zoe@example.com", first_name="Zoe", company="Initech")
    make_audience(campaign, make_list(member.workspace, "Second", (contact,)))
    text = read(member, "preview", campaign.pk, query=f"?contact={contact.pk}")
    assert "For Zoe" in text
    assert "Re: For Zoe" in text
    assert "Once more, Initech." in text


def test_anybody_of_a_large_audience_can_be_previewed() -> None:
    member = make_team()
    campaign = make_draft(member, people=60)
    last = Contact.objects.get(email="p59@example.com")
    assert "For Ada59" in read(member, "preview", campaign.pk, query=f"?contact={last.pk}")


@pytest.mark.parametrize("wanted", ["x", "-1", "0", "9" * 30, "٣"])
def test_a_contact_that_is_not_of_the_audience_is_not_previewed(wanted: str) -> None:
    member = make_team()
    campaign = make_draft(member)
    make_contact(member.workspace, "aside@example.com", first_name="Aside")
    text = read(member, "preview", campaign.pk, query=f"?contact={wanted}")
    assert "For Ada0" in text
    assert "neither in the audience nor enrolled. This is somebody else" in text


def test_the_preview_marks_the_wording_that_the_contact_will_get() -> None:
    member = make_team()
    campaign = make_draft(member, people=1)
    step = Step.objects.get()
    Variant.objects.create(step=step, label="B", subject="Second wording", body_text="B for {{ first_name }}")
    page = signed_in(member).get(member.url("planner:preview", campaign.pk))
    shown = page.context["steps"]
    assert [one.variant.label for one in shown] == ["A", "B"]
    assert [one.is_theirs for one in shown].count(True) == 1
    assert "This contact" in text_of(page)


def test_a_preview_without_audience_leads_to_it() -> None:
    member = make_team()
    campaign = make_draft(member, people=0)
    assert "Nobody to preview with" in read(member, "preview", campaign.pk)


def test_the_review_tells_who_is_written_to_from_where_and_what_is_missing() -> None:
    member = make_team()
    campaign = make_draft(member)
    text = read(member, "review", campaign.pk)
    for words in ("Nothing stands in the way", "Launch to 2 people", "me@acme.example", "UTC"):
        assert words in text, words
    Workspace.objects.update(postal_address="")
    Variant.objects.update(body_text="{{ frist_name }}")
    page = signed_in(member).get(member.url("planner:review", campaign.pk)).content.decode()
    assert "The workspace has no postal address" in page
    assert f'href="{member.url("workspace:settings")}"' in page
    assert f'href="{member.url("sequences:sequence", campaign.pk)}"' in page
    assert re.search(r"<button[^>]* disabled>", page)


def test_a_launch_that_is_not_ready_shows_every_obstacle_and_starts_nothing() -> None:
    member = make_team()
    campaign = make_draft(member)
    Workspace.objects.update(postal_address="")
    CampaignMailbox.objects.all().delete()
    answer = post(member, "launch", campaign.pk)
    assert answer.status_code == 422
    assert "The workspace has no postal address" in text_of(answer)
    assert "No mailbox carries the campaign." in text_of(answer)
    assert not Enrollment.objects.exists()


def test_the_button_launches_once_and_says_to_how_many() -> None:
    member = make_team()
    campaign = make_draft(member)
    answer = post(member, "launch", campaign.pk)
    assert answer.headers["Location"] == member.url("planner:people", campaign.pk)
    assert "Launched: 2 contacts are in line." in text_of(follow(member, answer))
    assert post(member, "launch", campaign.pk).status_code == 422
    assert Enrollment.objects.count() == 2
    text = read(member, "review", campaign.pk)
    assert "Launched" in text
    assert "Launch to" not in text


def test_pausing_and_resuming_by_button_tell_what_happened_and_what_cannot() -> None:
    member = make_team()
    campaign = make_draft(member)
    assert "cannot become" in text_of(follow(member, post(member, "pause", campaign.pk)))
    post(member, "launch", campaign.pk)
    assert "nothing goes out" in text_of(follow(member, post(member, "pause", campaign.pk)))
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.PAUSED
    assert "usual pace" in text_of(follow(member, post(member, "resume", campaign.pk)))
    assert "cannot become" in text_of(follow(member, post(member, "resume", campaign.pk)))


def test_the_list_tells_the_standing_of_each_campaign_and_when_it_is_complete() -> None:
    member = make_team()
    assert "No campaign yet" in read(member, "list")
    campaign = make_mixed(member)
    text = read(member, "list")
    assert "Autumn" in text
    assert "Running" in text
    Enrollment.objects.filter(campaign=campaign).exclude(state="stopped").update(
        state=EnrollmentState.FINISHED, due_at=None, stop_reason="", hold_code=""
    )
    assert "Complete" in read(member, "list")


def test_a_viewer_sees_what_would_go_out_and_no_button_that_launches_it() -> None:
    member = make_team()
    draft = make_draft(member)
    assert "Launch to 2 people" in read(member, "review", draft.pk)
    told = read(make_member(member.workspace, Role.VIEWER), "review", draft.pk)
    assert "A member of the workspace can launch it." in told
    assert "Launch to" not in told


def test_a_viewer_reads_everything_and_changes_nothing() -> None:
    member = make_team()
    viewer = make_member(member.workspace, Role.VIEWER)
    campaign = make_mixed(member)
    row = Enrollment.objects.get(hold_code=HoldCode.WINDOW)
    for name, pk in (("people", campaign.pk), ("why", row.pk)):
        assert "Check now" in read(member, name, pk)
        assert "Check now" not in read(viewer, name, pk)
    for name in ("people", "senders", "preview", "review"):
        assert read(viewer, name, campaign.pk)
    before = list(Enrollment.objects.order_by("pk").values())
    for name, pk in (
        ("senders", campaign.pk), ("launch", campaign.pk), ("pause", campaign.pk), ("resume", campaign.pk),
        ("release", row.pk), ("removal", row.pk),
    ):  # fmt: skip
        assert post(viewer, name, pk).status_code == 403, name
    assert list(Enrollment.objects.order_by("pk").values()) == before
    assert CampaignMailbox.objects.count() == 1
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING


@pytest.mark.parametrize("name", ["people", "list", "senders", "review", "preview"])
def test_a_page_asks_the_same_number_of_questions_for_one_row_and_for_twenty(name: str) -> None:
    counts = []
    for size in (1, 20):
        member = make_team(f"team{size}")
        mailboxes = tuple(make_sender(member, f"me{n}@acme.example") for n in range(size))
        people = make_people(member, size)
        campaigns = [make_running_campaign(member, people, mailboxes, name=f"Campaign {n}") for n in range(size)]
        Enrollment.objects.update(mailbox=mailboxes[0])
        if name == "review":
            Campaign.objects.update(state=CampaignState.DRAFT, launched_at=None)
        client = signed_in(member)
        args = [] if name == "list" else [campaigns[0].pk]
        client.get(member.url(f"planner:{name}", *args))  # what is asked once is kept
        with CaptureQueriesContext(connection) as asked:
            assert client.get(member.url(f"planner:{name}", *args)).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_list_is_searched_by_name_and_goes_by_pages() -> None:
    member = make_team()
    for number in range(52):
        make_campaign(member.workspace, f"Fair {number:02}")
    first = read(member, "list")
    assert ("Fair 51" in first, "Fair 02" in first, "Fair 01" in first, "Older" in first) == (True, True, False, True)
    found = read(member, "list", query="?q=fair+01")
    assert ("Fair 01" in found, "Fair 02" in found) == (True, False)
    assert "No campaign has “%” in its name" in read(member, "list", query="?q=%25")


@pytest.mark.parametrize("name", ["growth", "roles"])
def test_a_switch_of_an_audience_that_came_too_late_is_told(name: str) -> None:
    member = make_team()
    campaign = make_draft(member)
    Campaign.objects.update(state="archived")
    answer = signed_in(member).post(member.url(f"sequences:{name}", campaign.pk), {}, follow=True)
    assert answer.status_code == 200
    assert "archived" in text_of(answer)
