"""Branches of a running campaign: nothing counts before it was shown, and each edit names who did it."""

from __future__ import annotations

import re
from typing import cast

import pytest
from django.http import HttpResponse
from django.test import Client

from campaigns.sequences.errors import Overtaken
from campaigns.sequences.models import Branch, Campaign, Path, Step
from campaigns.sequences.queries import branches_behind
from campaigns.sequences.seen import seen_branches
from campaigns.sequences.services import (
    Fork,
    add_branch,
    add_path,
    change_branch,
    create_campaign,
    move_branch,
    move_step,
    remove_branch,
    remove_path,
    rename_path,
)
from campaigns.sequences.states import BranchKind, ReplyClass
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.planner.models import Enrollment
from sending.planner.paths.effects import BranchEffects, effects_of_branches
from tests.builders import make_branch, make_contact, make_running_campaign, make_step
from tests.campaigns.sequences.browser import form_to
from tests.sending.planner.pages import signed_in
from tests.sending.planner.stage import database_time, make_sender, make_team

pytestmark = pytest.mark.django_db

# Where the people stand: (position to come, state, title). Two wait behind step 1, one of them a boss.
PEOPLE = (
    (1, "active", "boss"),
    (2, "active", "boss"),
    (2, "active", "buyer"),
    (2, "sending", "boss"),
    (3, "active", "boss"),
    (3, "finished", "boss"),
    (101, "active", "boss"),
)


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def client(member: Member) -> Client:
    return signed_in(member)


@pytest.fixture
def campaign(member: Member) -> Campaign:
    mailbox = make_sender(member)
    people = [
        make_contact(member.workspace, f"p{number}@example{number}.com", title=title)
        for number, (_, _, title) in enumerate(PEOPLE)
    ]
    campaign = make_running_campaign(member, tuple(people), (mailbox,), steps=2)
    Path.objects.create(campaign=campaign, number=1, name="Bosses")
    make_step(campaign, 101)
    for row, (position, state, _) in zip(Enrollment.objects.order_by("pk"), PEOPLE, strict=True):
        due_at = database_time() if state == "active" else None
        ended_at = database_time() if state == "finished" else None
        Enrollment.objects.filter(pk=row.pk).update(
            next_position=position, state=state, due_at=due_at, ended_at=ended_at
        )
    return campaign


def step_at(campaign: Campaign, position: int) -> Step:
    return Step.objects.select_related("campaign").get(campaign=campaign, position=position)


def path_of(campaign: Campaign) -> Path:
    return Path.objects.get(campaign=campaign, number=1)


def post(client: Client, url: str, **values: object) -> HttpResponse:
    return cast("HttpResponse", client.post(url, values))


def seen(campaign: Campaign, position: int = 1) -> str:
    return seen_branches(branches_behind(step_at(campaign, position)))


def confirm(client: Client, shown: HttpResponse, url: str, **values: object) -> HttpResponse:
    return cast("HttpResponse", client.post(url, {**form_to(shown.text, url).fields, **values, "sure": "1"}))


def test_a_branch_is_shown_with_whom_it_touches_before_it_counts(
    client: Client, member: Member, campaign: Campaign
) -> None:
    url = member.url("planner:branch_add", step_at(campaign, 1).pk)
    fields = {"kind": "field", "where": "title is boss", "path": path_of(campaign).pk, "seen": seen(campaign)}
    shown = post(client, url, **fields, do="save")
    assert not Branch.objects.exists()
    text = " ".join(shown.text.split())
    assert "changes 3 pending" in text
    assert "1 of the 2 people who wait would go another way than now" in text
    assert "<ins>title is boss \N{RIGHTWARDS ARROW} Bosses</ins>" in text
    assert confirm(client, shown, url).status_code == 302
    made = Branch.objects.get()
    assert (made.kind, made.where, made.path) == ("field", "title is boss", path_of(campaign))


