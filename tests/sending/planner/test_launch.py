"""Launching: who is enrolled, once; who is counted; what happens when two people press the button."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError
from django.db.models import ProtectedError
from django.db.models.functions import Now

from campaigns.contacts.models import Contact, ContactList, ListMember, Segment
from campaigns.sequences import audience
from campaigns.sequences import services as sequences
from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.services import record
from sending.planner.audience.health import audience_health
from sending.planner.errors import NotReady
from sending.planner.lawful.law import version
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.queries import audience_size, standing_of
from sending.planner.review.readiness import stalls
from sending.planner.services import enroll_audience, grow_audiences, launch, pause, resume, set_senders
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import (
    make_audience,
    make_campaign,
    make_contact,
    make_list,
    make_open_windows,
    make_segment,
    make_step,
    make_suppression,
)
from tests.builders import make_sender as carry
from tests.sending.planner.stage import make_people, make_sender, make_team, pick, put_to_sleep, sleepers

pytestmark = pytest.mark.django_db


def make_draft(member: Member, *lists: ContactList) -> Campaign:
    campaign = make_campaign(member.workspace)
    make_open_windows(campaign)
    make_step(campaign)
    for one in lists:
        make_audience(campaign, one)
    carry(campaign, make_sender(member))
    return campaign


def make_launchable(count: int = 3) -> tuple[Member, Campaign]:
    member = make_team()
    return member, make_draft(member, make_list(member.workspace, "Leads", make_people(member, count)))


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    """Return a context that ends as a commit does: mailboxes are woken after it."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_the_audience_counts_each_person_of_the_lists_once() -> None:
    member = make_team()
    ada, ben = make_people(member, 2)
    lists = (make_list(member.workspace, "First", (ada, ben)), make_list(member.workspace, "Second", (ben,)))
    campaign = make_draft(member, *lists)
    assert audience_size(campaign) == 2


def test_a_launch_enrolls_each_person_of_the_lists_once_and_due_now() -> None:
    member = make_team()
    ada, ben, cleo, dan = make_people(member, 4)
    other = make_team("other")
    stranger = make_contact(other.workspace, "stranger@example.com")
    first = make_list(member.workspace, "First", (ada, ben, stranger))
    second = make_list(member.workspace, "Second", (ben, cleo))
    make_list(member.workspace, "Unchosen", (dan,))
    campaign = make_draft(member, first, second)
    assert launch(member, campaign) == 3
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    assert campaign.launched_at is not None
    rows = Enrollment.objects.filter(campaign=campaign)
    assert {row.contact_id for row in rows} == {ada.pk, ben.pk, cleo.pk}
    for row in rows:
        assert (row.state, row.next_position, row.mailbox_id) == (EnrollmentState.ACTIVE, 1, None)
        assert row.workspace_id == member.workspace.pk
        assert row.due_at == campaign.launched_at
    event = Event.objects.get(kind=EventKind.LAUNCHED)
    assert event.data == {"contacts": 3, "by": "owner@acme.example", "law": version()}


def test_a_launch_wakes_the_sleeping_mailboxes_of_the_campaign_only(committed: Any) -> None:
    member, campaign = make_launchable()
    bystander = make_sender(member, "bystander@acme.example")
    put_to_sleep()
    with committed():
        launch(member, campaign)
    assert sleepers() == [bystander.address]


def test_a_second_launch_is_refused_and_enrolls_nobody() -> None:
    member, campaign = make_launchable()
    launch(member, campaign)
    make_list(member.workspace, "More")
    ListMember.objects.create(
        contact_list=ContactList.objects.get(name="Leads"), contact=make_contact(member.workspace, "late@example.com")
    )
    with pytest.raises(NotReady):
        launch(member, campaign)
    assert Enrollment.objects.count() == 3


def test_a_growing_audience_adds_only_whoever_is_new() -> None:
    member, campaign = make_launchable()
    launch(member, campaign)
    Enrollment.objects.update(state=EnrollmentState.FINISHED, due_at=None)
    late = make_contact(member.workspace, "late@example.com")
    ListMember.objects.create(contact_list=ContactList.objects.get(name="Leads"), contact=late)
    assert enroll_audience(campaign) == 1
    assert enroll_audience(campaign) == 0
    assert Enrollment.objects.get(state=EnrollmentState.ACTIVE).contact == late
    assert Enrollment.objects.count() == 4


def test_a_segment_is_an_audience_of_whoever_fits_at_the_launch() -> None:
    member, campaign = make_launchable(count=1)
    make_people(member, 3, name="s", company="Acme")
    strangers = make_team("other")
    make_contact(strangers.workspace, "stranger@example.com", company="Acme")
    segment = make_segment(member.workspace, "At Acme", "company is acme and not email is s2@example.com")
    sequences.set_audience(campaign, [ContactList.objects.get(name="Leads").pk], [segment.pk])
    assert audience_size(campaign) == 3
    assert audience_health(campaign).total == 3
    people = audience.audience_contacts(campaign).order_by("pk").values_list("email", flat=True)
    assert list(people) == ["p0@example.com", "s0@example.com", "s1@example.com"]
    assert launch(member, campaign) == 3
    assert set(Enrollment.objects.values_list("contact__email", flat=True)) == {
        "p0@example.com", "s0@example.com", "s1@example.com",
    }  # fmt: skip
    with pytest.raises(ProtectedError):
        segment.delete()


