"""What was removed from a draft is brought back, as often as somebody wants."""

from __future__ import annotations

import pytest

from campaigns.sequences import queries, services
from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import Branch, Campaign, Path, RemovedPart, Step, Variant
from campaigns.sequences.services import Fork, Text
from campaigns.sequences.states import BranchKind, CampaignState, ReplyClass
from outreach.accounts.access import Member
from tests.campaigns.sequences.browser import client_of, form_to, page_of
from tests.campaigns.sequences.drafts import make_draft, make_editor, outline, set_state, step_at, wording_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_editor()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    campaign = make_draft(member, steps=3)
    for variant in Variant.objects.filter(step__campaign=campaign).select_related("step"):
        Variant.objects.filter(pk=variant.pk).update(body_text=str(variant.step.position))
    return campaign


def test_a_step_comes_back_to_its_place_with_its_wordings_and_its_wait(campaign: Campaign, member: Member) -> None:
    services.add_variant(step_at(campaign, 2))
    services.save_variant(wording_of(campaign, 2, "B"), Text("", "other", weight=4))
    before = outline(campaign)
    services.take_step_out(step_at(campaign, 2), by=member.user)
    assert [text for _, text, *_ in outline(campaign)] == ["1", "3"]
    (part,) = queries.removed_of(campaign)
    assert part.title == "Step 2: 2"
    services.bring_back(part)
    assert outline(campaign) == before
    wordings = Variant.objects.filter(step=step_at(campaign, 2)).order_by("label")
    assert [(one.label, one.body_text, one.weight) for one in wordings] == [("A", "2", 1), ("B", "other", 4)]


def test_the_first_message_comes_back_as_the_first(campaign: Campaign) -> None:
    before = outline(campaign)
    services.take_step_out(step_at(campaign, 1))
    services.bring_back(queries.removed_of(campaign)[0])
    assert [(place, text) for place, text, *_ in outline(campaign)] == [(1, "1"), (2, "2"), (3, "3")]
    assert outline(campaign) == before


def test_a_wording_comes_back_under_its_letter_or_the_next_free_one(campaign: Campaign) -> None:
    step = step_at(campaign, 1)
    services.add_variant(step, like=wording_of(campaign))
    services.take_variant_out(wording_of(campaign, 1, "A"))
    services.bring_back(queries.removed_of(campaign)[0])
    services.take_variant_out(wording_of(campaign, 1, "A"))
    services.add_variant(step)
    services.bring_back(queries.removed_of(campaign)[0])
    wordings = Variant.objects.filter(step=step).order_by("label")
    assert [(one.label, one.body_text) for one in wordings] == [("A", ""), ("B", "1"), ("C", "1")]


def test_a_wording_whose_step_is_gone_waits_for_it_and_nothing_comes_back_twice(campaign: Campaign) -> None:
    services.add_variant(step_at(campaign, 2))
    services.take_variant_out(wording_of(campaign, 2, "B"))
    services.take_step_out(step_at(campaign, 2))
    step, wording = queries.removed_of(campaign)
    with pytest.raises(IllegalMove, match="step of this wording is gone"):
        services.bring_back(wording)
    services.bring_back(step)
    with pytest.raises(IllegalMove, match="Somebody else brought it back"):
        services.bring_back(step)
    services.bring_back(wording)
    assert wording_of(campaign, 2, "B")
    assert Step.objects.filter(campaign=campaign).count() == 3


def branches(campaign: Campaign) -> list[tuple[int, int, str, str, str, str | None]]:
    rows = Branch.objects.filter(step__campaign=campaign).order_by("step__position", "place")
    return list(rows.values_list("step__position", "place", "kind", "where", "reply", "path__name"))


def test_a_step_comes_back_with_the_branches_behind_it(campaign: Campaign) -> None:
    path = services.add_path(campaign, "Bosses")
    step = step_at(campaign, 2)
    for fork in (
        Fork(BranchKind.FIELD, path.pk, where="title contains CTO"),
        Fork(BranchKind.FIELD, None, where="city is Bonn"),
        Fork(BranchKind.REPLY, path.pk, reply=ReplyClass.POSITIVE),
        Fork(BranchKind.EVERYBODY, path.pk),
    ):
        services.add_branch(step, fork)
    before = branches(campaign)
    services.take_step_out(step)
    assert branches(campaign) == []
    assert services.bring_back(queries.removed_of(campaign)[0]).lost == []
    assert branches(campaign) == before
    assert len(before) == 4


def test_a_branch_whose_path_is_gone_meanwhile_is_told_and_the_others_come_back(
    campaign: Campaign, member: Member
) -> None:
    gone, stays = services.add_path(campaign, "Bosses"), services.add_path(campaign, "Others")
    step = step_at(campaign, 2)
    services.add_branch(step, Fork(BranchKind.FIELD, gone.pk, where="title contains CTO"))
    services.add_branch(step, Fork(BranchKind.REPLY, gone.pk, reply=ReplyClass.OUT_OF_OFFICE))
    services.add_branch(step, Fork(BranchKind.EVERYBODY, stays.pk))
    services.take_step_out(step)
    services.remove_path(gone)
    services.add_path(campaign, "Bosses")  # another one, under the same number and name
    client, part = client_of(member), queries.removed_of(campaign)[0]
    back = member.url("sequences:removed_back", part.pk)
    page = page_of(client, member, campaign)
    assert "with 3 branches" in page
    answer = client.post(back, form_to(page, back).fields, follow=True).text
    for who in ("title contains CTO", "out of office"):
        assert f"The branch “{who}” did not come back: the path “Bosses” that it led to is gone, " in answer
    assert branches(campaign) == [(2, 3, "everybody", "", "", "Others")]


