"""HTTP of the unknown mails: what they are, a rule for their words, what it would have changed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.inbox.models import WordRule
from sending.inbox.unknowns import services
from sending.inbox.unknowns.core import MEANINGS, About, BadRule

_PAGE = "sending/inbox/unknowns.html"
_SHOWN = 50


@require_GET
@member_page(Role.VIEWER)
def unknowns(request: MemberRequest) -> HttpResponse:
    """Show the mails that no rule knows; with words and a meaning in the address, what a rule would have changed."""
    asked = request.GET
    about = About(asked["about"]) if asked.get("about") in set(About) else About.BOUNCE
    typed, means = asked.get("words", "")[:300].replace("\x00", ""), asked.get("means", "")
    context: dict[str, Any] = {"preview": None, "problem": ""}
    if "words" in asked:
        try:
            context["preview"] = services.preview(request.member, about, typed, means)
        except BadRule as refusal:
            context["problem"] = str(refusal)
    rules = WordRule.objects.filter(workspace=request.member.workspace, about=about).select_related(
        "made_by", "ended_by"
    )
    context |= {
        "about": about,
        "abouts": [(About.BOUNCE, "Bounces"), (About.ANSWER, "Answers")],
        "found": services.unknowns(request.member, about)[:_SHOWN],
        "meanings": MEANINGS[about],
        "typed": typed,
        "means": means,
        "rules": rules.order_by("-pk")[:_SHOWN],
        "may_change": request.member.may(Role.MEMBER),
    }
    status = 422 if context["problem"] else 200
    return render_region(request, _PAGE, context, status=status)


@require_POST
@member_page(Role.MEMBER)
def rule_add(request: MemberRequest) -> HttpResponse:
    """Keep a rule whose effect was looked at."""
    said = request.POST
    about = About(said["about"]) if said.get("about") in set(About) else About.BOUNCE
    try:
        rule = services.save(request.member, about, said.get("words", "").replace("\x00", ""), said.get("means", ""))
    except BadRule as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Kept. It has told {rule.changed} mails of the past, and tells those that come.")
    return redirect(f"{request.member.url('inbox:unknowns')}?about={about}")


@require_POST
@member_page(Role.MEMBER)
def rule_end(request: MemberRequest, pk: int) -> HttpResponse:
    """End a rule."""
    if not WordRule.objects.filter(workspace=request.member.workspace, pk=pk).exists():
        raise Http404("No such rule")
    if services.end(request.member, pk):
        messages.success(request, "It tells nothing any more; what it has told stays.")
    else:
        messages.error(request, "It was ended already.")
    return redirect(request.member.url("inbox:unknowns"))
