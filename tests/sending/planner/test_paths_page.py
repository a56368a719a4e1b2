"""The paths of a campaign on one page: set up by a person, drawn with how many people are where."""

from __future__ import annotations

import re
from typing import cast

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from campaigns.sequences.errors import BadEdit
from campaigns.sequences.models import Branch, Campaign, Path, Step
from campaigns.sequences.plans import plans
from campaigns.sequences.queries import steps_of
from campaigns.sequences.services import add_path, create_campaign, duplicate_step, move_step, remove_path, remove_step
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.planner.entries import entry_of
from sending.planner.models import Enrollment
from sending.planner.paths import pathways
from sending.planner.paths.pathways import lanes_of
from sending.planner.paths.picture import picture_of
from tests.builders import make_branch, make_running_campaign, make_step
from tests.campaigns.sequences.browser import forms_of
from tests.sending.planner.pages import signed_in
from tests.sending.planner.stage import DAY, database_time, make_people, make_sender, make_team, pick

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def client(member: Member) -> Client:
    return signed_in(member)


@pytest.fixture
def draft(member: Member) -> Campaign:
    return create_campaign(member, "Autumn")


def step_at(campaign: Campaign, position: int) -> Step:
    return Step.objects.get(campaign=campaign, position=position)


def branch(client: Client, member: Member, step: Step, **values: object) -> tuple[int, str]:
    """Fill in the form of a branch; return the status of the answer and the page."""
    url = member.url("planner:branch_add", step.pk)
    fields = next(one for one in forms_of(client.get(url).text) if one.action == url).fields
    answer = client.post(url, {**fields, **values, "do": "save"}, follow=True)
    return answer.status_code, answer.text


def press(client: Client, member: Member, campaign: Campaign, act: str, row: Branch, **values: str) -> HttpResponse:
    """Send a form of the paths page that is about a branch, as the page has it."""
    url = member.url(f"planner:{act}", row.pk)
    page = client.get(member.url("planner:paths", campaign.pk)).text
    fields = next(one for one in forms_of(page) if one.action == url).fields
    return cast("HttpResponse", client.post(url, {**fields, **values}, follow=True))


def positions(campaign: Campaign) -> list[int]:
    return [step.position for step in steps_of(campaign)]


def test_a_path_comes_with_a_message_and_a_branch_leads_there(client: Client, member: Member, draft: Campaign) -> None:
    page = client.post(member.url("planner:paths", draft.pk), {"name": " Bosses "}, follow=True).text
    path = Path.objects.get(campaign=draft)
    assert (path.number, path.name, positions(draft)) == (1, "Bosses", [1, 101])
    assert "No branch leads here" in page
    status, page = branch(
        client, member, step_at(draft, 1), kind="field", where="title contains CTO", path=path.pk, reply="positive"
    )
    assert (status, "No branch leads here" in page) == (200, False)
    made = Branch.objects.get()
    assert (made.where, made.reply, made.path) == ("title contains cto", "", path)
    branch(client, member, step_at(draft, 1), kind="reply", reply="positive", path=path.pk)
    assert [one.reply for one in Branch.objects.order_by("place")] == ["", "positive"]


def test_what_cannot_be_a_branch_is_refused_beside_its_field(client: Client, member: Member, draft: Campaign) -> None:
    first, second = (add_path(draft, name) for name in ("One", "Two"))
    start, later = step_at(draft, 1), step_at(draft, 201)
    for values, words in (
        ({"kind": "field", "where": "title like CTO", "path": first.pk}, "is expected, not “like”."),
        ({"kind": "field", "where": " ", "path": first.pk}, "Say for whom"),
        ({"kind": "reply", "reply": "positive", "path": "end"}, "An answer ends the sequence by itself."),
    ):
        status, page = branch(client, member, start, **values)
        assert status == 422, values
        assert words in page
    status, page = branch(client, member, later, kind="everybody", path=first.pk)
    assert status == 422, "it does not lie ahead, so it cannot be chosen"
    branch(client, member, start, kind="everybody", path=second.pk)
    status, page = branch(client, member, start, kind="everybody", path=first.pk)
    assert (status, "a branch for everybody else behind this step already" in page) == (422, True)
    assert Branch.objects.count() == 1


def test_branches_change_their_order_and_go(client: Client, member: Member, draft: Campaign) -> None:
    path = add_path(draft, "One")
    a, b = (make_branch(step_at(draft, 1).pk, path, where=f"title is {name}") for name in "ab")
    press(client, member, draft, "branch_place", b, up="1")
    press(client, member, draft, "branch_place", b, up="1")
    assert list(Branch.objects.order_by("place")) == [b, a]
    press(client, member, draft, "branch_removal", b)
    assert list(Branch.objects.all()) == [a]


def test_a_path_goes_with_its_messages_and_branches_while_nothing_was_sent(
    client: Client, member: Member, draft: Campaign
) -> None:
    path, other = add_path(draft, "One"), add_path(draft, "Two")
    make_branch(step_at(draft, 1).pk, path)
    make_branch(step_at(draft, 101).pk, other)
    client.post(member.url("planner:path_removal", path.pk))
    assert (positions(draft), Branch.objects.count()) == ([1, 201], 0)
    assert client.post(member.url("planner:path_name", other.pk), {"name": "Last"}).status_code == 302
    assert Path.objects.get().name == "Last"
    Campaign.objects.update(state="running", launched_at=draft.created_at)
    page = client.post(member.url("planner:path_removal", other.pk), follow=True).text
    assert "keep their order" in page
    assert Path.objects.exists()