def test_who_comes_later_is_enrolled_once_and_only_where_that_was_chosen(committed: Any) -> None:
    member, campaign = make_launchable(count=1)
    segment = make_segment(member.workspace, "At Acme", "company is acme")
    sequences.set_audience(campaign, [], [segment.pk])
    make_contact(member.workspace, "first@example.com", company="Acme")
    assert launch(member, campaign) == 1
    late = make_contact(member.workspace, "late@example.com", company="Acme")
    assert grow_audiences() == 0
    sequences.let_grow(campaign, grows=True)
    put_to_sleep()
    with committed():
        assert grow_audiences() == 1
    assert not sleepers()
    assert Enrollment.objects.latest("pk").contact == late
    assert Event.objects.get(kind=EventKind.ENROLLED).data["words"] == "1 came into the audience."
    Enrollment.objects.filter(contact=late).update(
        state=EnrollmentState.STOPPED, stop_reason=StopReason.REMOVED, due_at=None
    )
    pause(member, campaign)
    make_contact(member.workspace, "later@example.com", company="Acme")
    assert grow_audiences() == 0, "a paused campaign waits with it"
    resume(member, campaign)
    assert grow_audiences() == 1, "and whoever was taken out stays out"


def make_growing(member: Member, company: str) -> Campaign:
    campaign = make_draft(member)
    make_contact(member.workspace, f"first@{company}.example", company=company)
    segment = make_segment(member.workspace, f"At {company}", f"company is {company}")
    sequences.set_audience(campaign, [], [segment.pk])
    launch(member, campaign)
    sequences.let_grow(campaign, grows=True)
    return campaign


def test_a_campaign_that_fails_does_not_keep_the_others_from_growing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    member, other = make_team(), make_team("other")
    failing, growing = make_growing(member, "acme"), make_growing(other, "umbra")
    make_contact(member.workspace, "late@acme.example", company="acme")
    make_contact(other.workspace, "late@umbra.example", company="umbra")
    real = audience.audience_ids

    def audience_ids(campaign: Campaign) -> Any:
        if campaign == failing:
            raise DataError("a value that its condition cannot compare")
        return real(campaign)

    monkeypatch.setattr("sending.planner.services.enrolling.audience_ids", audience_ids)
    assert grow_audiences() == 1
    assert Enrollment.objects.filter(campaign=growing).count() == 2
    assert [(one.message, vars(one)["campaign_id"]) for one in caplog.records] == [
        ("campaign.growth_failed", failing.pk)
    ]


def test_an_audience_grows_in_parts_that_a_pause_comes_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sending.planner.services.growing._PART", 2)
    member = make_team()
    campaign = make_growing(member, "acme")
    make_people(member, 5, company="acme")
    assert grow_audiences() == 5
    assert Enrollment.objects.filter(campaign=campaign).count() == 6
    counts = Event.objects.filter(kind=EventKind.ENROLLED).order_by("id")
    assert [one.data["contacts"] for one in counts] == [2, 2, 1], "each part is a transaction with its event"
    make_people(member, 4, name="late", company="acme")

    def paused_behind(entries: Any) -> Any:
        record(entries)
        Campaign.objects.update(state=CampaignState.PAUSED)

    monkeypatch.setattr("sending.planner.services.growing.record", paused_behind)
    assert grow_audiences() == 2


def test_a_campaign_that_grows_enrolls_nobody_whom_a_deleted_list_excluded_and_says_so() -> None:
    member = make_team()
    never = make_list(member.workspace, "Never", (make_contact(member.workspace, "no@acme.example", company="acme"),))
    campaign = make_growing(member, "acme")
    Segment.objects.update(where=f"company is acme and not list is {never.pk}")
    Enrollment.objects.filter(contact__email="no@acme.example").delete()
    campaign.refresh_from_db()
    assert (grow_audiences(), stalls(campaign)) == (0, ())
    gone = never.pk
    never.delete()
    campaign.refresh_from_db()
    assert grow_audiences() == 0
    assert [one.words for one in stalls(campaign)] == [
        f"The segment At acme cannot be read, so nobody of it is added. There is no list {gone} any more."
    ]


def test_a_list_that_goes_while_a_campaign_grows_lets_nobody_in_whom_it_excluded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    member = make_team()
    never = make_list(member.workspace, "Never", (make_contact(member.workspace, "no@acme.example", company="acme"),))
    campaign = make_growing(member, "acme")
    Segment.objects.update(where=f"company is acme and not list is {never.pk}")
    Enrollment.objects.filter(contact__email="no@acme.example").delete()

    def read_and_gone(one: Campaign) -> Any:
        ids = audience.audience_ids(one)
        never.delete()
        return ids

    monkeypatch.setattr("sending.planner.services.enrolling.audience_ids", read_and_gone)
    assert grow_audiences() == 0
    assert Enrollment.objects.get(campaign=campaign).contact.email == "first@acme.example"


