"""Pages about the API keys of a workspace."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from outreach.accounts import programs, queries
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.forms import KeyForm
from outreach.accounts.keys import SCOPE_WORDS, Scope
from outreach.accounts.models import ApiKey
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.htmx import render_region


@require_http_methods(["GET", "POST"])
@member_page(Role.ADMIN)
def keys(request: MemberRequest) -> HttpResponse:
    """List the keys, and make one: the answer to that shows it, once."""
    roles = [role for role in Role if request.member.may(role)]
    form = KeyForm(request.POST if request.method == "POST" else None, roles=roles)
    made = None
    if request.method == "POST" and form.is_valid():
        _, made = programs.create_key(request.member, form.wish())
        form = KeyForm(roles=roles)
    context = {"form": form, "made": made, "keys": [_shown(row) for row in queries.keys_of(request.member)]}
    status = 422 if form.errors else 200
    return render_region(request, "accounts/keys.html", context, status=status)


@require_http_methods(["GET", "POST"])
@member_page(Role.ADMIN)
def revocation(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask once, then revoke the key."""
    row = queries.key_for(request.member, pk)
    if request.method == "GET":
        return render_region(request, "accounts/key_revocation.html", {"row": row})
    if programs.revoke_key(row):
        messages.success(request, f"The key “{row.name}” opens nothing any more.")
    else:
        messages.info(request, f"The key “{row.name}” was revoked already.")
    return redirect(request.member.url("workspace:keys"))


def _shown(row: ApiKey) -> dict[str, object]:
    has_ended = row.expires_at is not None and row.expires_at <= clock.now()
    state = "revoked" if row.revoked_at else "expired" if has_ended else "valid"
    return {"row": row, "state": state, "scopes": [SCOPE_WORDS[Scope(scope)] for scope in row.scopes]}
