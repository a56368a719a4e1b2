"""Steps are added, timed, moved and removed; once launched they keep their order."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from campaigns.calendar import Wait, WaitUnit
from campaigns.sequences import services
from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.models import Campaign, Step, Variant, WordingVersion
from campaigns.sequences.plans import plans
from campaigns.sequences.states import CampaignState, StepThread
from tests.builders import make_contact, make_enrollment, make_mailbox, make_message
from tests.campaigns.sequences.drafts import (
    make_draft,
    make_editor,
    make_launched,
    outline,
    set_state,
    step_at,
    wording_of,
)

pytestmark = pytest.mark.django_db

LAUNCHED = [CampaignState.RUNNING, CampaignState.PAUSED]


def written(*, steps: int) -> Campaign:
    """Make a draft whose texts are 1, 2, 3 ..., so that each can be recognised where it goes."""
    campaign = make_draft(make_editor(), steps=steps)
    for variant in Variant.objects.filter(step__campaign=campaign).select_related("step"):
        Variant.objects.filter(pk=variant.pk).update(body_text=str(variant.step.position))
    return campaign


def order_of(campaign: Campaign) -> list[str]:
    return [text for _, text, *_ in outline(campaign)]


def test_a_new_campaign_is_a_draft_in_office_hours_with_one_empty_message() -> None:
    member = make_editor()
    type(member.workspace).objects.update(time_zone="Europe/Warsaw")
    member.workspace.refresh_from_db()
    campaign = services.create_campaign(member, "Autumn")
    plan = plans([campaign.pk])[campaign.pk]
    assert (plan.state, plan.zone_name, plan.use_contact_zone) == (CampaignState.DRAFT, "Europe/Warsaw", True)
    assert plan.new_leads_per_day is None
    assert [(one.weekday, one.start, one.end) for one in plan.schedule.windows] == [(d, 540, 1020) for d in range(1, 6)]
    assert outline(campaign) == [(1, "", 0, "days", "new")]
    assert (campaign.created_by, campaign.workspace) == (member.user, member.workspace)


def test_follow_ups_wait_three_four_and_then_seven_days_in_the_same_thread() -> None:
    campaign = written(steps=5)
    assert outline(campaign) == [
        (1, "1", 0, "days", "new"),
        (2, "2", 3, "days", "reply"),
        (3, "3", 4, "days", "reply"),
        (4, "4", 7, "days", "reply"),
        (5, "5", 7, "days", "reply"),
    ]


def test_a_sequence_has_twenty_steps_at_most() -> None:
    campaign = written(steps=20)
    with pytest.raises(BadEdit, match="20 steps at most"):
        services.add_step(campaign)
    assert Step.objects.count() == 20


@pytest.mark.parametrize("unit", [WaitUnit.DAYS, WaitUnit.BUSINESS_DAYS, WaitUnit.HOURS])
def test_a_follow_up_waits_days_business_days_or_hours(unit: WaitUnit) -> None:
    campaign = written(steps=2)
    services.save_step(step_at(campaign, 2), services.Joining(Wait(5, unit), StepThread.NEW))
    step = plans([campaign.pk])[campaign.pk].steps[1]
    assert (step.wait.amount, step.wait.unit, step.thread) == (5, unit, StepThread.NEW)


def test_the_first_message_waits_for_nothing_whoever_asks() -> None:
    campaign = written(steps=2)
    with pytest.raises(BadEdit, match="waits for nothing"):
        services.save_step(step_at(campaign, 1), services.Joining(Wait(5, WaitUnit.HOURS), StepThread.REPLY))
    assert outline(campaign)[0] == (1, "1", 0, "days", "new")


def test_a_moved_follow_up_leaves_the_waits_at_their_places_and_keeps_its_thread() -> None:
    campaign = written(steps=3)
    services.save_step(step_at(campaign, 3), services.Joining(Wait(9, WaitUnit.HOURS), StepThread.NEW))
    services.move_step(step_at(campaign, 3), by=-1)
    assert outline(campaign) == [
        (1, "1", 0, "days", "new"),
        (2, "3", 3, "days", "new"),
        (3, "2", 9, "hours", "reply"),
    ]


def test_whatever_comes_first_opens_the_thread_at_once_and_what_it_displaces_answers_in_it() -> None:
    campaign = written(steps=2)
    services.move_step(step_at(campaign, 2), by=-1)
    assert outline(campaign) == [(1, "2", 0, "days", "new"), (2, "1", 3, "days", "reply")]
    services.move_step(step_at(campaign, 1), by=1)
    assert outline(campaign) == [(1, "1", 0, "days", "new"), (2, "2", 3, "days", "reply")]


def test_nothing_moves_beyond_an_end() -> None:
    campaign = written(steps=2)
    services.move_step(step_at(campaign, 1), by=-1)
    services.move_step(step_at(campaign, 2), by=1)
    services.move_step(step_at(campaign, 1), by=0)
    assert outline(campaign) == [(1, "1", 0, "days", "new"), (2, "2", 3, "days", "reply")]


def test_a_step_that_was_moved_meanwhile_moves_from_where_it_stands_now() -> None:
    campaign = written(steps=3)
    read_before = step_at(campaign, 3)
    services.move_step(step_at(campaign, 3), by=-1)  # somebody else
    services.move_step(read_before, by=-1)
    assert order_of(campaign) == ["3", "1", "2"]


@pytest.mark.parametrize(
    ("position", "to", "order"),
    [(1, 3, "2314"), (4, 1, "4123"), (2, 99, "1342"), (3, 0, "3124"), (2, 2, "1234")],
)
def test_a_step_is_put_anywhere_and_the_waits_stay_at_their_places(position: int, to: int, order: str) -> None:
    campaign = written(steps=4)
    services.place_step(step_at(campaign, position), to=to)
    after = outline(campaign)
    assert "".join(text for _, text, *_ in after) == order
    assert [(place, wait) for place, _, wait, *_ in after] == [(1, 0), (2, 3), (3, 4), (4, 7)]
    assert [thread for *_, thread in after] == ["new", "reply", "reply", "reply"]


def test_a_copy_stands_behind_its_step_with_its_wordings_and_shares() -> None:
    campaign = written(steps=3)
    second = services.add_variant(step_at(campaign, 2))
    services.save_variant(second, services.Text("", "other", weight=3))
    services.save_step(step_at(campaign, 2), services.Joining(Wait(5, WaitUnit.HOURS), StepThread.REPLY))
    copy = services.duplicate_step(step_at(campaign, 2))
    assert [(place, text) for place, text, *_ in outline(campaign)] == [(1, "1"), (2, "2"), (3, "2"), (4, "3")]
    assert outline(campaign)[2][2:] == (5, "hours", "reply")
    wordings = Variant.objects.filter(step=copy).order_by("label").values_list("label", "body_text", "weight")
    assert list(wordings) == [("A", "2", 1), ("B", "other", 3)]


def test_a_copy_of_the_first_message_is_a_follow_up_with_a_subject_of_its_own() -> None:
    campaign = written(steps=2)
    services.duplicate_step(step_at(campaign, 1))
    assert outline(campaign)[:2] == [(1, "1", 0, "days", "new"), (2, "1", 4, "days", "new")]


def test_a_copy_in_a_launched_campaign_is_the_last_step_and_goes_to_nobody_yet() -> None:
    campaign = set_state(written(steps=3), CampaignState.RUNNING)
    services.duplicate_step(step_at(campaign, 1))
    assert [text for _, text, *_ in outline(campaign)] == ["1", "2", "3", "1"]
    assert plans([campaign.pk])[campaign.pk].steps[3].variants == ()


def test_a_copy_of_a_wording_has_the_next_letter_and_its_text() -> None:
    campaign = written(steps=1)
    services.save_variant(wording_of(campaign), services.Text("Hello", "text", weight=7))
    copy = services.add_variant(step_at(campaign, 1), like=wording_of(campaign))
    assert (copy.label, copy.subject, copy.body_text, copy.weight) == ("B", "Hello", "text", 1)


def test_a_removed_step_closes_the_gap() -> None:
    campaign = written(steps=4)
    services.remove_step(step_at(campaign, 2))
    assert outline(campaign) == [
        (1, "1", 0, "days", "new"),
        (2, "3", 4, "days", "reply"),
        (3, "4", 7, "days", "reply"),
    ]


def test_the_step_behind_a_removed_first_becomes_a_first_message() -> None:
    campaign = written(steps=3)
    services.remove_step(step_at(campaign, 1))
    assert outline(campaign) == [(1, "2", 0, "days", "new"), (2, "3", 4, "days", "reply")]


def test_a_step_removed_twice_takes_nothing_else_with_it() -> None:
    campaign = written(steps=4)
    read_before = step_at(campaign, 2)
    services.remove_step(step_at(campaign, 2))
    with pytest.raises(IllegalMove, match="Somebody else removed this step"):
        services.remove_step(read_before)
    assert [(position, text) for position, text, *_ in outline(campaign)] == [(1, "1"), (2, "3"), (3, "4")]


def test_a_step_that_was_moved_meanwhile_is_removed_where_it_stands_now() -> None:
    campaign = written(steps=4)
    read_before = step_at(campaign, 4)
    services.move_step(step_at(campaign, 4), by=-1)
    services.remove_step(read_before)
    assert [(position, text) for position, text, *_ in outline(campaign)] == [(1, "1"), (2, "2"), (3, "3")]


@pytest.mark.parametrize("state", LAUNCHED)
def test_a_launched_campaign_keeps_the_order_of_its_steps(state: CampaignState) -> None:
    campaign = set_state(written(steps=2), state)
    before = outline(campaign)
    with pytest.raises(IllegalMove, match="carry its history"):
        services.remove_step(step_at(campaign, 2))
    with pytest.raises(IllegalMove, match="carry its history"):
        services.move_step(step_at(campaign, 2), by=-1)
    assert outline(campaign) == before


@pytest.mark.parametrize("state", LAUNCHED)
def test_a_launched_campaign_takes_new_waits_and_further_steps(state: CampaignState) -> None:
    campaign = set_state(written(steps=2), state)
    services.save_step(step_at(campaign, 2), services.Joining(Wait(8, WaitUnit.BUSINESS_DAYS), StepThread.REPLY))
    services.add_step(campaign)
    assert outline(campaign)[1:] == [(2, "2", 8, "business_days", "reply"), (3, "", 4, "days", "reply")]


def test_an_archived_campaign_is_kept_as_it_was() -> None:
    campaign = set_state(written(steps=2), CampaignState.ARCHIVED)
    step, variant = step_at(campaign, 2), wording_of(campaign)
    before = outline(campaign)
    for edit in (
        lambda: services.add_step(campaign),
        lambda: services.save_step(step, services.Joining(Wait(1, WaitUnit.DAYS), StepThread.NEW)),
        lambda: services.remove_step(step),
        lambda: services.move_step(step, by=-1),
        lambda: services.add_variant(step),
        lambda: services.save_variant(variant, services.Text("x", "y")),
        lambda: services.remove_variant(variant),
        lambda: services.rename(campaign, "Winter"),
        lambda: services.set_audience(campaign, []),
        lambda: services.save_schedule(campaign, services.Schedule("UTC", use_contact_zone=False, windows=())),
    ):
        with pytest.raises(IllegalMove, match="archived"):
            edit()
    campaign.refresh_from_db()
    assert (outline(campaign), campaign.name, campaign.windows.count()) == (before, "Autumn", 5)


def test_steps_and_wordings_that_carried_mail_cannot_vanish_from_under_it() -> None:
    member = make_editor()
    campaign = make_launched(member)
    mailbox, contact = make_mailbox(member.workspace), make_contact(member.workspace)
    make_message(make_enrollment(campaign, contact, mailbox=mailbox), wording_of(campaign), mailbox)
    with pytest.raises(ProtectedError):
        step_at(campaign, 1).delete()
    with pytest.raises(ProtectedError):
        wording_of(campaign).delete()
    WordingVersion.objects.all().delete()
    at_commit("DELETE FROM sequences_share_change WHERE variant_id = %s", wording_of(campaign).pk)
    with pytest.raises(IntegrityError, match="outbox_message"):
        at_commit("DELETE FROM sequences_variant WHERE step_id = %s", step_at(campaign, 1).pk)
    assert wording_of(campaign).messages.count() == 1


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"wait_amount": 3661}, "sequences_wait_has_an_end"),
        ({"wait_amount": -1}, "wait_amount"),
        ({"wait_unit": "weeks"}, "sequences_known_wait_unit"),
        ({"thread": "old"}, "sequences_known_thread"),
        ({"position": 0}, "sequences_step_from_1"),
    ],
)
def test_the_database_refuses_what_no_step_can_be(changes: dict[str, object], constraint: str) -> None:
    step = step_at(written(steps=1), 1)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Step.objects.filter(pk=step.pk).update(**changes)


def test_two_steps_never_share_a_place() -> None:
    campaign = written(steps=2)
    with pytest.raises(IntegrityError, match="sequences_one_step_per_position"):
        at_commit("UPDATE sequences_step SET position = 1 WHERE campaign_id = %s", campaign.pk)


def at_commit(statement: str, value: int) -> None:
    """Run a statement and ask at once what a commit would ask."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [value])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