def test_the_numbers_of_whom_it_touches_lead_to_these_people(
    client: Client, member: Member, campaign: Campaign
) -> None:
    step = step_at(campaign, 2)
    branch = make_branch(step.pk, path_of(campaign), where="title is boss")
    shown = post(client, member.url("planner:branch_removal", branch.pk), seen=seen(campaign, 2)).text
    people = member.url("planner:people", campaign.pk)
    links = re.findall(rf'href="({people}\?[^"]+)"', shown)
    found = [re.findall(r"\bp(\d)@[\w.]+</a>", client.get(link.replace("&amp;", "&")).text) for link in links]
    #        wait   come here later       gone on     finished here
    assert found == [["4"], ["3", "2", "1", "0"], ["6", "5"], ["5"]]
    assert "Wait behind step 2" in client.get(links[0].replace("&amp;", "&")).text
    for query in ("?behind=2&stance=nonsense", "?behind=9&stance=waiting", "?behind=x&stance=waiting", "?behind=2"):
        assert len(re.findall(r"\bp(\d)@[\w.]+</a>", client.get(people + query).text)) == len(PEOPLE), query


def test_going_on_with_the_editing_keeps_what_was_filled_in(client: Client, member: Member, campaign: Campaign) -> None:
    url = member.url("planner:branch_add", step_at(campaign, 1).pk)
    fields = {"kind": "field", "where": "title is boss", "path": "end", "seen": seen(campaign)}
    shown = post(client, url, **fields, do="save")
    again = client.post(url, {**form_to(shown.text, url).fields, "again": "1"})
    form = form_to(again.text, url)
    assert (form.fields["kind"], form.fields["path"]) == (["field"], ["end"])
    assert form.fields["g0-what"] == ["title"]
    assert form.fields["g0-value"] == ["boss"]


@pytest.mark.parametrize("act", ["branch_removal", "branch_place"])
def test_a_removal_and_another_order_are_shown_first(
    client: Client, member: Member, campaign: Campaign, act: str
) -> None:
    step = step_at(campaign, 1)
    a = make_branch(step.pk, path_of(campaign), where="title is boss")
    b = make_branch(step.pk, None, where="title is buyer")
    row = a if act == "branch_removal" else b
    url = member.url(f"planner:{act}", row.pk)
    shown = post(client, url, seen=seen(campaign), **({"up": "1"} if act == "branch_place" else {}))
    assert list(Branch.objects.order_by("place")) == [a, b]
    assert "changes 3 pending" in shown.text
    confirm(client, shown, url)
    assert list(Branch.objects.order_by("place")) == ([b] if act == "branch_removal" else [b, a])


def test_a_branch_is_changed_in_its_place(client: Client, member: Member, campaign: Campaign) -> None:
    branch = make_branch(step_at(campaign, 1).pk, path_of(campaign), where="title is boss")
    url = member.url("planner:branch_change", branch.pk)
    form = form_to(client.get(url).text, url)
    assert form.fields["g0-value"] == ["boss"]
    fields = {**form.fields, "g0-value": "buyer", "path": "end"}
    shown = post(client, url, **fields, do="save")
    assert "<del>boss </del><ins>buyer </ins>" in shown.text
    confirm(client, shown, url)
    now = Branch.objects.get()
    assert (now.pk, now.where, now.path) == (branch.pk, "title is buyer", None)


def test_what_somebody_else_set_meanwhile_is_not_replaced(client: Client, member: Member, campaign: Campaign) -> None:
    step = step_at(campaign, 1)
    branch = make_branch(step.pk, path_of(campaign), where="title is boss")
    before = seen(campaign)
    shown = post(client, member.url("planner:branch_removal", branch.pk), seen=before)
    make_branch(step.pk, None)
    answer = confirm(client, shown, member.url("planner:branch_removal", branch.pk))
    assert answer.status_code == 302
    assert Branch.objects.count() == 2
    url = member.url("planner:branch_add", step.pk)
    refused = post(client, url, kind="reply", reply="positive", path=path_of(campaign).pk, seen=before, do="save")
    assert refused.status_code == 422
    assert "Somebody else saved the branches behind this step" in refused.text
    with pytest.raises(Overtaken):
        move_branch(branch, by=1, seen=before)
    with pytest.raises(Overtaken):
        change_branch(branch, Fork(BranchKind.EVERYBODY, None), seen=before)


