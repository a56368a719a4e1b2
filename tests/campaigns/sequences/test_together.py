"""Two people at one campaign: nobody's work is overwritten unseen, and no row is left between two states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from campaigns.calendar import Wait, WaitUnit, Window
from campaigns.sequences import queries, services
from campaigns.sequences.errors import IllegalMove, Overtaken
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.seen import seen_audience, seen_schedule, seen_step, seen_variant
from campaigns.sequences.services import Schedule, Text
from campaigns.sequences.states import CampaignState, StepThread
from tests.builders import make_contact, make_enrollment, make_list, make_mailbox, make_message
from tests.campaigns.sequences.drafts import make_draft, make_editor, make_launched, outline, step_at, wording_of
from tests.campaigns.sequences.threads import InThread, at_once, held

LAUNCHED = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "theirs", [Text("Yours", "Hi"), Text("Mine", "Hello"), Text("Mine", "Hi", "<p>Hi</p>"), Text("Mine", "Hi", "", 2)]
)
def test_a_wording_that_somebody_changed_is_not_overwritten_unseen(theirs: Text) -> None:
    variant = wording_of(make_draft(make_editor(), steps=1))
    services.save_variant(variant, Text("Mine", "Hi"))
    seen = seen_variant(wording_of(variant.step.campaign))
    services.save_variant(variant, theirs)
    with pytest.raises(Overtaken, match="this wording") as refused:
        services.save_variant(variant, Text("Third", "Third"), seen=seen)
    now = wording_of(variant.step.campaign)
    assert Text(now.subject, now.body_text, now.body_html, now.weight) == theirs
    services.save_variant(variant, Text("Third", "Third"), seen=refused.value.seen)
    assert wording_of(variant.step.campaign).subject == "Third"


@pytest.mark.django_db
def test_saving_another_wording_or_the_same_again_disturbs_nobody() -> None:
    campaign = make_draft(make_editor(), steps=2)
    variant = wording_of(campaign)
    seen = seen_variant(variant)
    services.save_variant(wording_of(campaign, 2), Text("", "Else"))
    services.save_variant(variant, Text(variant.subject, variant.body_text))
    services.save_variant(variant, Text("Mine", "Hi"), seen=seen)
    assert wording_of(campaign).subject == "Mine"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("amount", "unit", "thread"),
    [
        (9, WaitUnit.DAYS, StepThread.REPLY),
        (3, WaitUnit.HOURS, StepThread.REPLY),
        (3, WaitUnit.DAYS, StepThread.NEW),
    ],
)
def test_a_wait_that_somebody_changed_is_not_overwritten_unseen(
    amount: int, unit: WaitUnit, thread: StepThread
) -> None:
    campaign = make_draft(make_editor())
    step = step_at(campaign, 2)
    services.save_step(step, services.Joining(Wait(amount, unit), thread))
    with pytest.raises(Overtaken, match="this wait") as refused:
        services.save_step(step, services.Joining(Wait(5, WaitUnit.DAYS), StepThread.REPLY), seen=seen_step(step))
    assert outline(campaign)[1][2:] == (amount, unit.value, thread.value)
    assert refused.value.seen == seen_step(step_at(campaign, 2))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "theirs",
    [
        Schedule("Asia/Tokyo", use_contact_zone=True, windows=services.OFFICE_HOURS),
        Schedule("UTC", use_contact_zone=False, windows=services.OFFICE_HOURS),
        Schedule("UTC", use_contact_zone=True, windows=services.OFFICE_HOURS[1:]),
        Schedule("UTC", use_contact_zone=True, windows=services.OFFICE_HOURS, new_leads_per_day=5),
    ],
)
def test_a_schedule_that_somebody_changed_is_not_overwritten_unseen(theirs: Schedule) -> None:
    campaign = make_draft(make_editor())
    seen = seen_schedule(campaign, queries.windows_of(campaign))
    services.save_schedule(campaign, theirs)
    with pytest.raises(Overtaken, match="this schedule"):
        services.save_schedule(campaign, Schedule("UTC", use_contact_zone=True, windows=[Window(1, 0, 1)]), seen=seen)
    now = Campaign.objects.get(pk=campaign.pk)
    windows = tuple(queries.windows_of(campaign))
    assert theirs == Schedule(
        now.time_zone, use_contact_zone=now.use_contact_zone, windows=windows, new_leads_per_day=now.new_leads_per_day
    )


@pytest.mark.django_db
def test_a_list_that_somebody_added_is_not_taken_off_unseen() -> None:
    campaign = make_draft(make_editor())
    one, two = make_list(campaign.workspace, "One"), make_list(campaign.workspace, "Two")
    services.set_audience(campaign, [one.pk])
    with pytest.raises(Overtaken, match="this audience") as refused:
        services.set_audience(campaign, [two.pk], seen=seen_audience([]))
    assert queries.audience_of(campaign) == {one.pk}
    services.set_audience(campaign, [two.pk], seen=refused.value.seen)
    assert queries.audience_of(campaign) == {two.pk}


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_the_same_moment_one_is_told() -> None:
    campaign = make_draft(make_editor(), steps=1)
    variant = wording_of(campaign)
    seen = seen_variant(variant)

    def save(subject: str) -> Callable[[], object]:
        return lambda: services.save_variant(variant, Text(subject, "Hi"), seen=seen)

    outcomes = at_once(campaign, save("One"), save("Two"))
    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "Overtaken"]


@pytest.mark.django_db(transaction=True)
def test_steps_added_moved_and_removed_at_the_same_moment_stay_in_a_row() -> None:
    campaign = make_draft(make_editor(), steps=4)
    one, two, three = (step_at(campaign, position) for position in (2, 3, 4))
    at_once(
        campaign,
        lambda: services.remove_step(one),
        lambda: services.move_step(two, by=1),
        lambda: services.move_step(three, by=-1),
        lambda: services.remove_step(two),
        lambda: services.add_step(campaign),
        lambda: services.add_step(campaign),
    )
    steps = list(Step.objects.filter(campaign=campaign).order_by("position"))
    assert [step.position for step in steps] == [1, 2, 3, 4]
    assert steps[0].wait_amount == 0
    assert all(step.wait_amount for step in steps[1:])


@pytest.mark.django_db(transaction=True)
def test_wordings_added_at_the_same_moment_get_letters_of_their_own() -> None:
    campaign = make_draft(make_editor(), steps=1)
    step = step_at(campaign, 1)
    outcomes = at_once(campaign, *[lambda: services.add_variant(step)] * 4)
    assert outcomes == [None] * 4
    assert sorted(Variant.objects.filter(step=step).values_list("label", flat=True)) == list("ABCDE")


@pytest.mark.django_db(transaction=True)
def test_the_last_two_wordings_are_not_both_removed() -> None:
    campaign = make_draft(make_editor(), steps=1)
    one, two = wording_of(campaign), services.add_variant(step_at(campaign, 1))
    outcomes = at_once(campaign, lambda: services.remove_variant(one), lambda: services.remove_variant(two))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["BadEdit", "NoneType"]
    assert Variant.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_launches_at_the_same_moment_one_wins() -> None:
    campaign = make_draft(make_editor())
    launch = lambda: services.move_campaign(campaign.pk, CampaignState.RUNNING, launched_at=LAUNCHED)  # noqa: E731
    outcomes = at_once(campaign, launch, launch, launch)
    assert sorted(type(one).__name__ for one in outcomes) == ["IllegalMove", "IllegalMove", "NoneType"]


@pytest.mark.django_db(transaction=True)
def test_no_step_vanishes_from_a_campaign_that_is_launched_at_the_same_moment() -> None:
    campaign = make_draft(make_editor(), steps=3)
    step = step_at(campaign, 2)
    with held(campaign) as release:
        waiting = InThread(lambda: services.remove_step(step))
        waiting.is_blocked()
        services.move_campaign(campaign.pk, CampaignState.RUNNING, launched_at=LAUNCHED)
        release()
        assert isinstance(waiting.outcome(), IllegalMove)
    assert Step.objects.filter(campaign=campaign).count() == 3


@pytest.mark.django_db(transaction=True)
def test_editing_does_not_keep_messages_waiting() -> None:
    member = make_editor()
    campaign = make_launched(member)
    mailbox, contact = make_mailbox(member.workspace), make_contact(member.workspace)
    variant = wording_of(campaign)
    with held(campaign):
        made = InThread(lambda: make_message(make_enrollment(campaign, contact, mailbox=mailbox), variant, mailbox))
        assert made.outcome() is None
