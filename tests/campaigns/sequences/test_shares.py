"""Wordings share the contacts of a step exactly by weight, and each contact keeps theirs."""

from __future__ import annotations

from math import gcd

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.calendar import Wait, WaitUnit
from campaigns.sequences import services
from campaigns.sequences.errors import BadEdit, IllegalMove
from campaigns.sequences.models import Variant
from campaigns.sequences.plans import PlannedStep, PlannedVariant, plans
from campaigns.sequences.services import Text
from campaigns.sequences.states import CampaignState, StepThread
from tests.campaigns.sequences.drafts import (
    FIRST,
    make_draft,
    make_editor,
    make_launched,
    set_state,
    step_at,
    wording_of,
)

CONTACTS = 3_000
weights = st.lists(st.integers(min_value=1, max_value=100), min_size=1, max_size=6)


def planned(*shares: int, step_id: int = 1) -> PlannedStep:
    variants = tuple(PlannedVariant(10 + at, "ABCDEF"[at], share, "", "", "") for at, share in enumerate(shares))
    return PlannedStep(step_id, 1, Wait(0, WaitUnit.DAYS), StepThread.NEW, variants)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(weights, st.integers(min_value=1, max_value=10**9))
def test_contacts_that_were_imported_together_are_shared_exactly_by_weight(shares: list[int], step_id: int) -> None:
    step = planned(*shares, step_id=step_id)
    drawn = [step.variant_for(contact).label for contact in range(1, CONTACTS + 1)]
    block = sum(shares) // gcd(*shares)
    whole = CONTACTS // block * block  # contact 0 is nobody: the first block lacks one, and the last is a part
    for variant in step.variants:
        exact = whole * variant.weight // sum(shares)
        assert drawn[block - 1 : block - 1 + whole - block].count(variant.label) == exact - exact // (whole // block)
        assert abs(drawn.count(variant.label) - CONTACTS * variant.weight / sum(shares)) < 2 * block


@settings(derandomize=True)
@given(weights, st.integers(min_value=1, max_value=2**62), st.integers(min_value=1, max_value=2**62))
def test_a_contact_has_the_same_wording_each_time(shares: list[int], step_id: int, contact: int) -> None:
    first = planned(*shares, step_id=step_id).variant_for(contact)
    assert planned(*shares, step_id=step_id).variant_for(contact) == first
    assert first.weight > 0


def test_no_release_deals_the_contacts_anew() -> None:
    step = planned(2, 1, step_id=7)
    assert "".join(step.variant_for(contact).label for contact in range(1, 21)) == "BABAABAAAABAABAABBAA"


def test_steps_deal_independently() -> None:
    one, two = planned(1, 1, step_id=1), planned(1, 1, step_id=2)
    same = sum(one.variant_for(contact) == two.variant_for(contact) for contact in range(2_000))
    assert 850 < same < 1_150


def test_a_step_without_shares_says_so() -> None:
    with pytest.raises(ValueError, match="step 1 has no wording with a share"):
        planned().variant_for(1)


@pytest.mark.django_db
def test_wordings_are_dealt_in_the_order_of_their_letters_and_those_without_a_share_are_left_out() -> None:
    campaign = make_draft(make_editor(), steps=1)
    step = step_at(campaign, 1)
    for _ in range(3):
        services.add_variant(step)
    Variant.objects.filter(step=step, label="B").update(weight=0)
    Variant.objects.filter(step=step, label="A").delete()
    Variant.objects.create(step=step, label="A", weight=5)  # the newest row, the first letter
    (made,) = plans([campaign.pk])[campaign.pk].steps
    assert [(one.label, one.weight) for one in made.variants] == [("A", 5), ("C", 1), ("D", 1)]


@pytest.mark.django_db
def test_a_new_wording_takes_the_first_free_letter_up_to_z() -> None:
    step = step_at(make_draft(make_editor(), steps=1), 1)
    assert [services.add_variant(step).label for _ in range(25)] == list("BCDEFGHIJKLMNOPQRSTUVWXYZ")
    with pytest.raises(BadEdit, match="26 wordings at most"):
        services.add_variant(step)
    services.remove_variant(Variant.objects.get(step=step, label="C"))
    assert services.add_variant(step).label == "C"


@pytest.mark.django_db
def test_a_new_wording_has_a_share_in_a_draft_and_none_in_a_launched_campaign() -> None:
    campaign = make_draft(make_editor(), steps=1)
    assert services.add_variant(step_at(campaign, 1)).weight == 1
    for state in (CampaignState.RUNNING, CampaignState.PAUSED):
        set_state(campaign, state)
        assert services.add_variant(step_at(campaign, 1)).weight == 0


@pytest.mark.django_db
def test_a_draft_loses_a_wording_for_good_but_never_its_last() -> None:
    campaign = make_draft(make_editor(), steps=1)
    services.add_variant(step_at(campaign, 1))
    services.remove_variant(wording_of(campaign, label="A"))
    assert [one.label for one in Variant.objects.all()] == ["B"]
    with pytest.raises(BadEdit, match="keeps one wording"):
        services.remove_variant(wording_of(campaign, label="B"))
    assert Variant.objects.count() == 1


