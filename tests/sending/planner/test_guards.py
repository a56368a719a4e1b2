"""Guards stop what would cost the reputation: a campaign, a mailbox; with the reason, and not again after a person."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from outreach.kit import gate
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.errors import StillGuarded
from sending.mailboxes.guarding import mailbox_alarms
from sending.mailboxes.models import HealthChange, Mailbox, MailboxClock
from sending.mailboxes.services import activate
from sending.mailboxes.services import pause as pause_mailbox
from sending.mailboxes.services import resume as resume_mailbox
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.jobs import Result
from sending.outbox.records import record_results
from sending.planner.progress.guards import campaign_alarms, sweep_complaints, watch, why_paused
from sending.planner.services import pause, resume
from sending.smtp import Phase, Refused, Reply
from tests.builders import make_member, make_running_campaign
from tests.sending.planner.stage import DAY, HOUR, database_time, happen, make_people, make_sender, make_team, pick

pytestmark = pytest.mark.django_db
DOMAIN = "acme.example"  # of the mailboxes
UNKNOWN = Refused(Phase.RCPT, Reply(550, "5.1.1", "User unknown"))


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def mailbox(member: Member) -> Mailbox:
    return make_sender(member)


@pytest.fixture
def campaign(member: Member, mailbox: Mailbox) -> Campaign:
    running = make_running_campaign(member, make_people(member, 6), (mailbox,))
    Campaign.objects.update(state_changed_at=database_time() - 30 * DAY)
    Mailbox.objects.update(state_changed_at=database_time() - 30 * DAY)
    return running


def look(campaign: Campaign, mailbox: Mailbox) -> tuple[str, str]:
    """Let the guards look, as whoever records a bounce does; return the states of campaign and mailbox."""
    with transaction.atomic():
        gate.hold_shut(campaign.workspace_id)
        watch(campaign_ids=[campaign.pk], mailbox_ids=[mailbox.pk])
    campaign.refresh_from_db()
    mailbox.refresh_from_db()
    return campaign.state, mailbox.state


def test_at_three_percent_the_campaign_is_paused_with_its_reason(
    campaign: Campaign, mailbox: Mailbox, member: Member, client: Client
) -> None:
    happen(campaign, mailbox, EventKind.ATTEMPTED, 99)
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 3)
    happen(campaign, mailbox, EventKind.SENT, 96)
    assert look(campaign, mailbox) == ("paused", "active")
    words = (
        "A guard paused it: 3 of 99 messages in 7 days went to addresses that do not exist (3.0 %, the limit is 3 %)."
    )
    assert why_paused(campaign) == words
    assert pick(mailbox) == []
    client.force_login(member.user)
    assert words in client.get(member.url("planner:people", campaign.pk)).content.decode()


def test_close_to_the_line_it_goes_on_and_the_page_warns(
    campaign: Campaign, mailbox: Mailbox, member: Member, client: Client
) -> None:
    happen(campaign, mailbox, EventKind.ATTEMPTED, 100)
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 2)
    happen(campaign, mailbox, EventKind.SENT, 98)
    assert look(campaign, mailbox) == ("running", "active")
    client.force_login(member.user)
    page = client.get(member.url("planner:people", campaign.pk)).content.decode()
    assert "2 of 100 messages in 7 days went to addresses that do not exist (2.0 %, it stops at 3 %)." in page


def test_what_lies_more_than_seven_days_back_is_forgotten(campaign: Campaign, mailbox: Mailbox) -> None:
    happen(campaign, mailbox, EventKind.ATTEMPTED, 20)
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 9, ago=7 * DAY)
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 1, ago=7 * DAY - HOUR)
    assert look(campaign, mailbox) == ("running", "active")
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 1)
    assert look(campaign, mailbox)[0] == "paused"


def test_after_a_person_has_resumed_it_counts_anew(campaign: Campaign, mailbox: Mailbox, member: Member) -> None:
    happen(campaign, mailbox, EventKind.ATTEMPTED, 50)
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 5)
    assert look(campaign, mailbox) == ("paused", "blocked")
    resume(member, campaign)
    resume_mailbox(mailbox.pk, by=member)
    soon = -timedelta(seconds=1)  # the clock of a test's transaction stands still, the program's goes on
    happen(campaign, mailbox, EventKind.ATTEMPTED, 30, ago=soon)
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 1, ago=soon)
    assert look(campaign, mailbox) == ("running", "active")
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 1, ago=soon)
    assert look(campaign, mailbox) == ("paused", "blocked")
    assert Event.objects.filter(kind=EventKind.GUARD_RELEASED).count() == 2


def test_at_five_percent_the_mailbox_is_stopped_and_its_health_cut(campaign: Campaign, mailbox: Mailbox) -> None:
    happen(campaign, mailbox, EventKind.ATTEMPTED, 40)
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 2)
    happen(campaign, mailbox, EventKind.SENT, 38)
    assert look(campaign, mailbox)[1] == "blocked"
    assert mailbox.state_reason == (
        "Stopped by a guard: 2 of 40 messages in 7 days went to addresses that do not exist (5.0 %, the limit is 5 %)."
    )
    change = HealthChange.objects.get()
    assert (change.cause, change.percent, change.words) == ("bounces", 50, mailbox.state_reason)


def test_three_refusals_in_a_row_stop_the_mailbox_at_the_third(
    campaign: Campaign, mailbox: Mailbox, django_capture_on_commit_callbacks: object
) -> None:
    owner, (held,) = leases.lease_due(most=1)
    states = []
    for job in claim(owner, [held])[:4]:
        record_results([Result(job, UNKNOWN, database_time(), database_time())])
        mailbox.refresh_from_db()
        states.append(mailbox.state)
    assert states == ["active", "active", "blocked", "blocked"]
    assert mailbox.state_reason == "Stopped by a guard: 3 addresses in a row do not exist."
    assert MailboxClock.objects.get().health == 50
    assert Event.objects.filter(kind=EventKind.MAILBOX_PAUSED).count() == 1


def test_a_success_between_them_ends_the_row_and_late_reports_make_none(campaign: Campaign, mailbox: Mailbox) -> None:
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 2)
    happen(campaign, mailbox, EventKind.SENT)
    happen(campaign, mailbox, EventKind.BOUNCED_HARD)
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 2, inbound=7)  # read at night, one after the other
    assert look(campaign, mailbox) == ("running", "active")
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 2)
    assert look(campaign, mailbox)[1] == "blocked"


def test_two_complaints_stop_both(campaign: Campaign, mailbox: Mailbox) -> None:
    happen(campaign, mailbox, EventKind.SENT, 300)
    happen(campaign, mailbox, EventKind.COMPLAINED)
    assert look(campaign, mailbox) == ("running", "active")
    happen(campaign, mailbox, EventKind.COMPLAINED)
    assert look(campaign, mailbox) == ("paused", "blocked")
    assert why_paused(campaign) == "A guard paused it: 2 of 300 messages in 7 days were reported as spam."


def complain(campaign: Campaign, mailbox: Mailbox, times: int = 2, *, ago: timedelta = HOUR) -> None:
    happen(campaign, mailbox, EventKind.SENT, 300, ago=ago)
    happen(campaign, mailbox, EventKind.COMPLAINED, times, ago=ago)


def test_against_complaints_only_an_admin_resumes_and_says_why(campaign: Campaign, mailbox: Mailbox) -> None:
    complain(campaign, mailbox)
    assert look(campaign, mailbox) == ("paused", "blocked")
    teammate, admin = make_member(campaign.workspace, Role.MEMBER), make_member(campaign.workspace, Role.ADMIN)
    for who, why in ((teammate, "We know better"), (admin, " ")):
        with pytest.raises(StillGuarded, match=r"2 of 300 .* reported as spam\. Until .* says why"):
            resume(who, campaign, why=why)
        with pytest.raises(StillGuarded):
            resume_mailbox(mailbox.pk, by=who, why=why)
    resume(admin, campaign, why="It was one angry list")
    resume_mailbox(mailbox.pk, by=admin, why="It was one angry list")
    assert look(campaign, mailbox) == ("running", "active")
    told = [row.said for row in Event.objects.filter(kind=EventKind.GUARD_RELEASED)]
    assert all(words.startswith("“It was one angry list” Let go on, although: 2 of 300 messages") for words in told)
    assert len(told) == 2


@pytest.mark.parametrize(("ago", "holds"), [(7 * DAY - HOUR, True), (7 * DAY + HOUR, False)])
def test_after_seven_days_whoever_may_resume_resumes(
    campaign: Campaign, mailbox: Mailbox, ago: timedelta, *, holds: bool
) -> None:
    complain(campaign, mailbox, ago=ago)
    Campaign.objects.update(state="paused")
    Mailbox.objects.update(state="blocked")
    teammate = make_member(campaign.workspace, Role.MEMBER)
    with pytest.raises(StillGuarded) if holds else nullcontext():
        resume(teammate, campaign)
    with pytest.raises(StillGuarded) if holds else nullcontext():
        resume_mailbox(mailbox.pk, by=teammate)
    assert Event.objects.filter(kind=EventKind.GUARD_RELEASED).count() == 0


def test_no_other_road_leads_past_complaints(campaign: Campaign, mailbox: Mailbox, member: Member) -> None:
    """A pause and its end, a new sign-in, a complaint while it stood still: nothing of it is accepting anything."""
    complain(campaign, mailbox, 1)
    pause_mailbox(mailbox.pk, "Lunch")
    pause(member, campaign)
    happen(campaign, mailbox, EventKind.COMPLAINED)
    assert look(campaign, mailbox) == ("paused", "paused")
    teammate = make_member(campaign.workspace, Role.MEMBER)
    with pytest.raises(StillGuarded):
        resume_mailbox(mailbox.pk, by=teammate)
    with pytest.raises(StillGuarded):
        resume(teammate, campaign)
    Mailbox.objects.update(state="needs_sign_in")
    activate(mailbox.pk)
    Campaign.objects.update(state="running")
    sweep_complaints()
    campaign.refresh_from_db()
    mailbox.refresh_from_db()
    assert (campaign.state, mailbox.state) == ("paused", "blocked")
    HealthChange.objects.all().delete()
    sweep_complaints()
    assert not HealthChange.objects.exists(), "what stands still is not punished again"


def test_three_complaints_stop_a_domain_though_each_mailbox_had_one(
    campaign: Campaign, mailbox: Mailbox, member: Member
) -> None:
    boxes = [mailbox, *(make_sender(member, f"{name}@{DOMAIN}") for name in ("b", "c"))]
    other = make_sender(member, "d@elsewhere.example")
    for box in boxes:
        complain(campaign, box, 1)
        assert look(campaign, box)[1] == "active"
    assert sweep_complaints() == 3
    words = f"Stopped by a guard: {DOMAIN}: 3 of 900 messages in 7 days were reported as spam."
    stopped = Mailbox.objects.filter(state="blocked", state_reason=words)
    assert {box.pk for box in stopped} == {box.pk for box in boxes}
    other.refresh_from_db()
    assert other.state == "active"
    admin = make_member(campaign.workspace, Role.ADMIN)
    with pytest.raises(StillGuarded):
        resume_mailbox(boxes[1].pk, by=admin)
    resume_mailbox(boxes[1].pk, by=admin, why="All three are one person")
    resume_mailbox(boxes[2].pk, by=make_member(campaign.workspace, Role.MEMBER))  # the domain was let go
    assert sweep_complaints() == 0


def test_pages_say_what_would_let_it_go_on(
    campaign: Campaign, mailbox: Mailbox, member: Member, client: Client
) -> None:
    complain(campaign, mailbox)
    look(campaign, mailbox)
    client.force_login(member.user)
    for page, button in (
        (member.url("planner:people", campaign.pk), "planner:resume"),
        (member.url("mailboxes:detail", mailbox.pk), "mailboxes:resume"),
    ):
        text = client.get(page).text
        assert "it does not go on yet" in text
        assert "These complaints no longer count from" in text
        url = member.url(button, campaign.pk if "planner" in button else mailbox.pk)
        assert f'action="{url}"' in text
        assert "says why" in client.post(url, follow=True).text
        assert "says why" not in client.post(url, {"why": "A mistake of a provider"}, follow=True).text
    assert "is paused by a guard" not in client.get(member.url("reports:home")).text
    happen(campaign, mailbox, EventKind.COMPLAINED, 2, ago=-timedelta(seconds=1))
    look(campaign, mailbox)
    home = client.get(member.url("reports:home")).text
    assert f"{campaign.name} is paused by a guard" in home
    assert "were reported as spam" in home


def test_in_a_sandbox_nobody_is_stopped(campaign: Campaign, mailbox: Mailbox) -> None:
    Workspace.objects.update(time_scale=1_440)
    Campaign.objects.update(state_changed_at=database_time() - DAY)
    happen(campaign, mailbox, EventKind.ATTEMPTED, 50, ago=timedelta(seconds=1))
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 40, ago=timedelta(seconds=1))
    assert look(campaign, mailbox) == ("running", "active")
    assert campaign_alarms([campaign.pk])[campaign.pk][0].stops, "but the page tells"


def test_what_stands_still_is_not_looked_at(campaign: Campaign, mailbox: Mailbox) -> None:
    happen(campaign, mailbox, EventKind.ATTEMPTED, 20)
    happen(campaign, mailbox, EventKind.BOUNCED_HARD, 20)
    Campaign.objects.update(state="paused")
    Mailbox.objects.update(state="paused")
    assert look(campaign, mailbox) == ("paused", "paused")
    assert (campaign_alarms([campaign.pk]), mailbox_alarms([mailbox.pk])) == ({}, {})
    assert not Event.objects.filter(kind__in=[EventKind.PAUSED, EventKind.MAILBOX_PAUSED]).exists()
