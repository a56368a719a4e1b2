"""The page of a list on which a legitimate interest is weighed, version by version."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from campaigns.contacts import queries, services
from campaigns.contacts.errors import BadContact
from campaigns.contacts.forms import InterestForm
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.htmx import render_region

_USUAL = timedelta(days=365)


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER, changes=Role.MEMBER)
def list_interest(request: MemberRequest, list_id: int) -> HttpResponse:
    """Show what was weighed for a list, and add a version."""
    row = queries.list_for(request.member, list_id)
    versions = list(queries.interests_of(row))
    last, today = versions[0] if versions else None, clock.now().date()
    initial = {"review_on": today + _USUAL, "seen": last.version if last else 0}
    if last:
        initial |= {"purpose": last.purpose, "necessity": last.necessity, "balancing": last.balancing}
    form = InterestForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            made = services.weigh_interest(request.member, row, form.weighing(), seen=form.cleaned_data["seen"])
        except BadContact as error:
            form.refuse(error)
        else:
            messages.success(request, f"Version {made.version} is kept.")
            return redirect(request.member.url("contacts:list_interest", list_id))
    context = {
        "list": row,
        "form": form,
        "versions": versions,
        "last": last,
        "is_over": last is not None and last.review_on < today,
        "may_change": request.member.may(Role.MEMBER),
    }
    status = 422 if form.is_bound else 200
    return render_region(request, "campaigns/contacts/list_interest.html", context, status=status)
