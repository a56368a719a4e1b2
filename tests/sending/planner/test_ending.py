"""A campaign is stopped for good, and put away: nobody is written to any more, and everybody has the reason."""

from __future__ import annotations

import pytest

from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import Campaign
from campaigns.sequences.services import rename
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox, Spending
from sending.planner import ending
from sending.planner.ending import archive, call_off_ended, stop_campaign
from sending.planner.models import Enrollment
from sending.planner.queries import standing_of
from sending.planner.services import pause
from sending.planner.states import EnrollmentState, StopReason
from sending.reports.effects import effect_of
from tests.builders import make_enrollment, make_message
from tests.sending.planner.pages import make_draft, make_mixed, post, read
from tests.sending.planner.stage import make_people, make_team, pick

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    """Return a running campaign: three wait, one is under way, one is done, one replied, one was left out."""
    return make_mixed(member)


def reasons(campaign: Campaign) -> list[str]:
    rows = Enrollment.objects.filter(campaign=campaign).order_by("pk")
    return [f"{row.state} {row.stop_reason}".strip() for row in rows]


def test_who_waits_is_called_off_with_the_reason_and_who_was_through_stays_as_they_were(
    member: Member, campaign: Campaign
) -> None:
    assert stop_campaign(member, campaign) == 4
    assert reasons(campaign) == [
        *["stopped campaign_ended"] * 4, "finished", "stopped replied", "skipped suppressed",
    ]  # fmt: skip
    campaign.refresh_from_db()
    assert campaign.state == "stopped"
    told = Event.objects.get(kind=EventKind.ENDED)
    assert (told.campaign_id, told.data) == (campaign.pk, {"contacts": 4, "by": member.user.email})
    assert pick(Mailbox.objects.get()) == []


def test_nobody_is_picked_from_the_moment_of_the_stop_and_what_is_left_over_is_called_off_by_the_sweep(
    member: Member, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_PART", 1)
    monkeypatch.setattr(ending, "_AT_ONCE", 2)
    assert stop_campaign(member, campaign) == 4
    campaign.refresh_from_db()
    found = effect_of(campaign)
    assert (found.called_off, found.waiting, found.is_settled) == (2, 2, False)
    assert pick(Mailbox.objects.get()) == []
    assert call_off_ended() == 2
    assert call_off_ended() == 0
    found = effect_of(campaign)
    assert (found.called_off, found.waiting, found.is_settled) == (4, 0, True)


def test_who_was_to_be_led_on_by_an_answer_keeps_the_reason_and_loses_the_way(
    member: Member, campaign: Campaign
) -> None:
    replied = Enrollment.objects.filter(campaign=campaign, stop_reason=StopReason.REPLIED)
    replied.update(led_to=1, led_until=campaign.created_at)
    stop_campaign(member, campaign)
    row = replied.get()
    assert (row.state, row.led_to) == (EnrollmentState.STOPPED, None)


def test_a_stop_is_for_good_and_not_for_drafts(member: Member, campaign: Campaign) -> None:
    stop_campaign(member, campaign)
    for act in (stop_campaign, pause):
        with pytest.raises(IllegalMove):
            act(member, campaign)
    with pytest.raises(IllegalMove, match="A stopped campaign is kept as it was"):
        rename(campaign, "Other")
    with pytest.raises(IllegalMove):
        stop_campaign(member, make_draft(make_team("other")))


def test_a_campaign_is_put_away_when_nobody_of_it_waits(member: Member, campaign: Campaign) -> None:
    with pytest.raises(IllegalMove, match="4 of its people are still to be written to: stop it first"):
        archive(member, campaign)
    stop_campaign(member, campaign)
    archive(member, campaign)
    campaign.refresh_from_db()
    assert campaign.state == "archived"
    assert standing_of([campaign.pk])[campaign.pk].is_complete
    draft = make_draft(make_team("other"))
    archive(member, draft)
    draft.refresh_from_db()
    assert (draft.state, draft.launched_at) == ("archived", None)


def test_the_numbers_prove_what_a_pause_did(member: Member, campaign: Campaign) -> None:
    mailbox = Mailbox.objects.get()
    before = Spending.objects.create(mailbox=mailbox, campaign_id=campaign.pk)
    pause(member, campaign)
    campaign.refresh_from_db()
    Spending.objects.filter(pk=before.pk).update(spent_at=campaign.state_changed_at)
    assert (effect_of(campaign).left, effect_of(campaign).is_settled) == (0, True)
    busy = make_enrollment(
        campaign, make_people(member, 1, name="busy")[0], mailbox=mailbox, state="sending", due_at=None
    )
    message = make_message(busy, campaign.steps.get(position=1).variants.get(), mailbox)
    type(message).objects.filter(pk=message.pk).update(
        state="dot_pending", sent_at=None, lease_until=campaign.created_at
    )
    found = effect_of(campaign)
    assert (found.leaving, found.held, found.retried, found.waiting, found.is_settled) == (1, 0, 0, 5, False)


def test_the_pages_stop_prove_and_put_away(member: Member, campaign: Campaign) -> None:
    assert "Stop for good" in read(member, "people", campaign.pk)
    assert "4 people get nothing more from it" in read(member, "stop", campaign.pk)
    assert post(member, "stop", campaign.pk).status_code == 302
    text = read(member, "people", campaign.pk)
    assert "Stop for good" not in text
    assert "Campaign was stopped" in text
    assert "this one is stopped" in read(member, "stop", campaign.pk)
    assert "Archived campaigns" not in read(member, "list")
    assert "Archive Autumn?" in read(member, "archival", campaign.pk)
    assert "Autumn" in read(member, "list"), "to be asked changes nothing"
    assert post(member, "archival", campaign.pk).status_code == 302
    assert "Autumn" not in read(member, "list")
    assert "Every campaign is archived" in read(member, "list")
    assert "Autumn" in read(member, "list", query="?archived=yes")