def test_a_list_that_goes_while_a_campaign_is_launched_lets_nobody_in_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    member, campaign = make_launchable(count=2)
    never = make_list(member.workspace, "Never", (Contact.objects.get(email="p1@example.com"),))
    segment = make_segment(member.workspace, "Welcome", f"email contains example and not list is {never.pk}")
    sequences.set_audience(campaign, [], [segment.pk])

    def read_and_gone(one: Campaign) -> Any:
        ids = audience.audience_ids(one)
        never.delete()
        return ids

    monkeypatch.setattr("sending.planner.services.enrolling.audience_ids", read_and_gone)
    with pytest.raises(NotReady, match="The segment Welcome cannot be read"):
        launch(member, campaign)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
    assert not Enrollment.objects.exists()


def test_a_segment_that_cannot_be_read_any_more_forbids_the_launch_and_means_nobody() -> None:
    member, campaign = make_launchable(count=1)
    segment = make_segment(member.workspace, "Big", "fields.seats over 10")
    sequences.set_audience(campaign, [ContactList.objects.get(name="Leads").pk], [segment.pk])
    with pytest.raises(NotReady) as caught:
        launch(member, campaign)
    assert [one.code for one in caught.value.obstacles] == ["broken_segment"]
    assert "The segment Big cannot be read. At character 14: fields.seats is a text" in caught.value.obstacles[0].words
    assert audience_size(campaign) == 1


def test_suppressed_people_are_enrolled_skipped_with_their_reason_and_counted() -> None:
    member, campaign = make_launchable(count=3)
    make_suppression(member.workspace, "p1@example.com", reason="complained")
    assert launch(member, campaign) == 3
    picked = pick(*[row.mailbox for row in CampaignMailbox.objects.all()])
    assert [one.contact.email for one in picked] == ["p0@example.com", "p2@example.com"]
    row = Enrollment.objects.get(state=EnrollmentState.SKIPPED)
    assert (row.stop_reason, row.stop_detail) == (StopReason.SUPPRESSED, "p1@example.com is suppressed: complained.")
    standing = standing_of([campaign.pk])[campaign.pk]
    assert standing.skipped == {StopReason.SUPPRESSED: 1}
    assert (standing.enrolled, standing.sending, standing.skipped_total, standing.active) == (3, 2, 1, 0)


def test_pausing_and_resuming_change_nobodys_place(committed: Any) -> None:
    member, campaign = make_launchable(count=6)
    launch(member, campaign)
    before = list(Enrollment.objects.order_by("pk").values())
    pause(member, campaign)
    mailbox = CampaignMailbox.objects.get().mailbox
    assert pick(mailbox) == []
    assert list(Enrollment.objects.order_by("pk").values()) == before
    put_to_sleep()
    with committed():
        resume(member, campaign)
    assert sleepers() == []
    assert list(Enrollment.objects.order_by("pk").values()) == before
    assert len(pick(mailbox)) == 6
    kinds = Event.objects.filter(kind__in=[EventKind.PAUSED, EventKind.RESUMED]).order_by("id")
    assert [(one.kind, one.data["by"]) for one in kinds] == [
        ("paused", "owner@acme.example"),
        ("resumed", "owner@acme.example"),
    ]


def test_what_became_due_during_a_pause_does_not_leave_in_a_burst() -> None:
    member, campaign = make_launchable(count=30)
    mailbox = CampaignMailbox.objects.get().mailbox
    type(mailbox).objects.update(hourly_limit=4, daily_limit=9)
    launch(member, campaign)
    pause(member, campaign)
    Enrollment.objects.update(due_at=Now() - timedelta(days=30))
    resume(member, campaign)
    assert len(pick(mailbox)) == 4, "thirty days of waiting are no reason to pass the limit of an hour"
    type(mailbox).objects.update(gap_min_s=360, gap_max_s=720)
    assert len(pick(mailbox)) == 1


def test_a_draft_can_be_neither_paused_nor_resumed() -> None:
    member, campaign = make_launchable()
    for act in (pause, resume):
        with pytest.raises(IllegalMove):
            act(member, campaign)
    assert not Event.objects.filter(kind__in=[EventKind.PAUSED, EventKind.RESUMED]).exists()


def test_exactly_the_chosen_mailboxes_of_the_workspace_carry_the_campaign(committed: Any) -> None:
    member, campaign = make_launchable()
    own = CampaignMailbox.objects.get().mailbox
    second = make_sender(member, "second@acme.example")
    foreign = make_sender(make_team("other"), "me@other.example")
    put_to_sleep()
    with committed():
        set_senders(member, campaign, [second.pk, foreign.pk, 10**12])
    assert [row.mailbox for row in CampaignMailbox.objects.all()] == [second]
    assert sleepers() == [own.address, foreign.address], "the new one is awake"
    set_senders(member, campaign, [own.pk, second.pk])
    set_senders(member, campaign, [own.pk, second.pk])
    assert {row.mailbox for row in CampaignMailbox.objects.all()} == {own, second}
