"""What stands between a campaign and its launch, each with a way out that exists."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse

from campaigns.calendar import ClosedSpan
from campaigns.contacts.models import ContactList, ListMember
from campaigns.sequences.models import AudienceList, Branch, Campaign, SendWindow, Step, Variant
from campaigns.sequences.services import close
from campaigns.sequences.states import CampaignState, StepThread
from outreach.accounts.models import Workspace
from outreach.kit import clock
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.planner.errors import NotReady
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.review.readiness import obstacles, stalls
from sending.planner.services import launch
from tests.builders import make_audience, make_campaign, make_list, make_open_windows, make_step
from tests.builders import make_sender as carry
from tests.sending.planner.stage import DAY, make_people, make_sender, make_team

pytestmark = pytest.mark.django_db


def make_ready() -> Campaign:
    """Make a draft of two steps against which nothing stands."""
    member = make_team()
    campaign = make_campaign(member.workspace)
    make_open_windows(campaign)
    make_step(campaign, 1, subject="Hello {{ first_name|default('there') }}", body="{Good day|Hello}")
    make_step(campaign, 2, subject="", body="Once more")
    make_audience(campaign, make_list(member.workspace, "Leads", make_people(member, 2)))
    carry(campaign, make_sender(member))
    return campaign


def without_lists(_: Campaign) -> None:
    AudienceList.objects.all().delete()


def with_an_empty_list(_: Campaign) -> None:
    ListMember.objects.all().delete()


def with_a_branch_that_asks_for_what_is_gone(_: Campaign) -> None:
    Branch.objects.create(step=Step.objects.get(position=1), place=1, kind="field", where="list is 0")


def without_steps(_: Campaign) -> None:
    Step.objects.all().delete()


def without_a_share(_: Campaign) -> None:
    Variant.objects.filter(step__position=2).update(weight=0)


def without_a_subject(_: Campaign) -> None:
    Variant.objects.filter(step__position=1).update(subject="  ")


def new_thread_without_a_subject(_: Campaign) -> None:
    Step.objects.filter(position=2).update(thread=StepThread.NEW)


def without_a_text(_: Campaign) -> None:
    Variant.objects.filter(step__position=2).update(body_text="\n")


def with_a_broken_wording(_: Campaign) -> None:
    Variant.objects.filter(step__position=1).update(body_text="Hi\n{{ frist_name }}")


def with_a_broken_choice(_: Campaign) -> None:
    Variant.objects.filter(step__position=1).update(body_text="{Hi|Hello")


def with_a_pretended_answer(_: Campaign) -> None:
    Variant.objects.filter(step__position=1).update(subject="Re: our talk")


def with_a_pretended_answer_in_a_new_thread(_: Campaign) -> None:
    Step.objects.filter(position=2).update(thread=StepThread.NEW)
    Variant.objects.filter(step__position=2).update(subject="{Once more|RE}: our call")


def with_another_programs_placeholder(_: Campaign) -> None:
    Variant.objects.filter(step__position=2).update(body_text="Hi [First Name]")


def without_windows(_: Campaign) -> None:
    SendWindow.objects.all().delete()


def with_every_day_closed(campaign: Campaign) -> None:
    today = clock.now().date()
    spans = [ClosedSpan(today + n * DAY, today + (n + 299) * DAY) for n in (-1, 299)]
    close(campaign.workspace, spans)


def with_a_zone_that_is_gone(_: Campaign) -> None:
    Campaign.objects.update(time_zone="Mars/Base")


def without_a_mailbox(_: Campaign) -> None:
    CampaignMailbox.objects.all().delete()


def with_a_paused_mailbox(_: Campaign) -> None:
    Mailbox.objects.update(state=MailboxState.PAUSED)


def without_a_postal_address(_: Campaign) -> None:
    Workspace.objects.update(postal_address=" ")


def launched_before(_: Campaign) -> None:
    Campaign.objects.update(state=CampaignState.PAUSED, launched_at=clock.now())


@pytest.mark.parametrize(
    ("lack", "code", "words", "leads_to"),
    [
        (without_lists, "no_audience", "No list and no segment of contacts is chosen.", "sequences:audience"),
        (with_an_empty_list, "empty_audience", "Nobody is on the chosen lists", "sequences:audience"),
        (
            with_a_branch_that_asks_for_what_is_gone, "broken_branch",
            "Step 1: the condition of a branch cannot be read. There is no list 0 any more.", "planner:paths",
        ),
        (without_steps, "no_steps", "There is no message to send.", "sequences:sequence"),
        (without_a_share, "no_variant", "Step 2 has no wording with a share above 0.", "sequences:sequence"),
        (without_a_subject, "empty", "Step 1 A has no subject.", "sequences:sequence"),
        (new_thread_without_a_subject, "empty", "Step 2 A has no subject.", "sequences:sequence"),
        (without_a_text, "empty", "Step 2 A has no text.", "sequences:sequence"),
        (with_a_broken_wording, "template", "Step 1 A, line 2: ", "sequences:sequence"),
        (with_a_broken_choice, "template", "Step 1 A, line 1: ", "sequences:sequence"),
        (with_a_pretended_answer, "fake_thread", "Step 1 A: The subject pretends ", "sequences:sequence"),
        (
            with_a_pretended_answer_in_a_new_thread, "fake_thread", "Step 2 A: The subject pretends ",
            "sequences:sequence",
        ),
        (with_another_programs_placeholder, "unrendered_token", "Step 2 A: This would be ", "sequences:sequence"),
        (
            without_windows, "no_window", "No sending window is set, so nothing could ever go out.",
            "sequences:schedule",
        ),
        (with_every_day_closed, "never_opens", "No window opens within 400 days", "sequences:schedule"),
        (with_a_zone_that_is_gone, "no_zone", "“Mars/Base” is not a time zone.", "sequences:schedule"),
        (without_a_mailbox, "no_mailbox", "No mailbox carries the campaign.", "planner:senders"),
        (with_a_paused_mailbox, "no_active_mailbox", "None of the chosen mailboxes is active.", "planner:senders"),
        (
            without_a_postal_address, "no_postal_address",
            "The workspace has no postal address, which the law asks of commercial mail.", "workspace:settings",
        ),
        (launched_before, "state", "The campaign was launched already.", "planner:people"),
    ],
)  # fmt: skip
def test_an_obstacle_is_told_with_its_way_out(
    lack: Callable[[Campaign], None], code: str, words: str, leads_to: str
) -> None:
    campaign = make_ready()
    assert obstacles(campaign) == ()
    lack(campaign)
    (one,) = obstacles(campaign)
    assert one.code == code
    assert one.words.startswith(words)
    assert one.fix.endswith((".", "?"))
    assert one.url_name == leads_to
    assert reverse(one.url_name, args=["acme", *([campaign.pk] if one.of_campaign else [])])


def test_a_typing_error_in_a_variable_names_what_was_meant() -> None:
    campaign = make_ready()
    with_a_broken_wording(campaign)
    (one,) = obstacles(campaign)
    assert "first_name" in one.fix


def test_every_obstacle_is_told_at_once_and_nothing_is_launched() -> None:
    campaign = make_ready()
    for lack in (without_lists, without_steps, without_windows, without_a_mailbox, without_a_postal_address):
        lack(campaign)
    with pytest.raises(NotReady) as refused:
        launch(make_team("other"), campaign)
    codes = [one.code for one in refused.value.obstacles]
    assert codes == ["no_audience", "no_steps", "no_window", "no_mailbox", "no_postal_address"]
    campaign.refresh_from_db()
    assert (campaign.state, campaign.launched_at) == (CampaignState.DRAFT, None)
    assert not Enrollment.objects.exists()


def test_one_active_mailbox_beside_paused_ones_is_enough() -> None:
    campaign = make_ready()
    carry(campaign, make_sender(make_team("other"), "paused@acme.example", state=MailboxState.PAUSED))
    assert obstacles(campaign) == ()


def test_one_contact_in_one_of_several_lists_is_enough() -> None:
    campaign = make_ready()
    make_audience(campaign, ContactList.objects.create(workspace=campaign.workspace, name="Empty"))
    assert obstacles(campaign) == ()


@pytest.mark.parametrize(
    ("lack", "state", "codes"),
    [
        (without_a_mailbox, CampaignState.RUNNING, ["no_mailbox"]),
        (with_a_paused_mailbox, CampaignState.RUNNING, ["no_active_mailbox"]),
        (with_every_day_closed, CampaignState.RUNNING, ["never_opens"]),
        (without_windows, CampaignState.RUNNING, ["no_window"]),
        (without_lists, CampaignState.RUNNING, []),
        (without_a_mailbox, CampaignState.PAUSED, []),
        (without_a_mailbox, CampaignState.DRAFT, []),
    ],
)
def test_a_running_campaign_that_nothing_carries_is_said_to_stand_still(
    lack: Callable[[Campaign], None], state: CampaignState, codes: list[str]
) -> None:
    campaign = make_ready()
    lack(campaign)
    campaign.state = state
    assert [one.code for one in stalls(campaign)] == codes