def test_the_steps_of_a_path_are_moved_copied_and_removed_among_themselves(draft: Campaign) -> None:
    add_path(draft, "One")
    make_step(draft, 2)
    first = step_at(draft, 101)
    duplicate_step(first)
    assert positions(draft) == [1, 2, 101, 102]
    move_step(first, by=-1)
    move_step(first, by=1)
    assert step_at(draft, 102) == first
    move_step(step_at(draft, 2), by=1)
    remove_step(step_at(draft, 1))
    assert positions(draft) == [1, 101, 102], "of the main path one is left, and path 1 is as it was"


def test_everybody_is_on_one_path_and_the_numbers_lead_to_them(client: Client, member: Member) -> None:
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, make_people(member, 6), (mailbox,), steps=2)
    path = Path.objects.create(campaign=campaign, number=1, name="Bosses")
    make_step(campaign, 101)
    make_branch(step_at(campaign, 1).pk, path, where="title is boss")
    rows = list(Enrollment.objects.order_by("pk"))
    for row, position in zip(rows, (1, 2, 2, 101, 101, 1), strict=True):
        Enrollment.objects.filter(pk=row.pk).update(next_position=position)
    Enrollment.objects.filter(pk=rows[5].pk).update(state="stopped", stop_reason="removed", due_at=None)
    main, bosses = lanes_of(plans([campaign.pk])[campaign.pk])
    assert (main.on_it, main.stopped, main.came, bosses.on_it, bosses.came) == (3, 1, 6, 2, 0)
    assert [stop.waiting for stop in (*main.stops, *bosses.stops)] == [1, 2, 2]
    page = client.get(member.url("planner:paths", campaign.pk)).text
    assert "2 people on it" in page
    people = client.get(member.url("planner:people", campaign.pk) + "?path=1&state=active").text
    assert sum(row.contact.email in people for row in rows) == 2
    step = client.get(member.url("planner:people", campaign.pk) + "?step=2").text
    assert sum(row.contact.email in step for row in rows) == 2


def test_a_taken_branch_is_counted_for_each_person(client: Client, member: Member) -> None:
    mailbox = make_sender(member)
    campaign = make_running_campaign(member, make_people(member, 2, title="boss"), (mailbox,), steps=1)
    path = Path.objects.create(campaign=campaign, number=1, name="Bosses")
    make_step(campaign, 101)
    make_branch(step_at(campaign, 1).pk, path, where="title is boss")
    sent_at = database_time() - 4 * DAY
    Enrollment.objects.update(next_position=2, mailbox=mailbox, begun_at=sent_at, last_sent_at=sent_at)
    assert len(pick(mailbox)) == 2
    bosses = lanes_of(plans([campaign.pk])[campaign.pk])[1]
    assert (bosses.came, bosses.on_it) == (2, 2)
    assert "(2 people took it)" in client.get(member.url("planner:paths", campaign.pk)).text


def test_of_more_turns_than_are_looked_at_the_page_says_at_least(
    client: Client, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_running_campaign(member, make_people(member, 4), (make_sender(member),), steps=1)
    path = Path.objects.create(campaign=campaign, number=1, name="Bosses")
    make_step(campaign, 101)
    made = make_branch(step_at(campaign, 1).pk, path)
    people = list(Enrollment.objects.order_by("pk"))
    data = {"branch": made.pk, "path": 1, "words": "Bosses."}
    record([entry_of(row, EventKind.BRANCHED, database_time(), **data) for row in (people[0], *people)])
    main, bosses = lanes_of(plans([campaign.pk])[campaign.pk])
    assert (bosses.came, bosses.at_least, main.at_least) == (4, False, False), "nobody counts twice"
    monkeypatch.setattr(pathways, "LOOKED_AT", 2)
    bosses = lanes_of(plans([campaign.pk])[campaign.pk])[1]
    assert (bosses.came, bosses.at_least) == (3, True)
    page = client.get(member.url("planner:paths", campaign.pk)).text
    assert "at least 3 people took it" in page
    assert "at least 3 came by a branch" in page


def test_each_arrow_of_the_picture_leads_to_the_right_and_down(draft: Campaign) -> None:
    one, two = add_path(draft, "One"), add_path(draft, "Two")
    make_step(draft, 2)
    make_branch(step_at(draft, 1).pk, one, where="title is a")
    make_branch(step_at(draft, 2).pk, two)
    make_branch(step_at(draft, 101).pk, two)
    make_branch(step_at(draft, 101).pk, None, where="title is b")
    picture = picture_of(lanes_of(plans([draft.pk])[draft.pk]))
    at = {box.stop.step.position: (box.x, box.y) for box in picture.boxes}
    assert at[1][1] < at[2][1] == at[101][1] < at[201][1]
    assert at[1][0] == at[2][0] < at[101][0] < at[201][0]
    ways = [[int(number) for number in re.findall(r"\d+", line.way)] for line in picture.lines]
    assert all(numbers[1] < numbers[-1] for numbers, line in zip(ways, picture.lines, strict=True) if line.tip)
    heights = [line.y for line in picture.lines if line.label]
    assert len(set(heights)) == len(heights), "no label lies on another"
    assert max(y for _, y in at.values()) + picture.node_height < picture.height


def test_the_page_asks_as_much_of_a_campaign_with_many_paths(
    client: Client, member: Member, draft: Campaign, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    add_path(draft, "One")
    url = member.url("planner:paths", draft.pk)
    client.get(url)
    with django_assert_num_queries(10):
        client.get(url)
    for number in range(2, 8):
        add_path(draft, f"Path {number}")
    with django_assert_num_queries(10):
        client.get(url)


def test_paths_that_were_removed_do_not_count_towards_the_limit(draft: Campaign) -> None:
    made = [add_path(draft, f"Path {number}") for number in range(1, 21)]
    with pytest.raises(BadEdit, match="20 paths at most"):
        add_path(draft, "One too many")
    remove_path(made[6])
    assert add_path(draft, "Again").number == 7
