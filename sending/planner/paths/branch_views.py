"""HTTP of the branches behind a step: set up, changed, moved, removed; in a launched campaign after a look at whom.

Each page and form says what it was drawn from (`seen`), so that nobody replaces what somebody else has set meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.contacts.queries import vocabulary_of
from campaigns.contacts.views.desk import Desk, desk_context, desk_of, desk_sent
from campaigns.sequences import services
from campaigns.sequences.comparing import compare
from campaigns.sequences.forks import lines_of
from campaigns.sequences.models import Branch, Step
from campaigns.sequences.queries import branch_for, branches_behind, paths_of, step_for
from campaigns.sequences.seen import seen_branches
from campaigns.sequences.states import LAUNCHED, BranchKind
from campaigns.sequences.views.changes import is_sure
from campaigns.sequences.views.frame import attempt, editor_context, saved
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.planner.paths.effects import effects_of_branches
from sending.planner.paths.forms import END, BranchForm

_FOLDER = "sending/planner"
_PAGE = "planner:paths"


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind which step, and which branch; None: one that is set up."""

    step: Step
    branch: Branch | None = None


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def branch_add(request: MemberRequest, pk: int) -> HttpResponse:
    """Set up a branch behind a step."""
    return _branch(request, _Place(step_for(request.member, pk)))


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def branch_change(request: MemberRequest, pk: int) -> HttpResponse:
    """Let a branch be taken by somebody else, or lead elsewhere."""
    branch = branch_for(request.member, pk)
    return _branch(request, _Place(branch.step, branch))


@require_POST
@member_page(Role.MEMBER)
def branch_place(request: MemberRequest, pk: int) -> HttpResponse:
    """Let a branch be asked earlier or later."""
    branch = branch_for(request.member, pk)
    button = "down" if "down" in request.POST else "up"
    by = 1 if button == "down" else -1
    if _is_first_look(request, branch.step):
        return _changes(request, branch.step, services.moved_branches(branch, by=by), {button: "1"})
    return _attempt(request, branch, partial(services.move_branch, branch, by=by), "")


@require_POST
@member_page(Role.MEMBER)
def branch_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a branch."""
    branch = branch_for(request.member, pk)
    if _is_first_look(request, branch.step):
        rest = [one for one in branches_behind(branch.step) if one.pk != pk]
        return _changes(request, branch.step, rest, {})
    words = "Removed. Whoever has taken it stays where they are."
    return _attempt(request, branch, partial(services.remove_branch, branch), words)


def _is_first_look(request: MemberRequest, step: Step) -> bool:
    return step.campaign.state in LAUNCHED and not is_sure(request)


def _attempt(request: MemberRequest, branch: Branch, act: Callable[..., object], words: str) -> HttpResponse:
    """Do it; a page that was drawn before somebody else's edit is told so, and drawn anew."""
    seen = request.POST.get("seen", "")
    done = partial(act, seen=seen, who=request.member.user)
    return attempt(request, branch.step.campaign_id, done, words, to=_PAGE)


def _branch(request: MemberRequest, place: _Place) -> HttpResponse:
    vocabulary, step = vocabulary_of(request.member.workspace.pk), place.step
    if request.method != "POST":
        desk = desk_of(place.branch.where if place.branch else "", vocabulary)
        return _page(request, place, _form(place), desk)
    desk = desk_sent(request.POST, vocabulary)
    wants = "save" in {request.POST.get("do"), *request.POST} and "again" not in request.POST
    form = BranchForm(request.POST, position=step.position, paths=paths_of(step.campaign))
    if not wants:
        return _page(request, place, form, desk)
    by_field = request.POST.get("kind") == BranchKind.FIELD
    if by_field and desk.problem:
        form.add_error(None, desk.problem)
    elif form.is_valid():
        answer = _save(request, place, form, desk.where if by_field else "")
        if answer is not None:
            return answer
    return _page(request, place, form, desk, status=422)


def _save(request: MemberRequest, place: _Place, form: BranchForm, where: str) -> HttpResponse | None:
    """Keep the branch, or show first what that changes; None where it is refused."""
    step, branch = place.step, place.branch
    fork, seen = form.fork(where), form.cleaned_data["seen"]
    if _is_first_look(request, step):
        made: list[Branch] = []
        check = partial(services.check_branch, step, fork, branch=branch, seen=seen)
        if not saved(request, form, lambda: made.append(check())):
            return None
        others = [one for one in branches_behind(step) if one.pk != made[0].pk]
        data = {name: form.cleaned_data[name] for name in ("kind", "reply", "path")}
        after = sorted([*others, *made], key=lambda one: one.place)
        return _changes(request, step, after, {**data, "where": where, "save": "1"}, may_go_on=True)
    act = partial(services.change_branch, branch) if branch else partial(services.add_branch, step)
    if not saved(request, form, lambda: act(fork, seen=seen, who=request.member.user)):
        return None
    messages.success(request, "The branch is changed." if branch else "The branch is set up.")
    return redirect(request.member.url(_PAGE, step.campaign_id))


def _form(place: _Place) -> BranchForm:
    step, branch = place.step, place.branch
    initial: dict[str, object] = {"seen": seen_branches(branches_behind(step))}
    if branch is not None:
        initial |= {"kind": branch.kind, "reply": branch.reply, "path": branch.path_id or END}
    return BranchForm(initial=initial, position=step.position, paths=paths_of(step.campaign))


def _page(request: MemberRequest, place: _Place, form: BranchForm, desk: Desk, *, status: int = 200) -> HttpResponse:
    vocabulary = vocabulary_of(request.member.workspace.pk)
    is_exact = request.POST.get("do") == "exact"
    context = editor_context(
        place.step.campaign,
        step=place.step,
        branch=place.branch,
        form=form,
        is_launched=place.step.campaign.state in LAUNCHED,
        **desk_context(request.member, desk, vocabulary, is_exact=is_exact),
    )
    return render_region(request, f"{_FOLDER}/branch.html", context, region="builder", status=status)


def _changes(
    request: MemberRequest, step: Step, after: Sequence[Branch], fields: dict[str, str], *, may_go_on: bool = False
) -> HttpResponse:
    """Show what other branches behind a step change, and whom they touch."""
    before = branches_behind(step)
    context = editor_context(
        step.campaign,
        step=step,
        pieces=compare(lines_of(before), lines_of(after)),
        effects=effects_of_branches(step, after),
        act=request.path,
        fields={**fields, "seen": seen_branches(before)},
        may_go_on=may_go_on,
    )
    return render_region(request, f"{_FOLDER}/branch_changes.html", context, region="changes")
