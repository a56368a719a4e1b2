"""A plan is everything a running campaign needs, loaded for many at the price of one."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.calendar import Schedule, Wait, WaitUnit, Window
from campaigns.sequences import services
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.plans import CampaignPlan, plans
from campaigns.sequences.states import CampaignState, StepThread
from tests.builders import make_campaign, make_workspace
from tests.campaigns.sequences.drafts import make_draft, make_editor, set_state, step_at

pytestmark = pytest.mark.django_db


def plan_of(campaign: Campaign) -> CampaignPlan:
    return plans([campaign.pk])[campaign.pk]


def queries_for(ids: list[int]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert set(plans(ids)) == set(ids)
    return len(seen)


def test_twenty_campaigns_cost_as_many_queries_as_one() -> None:
    member = make_editor()
    ids = [make_draft(member, steps=3, name=f"Campaign {number}").pk for number in range(20)]
    assert queries_for(ids[:1]) == queries_for(ids) == 1


def test_a_plan_says_everything_that_was_written() -> None:
    campaign = make_draft(make_editor(), steps=2)
    services.add_variant(step_at(campaign, 2))
    Variant.objects.filter(step__campaign=campaign, label="A").update(body_html="<p>Hi</p>")
    windows = [Window(6, 600, 1440), Window(1, 720, 780), Window(1, 0, 600)]
    services.save_schedule(
        campaign,
        services.Schedule(
            "Asia/Kathmandu", use_contact_zone=False, windows=windows, new_leads_per_day=7, starts_on=date(2027, 1, 4)
        ),
    )
    set_state(campaign, CampaignState.PAUSED)
    plan = plan_of(campaign)
    assert (plan.id, plan.workspace_id, plan.name) == (campaign.pk, campaign.workspace_id, "Autumn")
    assert (plan.state, plan.new_leads_per_day) == (CampaignState.PAUSED, 7)
    assert (plan.zone_name, plan.use_contact_zone) == ("Asia/Kathmandu", False)
    assert plan.schedule == Schedule(
        (Window(1, 0, 600), Window(1, 720, 780), Window(6, 600, 1440)), starts_on=date(2027, 1, 4)
    )
    first, second = plan.steps
    assert (first.position, first.wait, first.thread) == (1, Wait(0, WaitUnit.DAYS), StepThread.NEW)
    assert (second.position, second.wait, second.thread) == (2, Wait(3, WaitUnit.DAYS), StepThread.REPLY)
    (one,) = first.variants
    assert (one.label, one.subject, one.body_text, one.body_html, one.weight) == (
        "A", "A question", "Hi,\n\none question.\n", "<p>Hi</p>", 1,
    )  # fmt: skip
    assert [one.label for one in second.variants] == ["A", "B"]


def test_plans_of_several_campaigns_do_not_mix() -> None:
    member = make_editor()
    one, two = make_draft(member, steps=3, name="One"), make_draft(member, steps=1, name="Two")
    services.save_schedule(two, services.Schedule("UTC", use_contact_zone=True, windows=[Window(7, 1, 2)]))
    loaded = plans([one.pk, two.pk])
    assert [len(loaded[campaign.pk].steps) for campaign in (one, two)] == [3, 1]
    assert [len(loaded[campaign.pk].schedule.windows) for campaign in (one, two)] == [5, 1]


def test_there_is_no_plan_of_what_is_not_there() -> None:
    assert plans([]) == {}
    assert plans([10**9]) == {}


def test_a_follow_up_in_its_thread_has_no_subject_of_its_own_whatever_was_left_in_the_field() -> None:
    campaign = make_draft(make_editor(), steps=3)
    Variant.objects.filter(step__campaign=campaign).update(subject="{{ gone }}")
    Step.objects.filter(campaign=campaign, position=3).update(thread=StepThread.NEW)
    Step.objects.filter(campaign=campaign, position=1).update(thread=StepThread.REPLY)
    steps = plan_of(campaign).steps
    assert [step.opens_thread for step in steps] == [True, False, True]
    assert [step.variants[0].subject for step in steps] == ["{{ gone }}", "", "{{ gone }}"]


def test_the_step_from_a_position_is_the_next_there_is() -> None:
    campaign = make_draft(make_editor(), steps=2)
    Step.objects.filter(campaign=campaign, position=2).update(position=4)
    plan = plan_of(campaign)
    found = [plan.step_from(position) for position in (1, 2, 4, 5)]
    assert [step.position if step else None for step in found] == [1, 4, 4, None]


@pytest.mark.parametrize(
    ("contact_zone", "use_contact_zone", "expected"),
    [
        ("Asia/Tokyo", True, "Asia/Tokyo"),
        ("Asia/Tokyo", False, "Europe/Berlin"),
        ("", True, "Europe/Berlin"),
        ("Mars/Base", True, "Europe/Berlin"),
    ],
)
def test_the_zone_of_the_contact_decides_when_it_is_known_and_wanted(
    contact_zone: str, *, use_contact_zone: bool, expected: str
) -> None:
    campaign = make_campaign(make_workspace(), time_zone="Europe/Berlin", use_contact_zone=use_contact_zone)
    name, zone = plan_of(campaign).zone_for(contact_zone)
    assert (name, str(zone)) == (expected, expected)


def test_equal_schedules_are_equal_plans_however_their_rows_lie() -> None:
    member = make_editor()
    windows = [Window(1, 0, 60), Window(2, 0, 60)]
    made = []
    for order in (windows, windows[::-1]):
        campaign = make_draft(member, steps=1)
        services.save_schedule(campaign, services.Schedule("UTC", use_contact_zone=True, windows=order))
        made.append(plan_of(campaign).schedule)
    assert made[0] == made[1]