def test_whom_it_touches_is_counted_at_the_place(campaign: Campaign) -> None:
    step, path = step_at(campaign, 1), path_of(campaign)
    boss = Branch(step=step, place=1, kind=BranchKind.FIELD, where="title is boss", path=path)
    everybody = Branch(step=step, place=2, kind=BranchKind.EVERYBODY, path=None)
    found = effects_of_branches(step, [boss])
    assert found == BranchEffects(waiting=2, to_come=1, gone_on=4, turned=1, resting=0, is_about=False)
    assert effects_of_branches(step, [boss, everybody]).turned == 2
    assert effects_of_branches(step, []).turned == 0
    behind = effects_of_branches(step_at(campaign, 2), [])
    assert (behind.waiting, behind.to_come, behind.gone_on, behind.resting) == (1, 4, 2, 1)


def test_people_whose_branch_cannot_be_read_are_freed_by_another(campaign: Campaign) -> None:
    step = step_at(campaign, 1)
    make_branch(step.pk, path_of(campaign), where="list is 9999")
    assert effects_of_branches(step, []).turned == 2, "they were held, and would go on"


def told(member: Member) -> list[tuple[str, str, str]]:
    rows = Event.objects.filter(kind=EventKind.EDITED).order_by("pk")
    assert {row.data["by"] for row in rows} <= {member.user.email}
    return [(row.data["what"], row.data["before"], row.data["after"]) for row in rows]


def test_each_edit_is_an_event_with_who_did_it_and_what_stood_before(campaign: Campaign, member: Member) -> None:
    step, path, who = step_at(campaign, 1), path_of(campaign), member.user
    a = add_branch(step, Fork(BranchKind.FIELD, path.pk, where="title is a"), who=who)
    b = add_branch(step, Fork(BranchKind.FIELD, None, where="title is b"), who=who)
    move_branch(b, by=-1, who=who)
    move_branch(b, by=-1, who=who)  # it is the first already
    change_branch(a, Fork(BranchKind.REPLY, path.pk, reply=ReplyClass.POSITIVE), who=who)
    remove_branch(a, who=who)
    remove_branch(a, who=who)
    rename_path(path, "Chiefs", who=who)
    rename_path(path, " Chiefs ", who=who)
    one, two = "title is a \N{RIGHTWARDS ARROW} Bosses", "title is b \N{RIGHTWARDS ARROW} the end"
    assert told(member) == [
        ("branch_set", "", one),
        ("branch_set", "", two),
        ("branch_moved", f"{one}\n{two}", f"{two}\n{one}"),
        ("branch_changed", one, "positive answer \N{RIGHTWARDS ARROW} Bosses"),
        ("branch_removed", "positive answer \N{RIGHTWARDS ARROW} Bosses", ""),
        ("path_renamed", "Bosses", "Chiefs"),
    ]
    words = [row.data["words"] for row in Event.objects.filter(kind=EventKind.EDITED).order_by("pk")]
    assert words[0] == f"Step 1: a branch was set up by {who.email}: “{one}”."
    assert words[5] == f"Path 1: it was renamed by {who.email}: “Bosses” became “Chiefs”."


def test_paths_and_moves_of_a_draft_are_told_too_and_what_is_refused_is_not(member: Member) -> None:
    draft, who = create_campaign(member, "Autumn"), member.user
    make_step(draft, 2)
    path = add_path(draft, "Bosses", who=who)
    move_step(step_at(draft, 1), by=1, who=who)
    with pytest.raises(ValueError, match="An answer ends"):
        add_branch(step_at(draft, 1), Fork(BranchKind.REPLY, None, reply=ReplyClass.POSITIVE), who=who)
    remove_path(path, who=who)
    assert told(member) == [
        ("path_added", "", "Bosses"),
        ("step_moved", "1", "2"),
        ("path_removed", "Bosses", ""),
    ]


def test_the_log_shows_the_edit(client: Client, member: Member, campaign: Campaign) -> None:
    add_branch(step_at(campaign, 1), Fork(BranchKind.EVERYBODY, None), who=member.user)
    page = client.get(member.url("reports:log") + "?kind=edited").text
    assert "a branch was set up by" in page
    assert "Edited" in page