@pytest.mark.django_db
def test_a_launched_campaign_keeps_every_wording_and_takes_its_share_only() -> None:
    campaign = make_draft(make_editor(), steps=1)
    services.add_variant(step_at(campaign, 1))
    set_state(campaign, CampaignState.RUNNING)
    services.remove_variant(wording_of(campaign, label="A"))
    assert dict(Variant.objects.values_list("label", "weight")) == {"A": 0, "B": 1}
    with pytest.raises(BadEdit, match="one wording with a share"):
        services.remove_variant(wording_of(campaign, label="B"))
    assert dict(Variant.objects.values_list("label", "weight")) == {"A": 0, "B": 1}


@pytest.mark.django_db
def test_a_draft_takes_half_a_wording() -> None:
    variant = wording_of(make_draft(make_editor(), steps=1))
    services.save_variant(variant, Text("", "", weight=0))
    variant.refresh_from_db()
    assert (variant.subject, variant.body_text, variant.weight) == ("", "", 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("position", "text", "field"),
    [
        (1, Text(" ", "Hi"), "subject"),
        (1, Text("Hello", " \n "), "body_text"),
        (1, Text("Hello", "Hi", weight=0), "weight"),
        (2, Text("", ""), "body_text"),
    ],
)
def test_a_launched_campaign_takes_nothing_that_cannot_be_sent(position: int, text: Text, field: str) -> None:
    variant = wording_of(make_launched(make_editor()), position)
    before = (variant.subject, variant.body_text, variant.weight)
    with pytest.raises(BadEdit, match="being sent") as refused:
        services.save_variant(variant, text)
    variant.refresh_from_db()
    assert refused.value.field == field
    assert (variant.subject, variant.body_text, variant.weight) == before


@pytest.mark.django_db
def test_a_launched_campaign_takes_another_wording_and_an_unfinished_one_without_a_share() -> None:
    campaign = make_launched(make_editor(), steps=1)
    services.save_variant(wording_of(campaign), Text("Hello", "Hi", "<p>Hi</p>", 3))
    second = services.add_variant(step_at(campaign, 1))
    services.save_variant(second, Text("", "Half a", weight=0))
    services.save_variant(wording_of(campaign, label="B"), Text("Yours", "Whole", weight=1))
    services.save_variant(wording_of(campaign), Text("Hello", "Hi", weight=0))
    rows = Variant.objects.order_by("label").values_list("label", "subject", "body_text", "weight")
    assert list(rows) == [("A", "Hello", "Hi", 0), ("B", "Yours", "Whole", 1)]


@pytest.mark.django_db
def test_a_follow_up_in_its_thread_needs_no_subject_one_with_a_new_subject_does() -> None:
    campaign = make_launched(make_editor())
    services.save_variant(wording_of(campaign, 2), Text("", "Hi once more"))
    step = step_at(campaign, 2)
    for subject, words in (("", "wording A has no subject of its own"), ("{Re|RE}: our call", "pretends to answer")):
        joining = services.Joining(Wait(3, WaitUnit.DAYS), StepThread.NEW, subject)
        for act in (services.check_step, services.save_step):
            with pytest.raises(BadEdit, match=words):
                act(step, joining)
    assert step_at(campaign, 2).thread == StepThread.REPLY
    services.save_step(step, services.Joining(Wait(3, WaitUnit.DAYS), StepThread.NEW, "Another matter"))
    kept = wording_of(campaign, 2)
    assert (kept.subject, kept.body_text, kept.version) == ("Another matter", "Hi once more", 4)
    with pytest.raises(BadEdit, match="needs a subject"):
        services.save_variant(wording_of(campaign, 2), Text("", "Hi once more"))


@pytest.mark.django_db
def test_a_wording_that_somebody_removed_is_not_written_anywhere() -> None:
    campaign = make_draft(make_editor(), steps=1)
    second = services.add_variant(step_at(campaign, 1))
    read_before = wording_of(campaign, label="B")
    services.remove_variant(second)
    with pytest.raises(IllegalMove, match="removed this wording"):
        services.save_variant(read_before, FIRST)
    with pytest.raises(IllegalMove, match="removed this wording"):
        services.remove_variant(read_before)
    services.remove_step(step_at(campaign, 1))
    with pytest.raises(IllegalMove, match="removed this step"):
        services.add_variant(read_before.step)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "constraint"),
    [({"weight": 101}, "sequences_weight_up_to_100"), ({"weight": -1}, "weight"), ({"label": "B"}, "label_once")],
)
def test_the_database_refuses_what_no_wording_can_be(changes: dict[str, object], constraint: str) -> None:
    campaign = make_draft(make_editor(), steps=1)
    services.add_variant(step_at(campaign, 1))
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Variant.objects.filter(step__campaign=campaign, label="A").update(**changes)