def test_a_step_of_a_path_does_not_come_back_into_another_one_under_its_number(campaign: Campaign) -> None:
    gone = services.add_path(campaign, "Bosses")
    services.add_step(campaign, path=1)
    services.take_step_out(step_at(campaign, 102))
    services.take_path_out(gone)
    assert services.add_path(campaign, "Others").number == gone.number
    path, step = queries.removed_of(campaign)
    with pytest.raises(IllegalMove, match="path of this step is gone"):
        services.bring_back(step)
    services.bring_back(path)
    assert services.bring_back(step).step == step_at(campaign, 202)
    assert sorted(one.position for one in campaign.steps.all()) == [1, 2, 3, 101, 201, 202]


def test_a_removed_path_comes_back_with_its_steps_and_the_branches_in_it_and_to_it(
    campaign: Campaign, member: Member
) -> None:
    path, last = services.add_path(campaign, "Bosses"), services.add_path(campaign, "Last")
    services.add_step(campaign, path=path.number)
    services.save_variant(wording_of(campaign, 101), Text("", "Dear boss"))
    services.add_branch(step_at(campaign, 1), Fork(BranchKind.FIELD, path.pk, where="title contains CTO"))
    services.add_branch(step_at(campaign, 2), Fork(BranchKind.REPLY, path.pk, reply=ReplyClass.POSITIVE))
    services.add_branch(step_at(campaign, 101), Fork(BranchKind.EVERYBODY, last.pk))
    before, steps = branches(campaign), outline(campaign)
    client = client_of(member)
    client.post(member.url("planner:path_removal", path.pk))
    assert (branches(campaign), len(outline(campaign))) == ([], len(steps) - 2)
    page = page_of(client, member, campaign)
    assert "Path 1: Bosses, 2 messages" in page
    back = member.url("sequences:removed_back", queries.removed_of(campaign)[0].pk)
    assert client.post(back, form_to(page, back).fields).status_code == 302
    assert (branches(campaign), outline(campaign)) == (before, steps)


def test_what_of_a_path_cannot_come_back_is_told(campaign: Campaign) -> None:
    path, last = services.add_path(campaign, "Bosses"), services.add_path(campaign, "Last")
    services.add_branch(step_at(campaign, 1), Fork(BranchKind.EVERYBODY, path.pk))
    services.add_branch(step_at(campaign, 2), Fork(BranchKind.EVERYBODY, path.pk))
    services.add_branch(step_at(campaign, 101), Fork(BranchKind.FIELD, last.pk, where="title contains CTO"))
    services.take_path_out(path)
    services.add_branch(step_at(campaign, 1), Fork(BranchKind.EVERYBODY, None))
    services.take_step_out(step_at(campaign, 2))
    Path.objects.create(campaign=campaign, number=1, name="Bosses")
    part = next(one for one in queries.removed_of(campaign) if "path" in one.content)
    lost = services.bring_back(part).lost
    assert [one.partition(" did not")[0] for one in lost] == [
        "The branch “title contains CTO”",
        "The branch “everybody else” that led there",
        "The branch “everybody else” that led there",
    ]
    assert list(campaign.paths.order_by("number").values_list("number", "name")) == [
        (1, "Bosses"), (2, "Last"), (3, "Bosses (2)"),
    ]  # fmt: skip


def test_a_step_that_was_removed_before_branches_were_kept_comes_back(campaign: Campaign) -> None:
    services.take_step_out(step_at(campaign, 2))
    (part,) = queries.removed_of(campaign)
    del part.content["branches"]
    assert services.bring_back(part).step == step_at(campaign, 2)


def test_twenty_removed_parts_are_kept(campaign: Campaign) -> None:
    for _ in range(22):
        services.take_step_out(services.add_step(campaign))
    assert RemovedPart.objects.filter(campaign=campaign).count() == 20


def test_nothing_comes_back_into_a_launched_campaign(campaign: Campaign) -> None:
    services.take_step_out(step_at(campaign, 3))
    (part,) = queries.removed_of(campaign)
    set_state(campaign, CampaignState.RUNNING)
    assert queries.removed_of(campaign) == []
    with pytest.raises(IllegalMove, match="keep their order"):
        services.bring_back(part)


def test_the_page_offers_what_was_removed(campaign: Campaign, member: Member) -> None:
    client = client_of(member)
    removal = member.url("sequences:step_removal", step_at(campaign, 2).pk)
    client.post(removal, form_to(page_of(client, member, campaign), removal).fields)
    part = RemovedPart.objects.get()
    back = member.url("sequences:removed_back", part.pk)
    answer = client.post(back, form_to(page_of(client, member, campaign), back).fields, follow=True)
    assert "Step 2: 2 is back." in answer.text
    assert [text for _, text, *_ in outline(campaign)] == ["1", "2", "3"]


def test_a_wait_is_kept_while_it_is_chosen_and_the_days_follow(campaign: Campaign, member: Member) -> None:
    client, step = client_of(member), step_at(campaign, 2)
    form = form_to(page_of(client, member, campaign), member.url("sequences:step_save", step.pk))
    url = member.url("sequences:step_keep", step.pk)
    answer = client.post(url, {**form.fields, "wait_amount": "5"})
    assert f'<small id="days{step_at(campaign, 3).pk}" hx-swap-oob="true">day 9</small>' in answer.text
    assert step_at(campaign, 2).wait_amount == 5
    refused = client.post(url, {**form.fields, "wait_amount": "6"})  # with the old fingerprint
    assert (refused.status_code, step_at(campaign, 2).wait_amount) == (422, 5)
    set_state(campaign, CampaignState.RUNNING)
    refused = client.post(url, {**form.fields, "seen": "", "wait_amount": "6"})
    assert (refused.status_code, step_at(campaign, 2).wait_amount) == (422, 5)
