"""Where each person of a campaign stands, and what can be done about one of them."""

from __future__ import annotations

import re
from datetime import UTC

import pytest

from campaigns.sequences.models import Step
from outreach.kit.words import moment
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing import HoldCode
from sending.planner.models import Enrollment, Pause
from sending.planner.states import EnrollmentState, PauseScope, StopReason
from tests.builders import (
    make_running_campaign,
)
from tests.sending.planner.pages import follow, make_draft, make_mixed, post, read, signed_in, text_of
from tests.sending.planner.stage import DAY, database_time, make_people, make_sender, make_team

pytestmark = pytest.mark.django_db


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
        ("?state=active&hold=none", [0]),
        ("?state=stopped&reason=replied", [5]),
        ("?state=stopped&reason=removed", []),
        ("?state=active&begun=no", [1, 0]),
        ("?state=active&begun=yes", [2]),
        ("?reason=nonsense&begun=nonsense", [6, 5, 4, 3, 2, 1, 0]),
        ("?q=P4@EXAMPLE", [4]),
        ("?q=%25", []),
        ("?q=p_", []),
        ("?q=p4%00@", [4]),
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


def test_whoever_waits_for_a_mailbox_that_sends_nothing_is_told_so() -> None:
    member = make_team()
    campaign = make_running_campaign(member, make_people(member, 1), (make_sender(member),))
    Enrollment.objects.update(mailbox=Mailbox.objects.get())
    assert "None of the chosen mailboxes" not in read(member, "people", campaign.pk)
    Mailbox.objects.update(state=MailboxState.NEEDS_SIGN_IN)
    text = read(member, "people", campaign.pk)
    assert "waits for its mailbox (needs sign-in)" in text.lower()
    assert "None of the chosen mailboxes is active. Test a mailbox, or resume a paused one." in text


def test_nobody_enrolled_leads_to_the_review() -> None:
    member = make_team()
    assert "Nobody is enrolled yet" in read(member, "people", make_draft(member).pk)


def test_filters_that_nobody_fits_lead_back_to_everybody() -> None:
    member = make_team()
    assert "Nobody fits these filters" in read(member, "people", make_mixed(member).pk, query="?q=zoe")


def test_a_held_person_is_looked_at_again_when_somebody_asks() -> None:
    member = make_team()
    campaign = make_mixed(member)
    row = Enrollment.objects.get(hold_code=HoldCode.WINDOW)
    answer = post(member, "release", row.pk)
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.hold_code, row.due_at) == ("", database_time())
    assert "p1@example.com is looked at again now." in text_of(follow(member, answer))
    assert campaign.pk == row.campaign_id


def test_a_hold_that_is_lifted_during_the_wait_says_how_long_the_step_still_waits() -> None:
    member = make_team()
    make_mixed(member)
    row = Enrollment.objects.get(hold_code=HoldCode.ABSENT)
    Step.objects.filter(position=2).update(wait_amount=3)
    text = text_of(follow(member, post(member, "release", row.pk)))
    due = database_time() + 3 * DAY
    assert f"p2@example.com is not held any more: its step waits until {moment(due, UTC)} by their clock." in text


@pytest.mark.parametrize(
    ("code", "scope", "value", "button", "answer"),
    [
        (HoldCode.ADDRESS_HELD, PauseScope.ADDRESS, "p1@example.com", "Write to it again", "p1@example.com rests no"),
        (
            HoldCode.COMPANY_PAUSED,
            PauseScope.COMPANY,
            "example.com",
            "Let example.com go on",
            "Everybody at example.com",
        ),
    ],
)
def test_a_rest_of_an_address_and_a_pause_of_a_company_end_where_the_held_are_seen(
    code: HoldCode, scope: PauseScope, value: str, button: str, answer: str
) -> None:
    member = make_team()
    campaign = make_mixed(member)
    row = Enrollment.objects.get(hold_code=HoldCode.WINDOW)
    Enrollment.objects.filter(pk=row.pk).update(hold_code=code)
    until = database_time() + DAY if scope is PauseScope.ADDRESS else None
    Pause.objects.create(workspace=member.workspace, scope=scope, value=value, words="For a reason.", until=until)
    assert button in read(member, "people", campaign.pk)
    assert answer in text_of(follow(member, post(member, "release", row.pk)))
    row.refresh_from_db()
    assert (row.hold_code, Pause.objects.count()) == ("", 0)


def test_asking_twice_is_answered_and_changes_nothing() -> None:
    member = make_team()
    make_mixed(member)
    row = Enrollment.objects.get(hold_code=HoldCode.WINDOW)
    post(member, "release", row.pk)
    text = text_of(follow(member, post(member, "release", row.pk)))
    assert "Nothing holds p1@example.com any more." in text


def test_a_person_can_be_taken_out_of_a_campaign() -> None:
    member = make_team()
    make_mixed(member)
    row = Enrollment.objects.get(contact__email="p0@example.com")
    assert "Take p0@example.com out?" in read(member, "removal", row.pk)
    row.refresh_from_db()
    assert row.state == EnrollmentState.ACTIVE, "to be asked changes nothing"
    text = text_of(follow(member, post(member, "removal", row.pk)))
    assert "p0@example.com gets nothing more from this campaign." in text
    row.refresh_from_db()
    assert (row.state, row.stop_reason) == (EnrollmentState.STOPPED, StopReason.REMOVED)
    assert row.stop_detail == "Removed by owner@acme.example"
