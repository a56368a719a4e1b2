"""The campaign pages that need people and mailboxes: what they show, to whom, and what they cost."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing import HoldCode
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import (
    make_audience,
    make_campaign,
    make_contact,
    make_enrollment,
    make_list,
    make_member,
    make_open_windows,
    make_running_campaign,
    make_step,
)
from tests.builders import make_sender as carry
from tests.sending.planner.stage import DAY, database_time, make_empty_campaign, make_people, make_sender, make_team

pytestmark = pytest.mark.django_db


def signed_in(member: Member, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(member.user)
    return client


def read(member: Member, name: str, *args: object, query: str = "", status: int = 200) -> str:
    """Return the visible text of a page, spaces made one."""
    answer = signed_in(member).get(member.url(f"planner:{name}", *args) + query)
    assert answer.status_code == status, answer.content[:500]
    return text_of(answer)


def page_of(answer: HttpResponseBase) -> str:
    assert isinstance(answer, HttpResponse)
    return answer.content.decode()


def text_of(answer: HttpResponseBase) -> str:
    main = page_of(answer).split("<main", 1)[-1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def post(member: Member, name: str, *args: object, **values: object) -> HttpResponseBase:
    answer: HttpResponseBase = signed_in(member).post(member.url(f"planner:{name}", *args), values)
    return answer


def make_draft(member: Member, *, people: int = 2) -> Campaign:
    campaign = make_campaign(member.workspace, "Autumn")
    make_open_windows(campaign)
    make_step(campaign, 1, subject="For {{ first_name }}", body="Good day, {{ first_name }}.")
    contacts = tuple(make_contact(member.workspace, f"p{n}@example.com", first_name=f"Ada{n}") for n in range(people))
    make_audience(campaign, make_list(member.workspace, "Leads", contacts))
    carry(campaign, make_sender(member))
    return campaign


def make_mixed(member: Member) -> Campaign:
    """Make a running campaign in which each person stands somewhere else."""
    campaign = make_empty_campaign(member, make_sender(member))
    mailbox = Mailbox.objects.get()
    now = database_time()
    new, held, away, busy, done, replied, skipped = make_people(member, 7)
    make_enrollment(campaign, new, due_at=now)
    make_enrollment(
        campaign, held, due_at=now + DAY, hold_code=HoldCode.WINDOW, hold_detail="Outside the sending window in UTC."
    )
    make_enrollment(
        campaign, away, mailbox=mailbox, due_at=now + 2 * DAY, hold_code=HoldCode.ABSENT, hold_detail="Back on Monday",
        next_position=2, begun_at=now, last_sent_at=now,
    )  # fmt: skip
    make_enrollment(campaign, busy, state=EnrollmentState.SENDING, due_at=None, mailbox=mailbox, begun_at=now)
    make_enrollment(campaign, done, state=EnrollmentState.FINISHED, due_at=None, mailbox=mailbox, begun_at=now)
    make_enrollment(
        campaign, replied, state=EnrollmentState.STOPPED, due_at=None, mailbox=mailbox, begun_at=now,
        stop_reason=StopReason.REPLIED,
    )  # fmt: skip
    make_enrollment(campaign, skipped, state=EnrollmentState.SKIPPED, due_at=None, stop_reason=StopReason.SUPPRESSED)
    return campaign


# --- who stands where


def test_the_people_page_shows_where_each_stands_and_why() -> None:
    member = make_team()
    campaign = make_mixed(member)
    text = read(member, "people", campaign.pk)
    for fact in ("Enrolled 7", "Waiting 3", "2 not begun", "Held 2", "Finished 1", "Stopped 1", "Skipped 1"):
        assert fact in text, fact
    for words in ("in line", "Outside the sending window in UTC.", "Back on Monday", "Replied", "Suppressed"):
        assert words in text, words
    assert "p0@example.com" in text


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [6, 5, 4, 3, 2, 1, 0]),
        ("?state=active", [2, 1, 0]),
        ("?state=stopped", [5]),
        ("?hold=window", [1]),
        ("?hold=any", [2, 1]),
        ("?hold=gap", []),
        ("?state=active&hold=absent&q=p2", [2]),
        ("?q=P4@EXAMPLE", [4]),
        ("?q=%25", []),
        ("?q=p_", []),
        ("?state=nonsense&hold=nonsense", [6, 5, 4, 3, 2, 1, 0]),
    ],
)
def test_people_are_found_by_state_reason_and_beginning_of_the_address(query: str, numbers: list[int]) -> None:
    member = make_team()
    campaign = make_mixed(member)
    text = read(member, "people", campaign.pk, query=query)
    assert [int(found) for found in re.findall(r"\bp(\d)@example\.com", text)] == numbers


def test_the_people_are_paged_and_the_filters_stay_in_the_links() -> None:
    member = make_team()
    campaign = make_running_campaign(member, make_people(member, 60), (make_sender(member),))
    client = signed_in(member)
    url = member.url("planner:people", campaign.pk)
    first = client.get(url + "?state=active").content.decode()
    assert len(re.findall(r"p\d+@example\.com</a>", first)) == 50
    (older,) = re.findall(r'href="([^"]+)">Older', first)
    assert "state=active" in older
    second = client.get(url + older.replace("&amp;", "&")).content.decode()
    assert len(re.findall(r"p\d+@example\.com</a>", second)) == 10
    assert "p0@example.com</a>" in second
    (newer,) = re.findall(r'rel="prev" href="([^"]+)"', second)
    assert "p59@example.com</a>" in client.get(url + newer.replace("&amp;", "&")).content.decode()


def test_the_list_of_people_alone_is_the_region_of_the_page() -> None:
    member = make_team()
    campaign = make_mixed(member)
    url = member.url("planner:people", campaign.pk)
    page = signed_in(member).get(url)
    region = signed_in(member, HX_Request="true", HX_Target="people").get(url)
    assert "HX-Request" in region.headers["Vary"]
    assert "<html" not in region.content.decode()
    assert region.content.decode().strip().split("csrfmiddlewaretoken")[0] in page.content.decode()


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


def test_whoever_waits_for_a_mailbox_that_sends_nothing_is_told_so() -> None:
    member = make_team()
    campaign = make_running_campaign(member, make_people(member, 1), (make_sender(member),))
    Enrollment.objects.update(mailbox=Mailbox.objects.get())
    assert "None of the chosen mailboxes" not in read(member, "people", campaign.pk)
    Mailbox.objects.update(state=MailboxState.NEEDS_SIGN_IN)
    text = read(member, "people", campaign.pk)
    assert "waits for its mailbox, which is needs sign-in" in text.lower()
    assert "None of the chosen mailboxes is active. Test a mailbox, or resume a paused one." in text


def test_nobody_enrolled_leads_to_the_review() -> None:
    member = make_team()
    assert "Nobody is enrolled yet" in read(member, "people", make_draft(member).pk)


def test_filters_that_nobody_fits_lead_back_to_everybody() -> None:
    member = make_team()
    assert "Nobody fits these filters" in read(member, "people", make_mixed(member).pk, query="?q=zoe")


# --- acting on one person


def test_a_held_person_is_looked_at_again_when_somebody_asks() -> None:
    member = make_team()
    campaign = make_mixed(member)
    row = Enrollment.objects.get(hold_code=HoldCode.WINDOW)
    answer = post(member, "release", row.pk)
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.hold_code, row.due_at) == ("", database_time())
    assert "p1@example.com is looked at again now." in text_of(signed_in_again(member, answer))
    assert campaign.pk == row.campaign_id


def signed_in_again(member: Member, answer: HttpResponseBase) -> HttpResponseBase:
    """Follow a redirect with the cookies of the answer, where the messages are."""
    client = signed_in(member)
    client.cookies.update(answer.cookies)
    found: HttpResponseBase = client.get(answer.headers["Location"])
    return found


def test_a_hold_that_is_lifted_during_the_wait_says_how_long_the_step_still_waits() -> None:
    member = make_team()
    make_mixed(member)
    row = Enrollment.objects.get(hold_code=HoldCode.ABSENT)
    Step.objects.filter(position=2).update(wait_amount=3)
    text = text_of(signed_in_again(member, post(member, "release", row.pk)))
    due = database_time() + 3 * DAY
    assert f"p2@example.com is not held any more: its step waits until {due:%d %B, %H:%M} UTC." in text


def test_asking_twice_is_answered_and_changes_nothing() -> None:
    member = make_team()
    make_mixed(member)
    row = Enrollment.objects.get(hold_code=HoldCode.WINDOW)
    post(member, "release", row.pk)
    text = text_of(signed_in_again(member, post(member, "release", row.pk)))
    assert "Nothing holds p1@example.com any more." in text


def test_a_person_can_be_taken_out_of_a_campaign() -> None:
    member = make_team()
    make_mixed(member)
    row = Enrollment.objects.get(contact__email="p0@example.com")
    text = text_of(signed_in_again(member, post(member, "removal", row.pk)))
    assert "p0@example.com gets nothing more from this campaign." in text
    row.refresh_from_db()
    assert (row.state, row.stop_reason) == (EnrollmentState.STOPPED, StopReason.REMOVED)
    assert row.stop_detail == "Removed by owner@acme.example"


# --- senders, preview, review, launch


def test_senders_are_chosen_among_the_workspaces_mailboxes() -> None:
    member = make_team()
    campaign = make_draft(member)
    second = make_sender(member, "second@acme.example", state=MailboxState.PAUSED)
    foreign = make_sender(make_team("other"), "me@other.example")
    text = read(member, "senders", campaign.pk)
    assert "second@acme.example" in text
    assert foreign.address not in text
    chosen = [second.pk, foreign.pk, "x", "-1", "9" * 30]
    assert post(member, "senders", campaign.pk, mailboxes=chosen).status_code == 302
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
    assert "For Ada0" in read(member, "preview", campaign.pk, query=f"?contact={wanted}")


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
    assert "Launched: 2 contacts are in line." in text_of(signed_in_again(member, answer))
    assert post(member, "launch", campaign.pk).status_code == 422
    assert Enrollment.objects.count() == 2
    text = read(member, "review", campaign.pk)
    assert "Launched" in text
    assert "Launch to" not in text


def test_pausing_and_resuming_by_button_tell_what_happened_and_what_cannot() -> None:
    member = make_team()
    campaign = make_draft(member)
    assert "cannot become" in text_of(signed_in_again(member, post(member, "pause", campaign.pk)))
    post(member, "launch", campaign.pk)
    assert "nothing goes out" in text_of(signed_in_again(member, post(member, "pause", campaign.pk)))
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.PAUSED
    assert "usual pace" in text_of(signed_in_again(member, post(member, "resume", campaign.pk)))
    assert "cannot become" in text_of(signed_in_again(member, post(member, "resume", campaign.pk)))


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


def test_a_viewer_reads_everything_and_changes_nothing() -> None:
    member = make_team()
    viewer = make_member(member.workspace, Role.VIEWER)
    campaign = make_mixed(member)
    row = Enrollment.objects.get(hold_code=HoldCode.WINDOW)
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
