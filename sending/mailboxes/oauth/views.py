"""HTTP of the sign-in with a provider: off to its page, back from it, and the question about another account."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from outreach.accounts.access import MemberRequest, UserRequest, member_of, member_page, signed_in
from outreach.accounts.roles import Role
from sending.mailboxes import queries
from sending.mailboxes.oauth import flow
from sending.mailboxes.oauth.answers import ProviderAway
from sending.mailboxes.trials import ask_for_test

_OVER = (
    "This sign-in cannot be completed: it was begun by somebody else or in another browser, it is older than ten "
    "minutes, or it is done already. Begin again on the page of the mailbox."
)


@require_POST
@member_page(Role.ADMIN)
def sign_in(request: MemberRequest, pk: int) -> HttpResponse:
    """Send the browser to the provider.

    By a page of our own, not by a redirect: browsers hold form-action of our policy against every address that a form
    leads to, and where a provider leads on to is not known.
    """
    mailbox = queries.mailbox_for(request.member, pk)
    try:
        target = flow.begin(request.member.user, _session_of(request), mailbox)
    except (ProviderAway, flow.BadState) as error:
        messages.error(request, str(error) or "This mailbox signs in with a password.")
        return redirect(request.member.url("mailboxes:detail", pk))
    context = {"mailbox": mailbox, "sign_in": queries.sign_in_of(mailbox), "target": target}
    response = render(request, "sending/mailboxes/leaving.html", context)
    response["Refresh"] = f"0; url={target}"
    return response


@require_GET
@signed_in
def returned(request: UserRequest) -> HttpResponse:
    """Take what the provider says, and go to the mailbox."""
    try:
        back = flow.finish(request.user, _session_of(request), request.GET.dict())
    except flow.BadState:
        messages.error(request, _OVER)
        return redirect("accounts:start")
    member = member_of(request.user, back.mailbox.workspace.slug)
    if back.problem:
        messages.error(request, back.problem)
    elif not back.account:
        messages.success(request, f"You are signed in as {back.mailbox.address}.")
        ask_for_test(request.session, back.mailbox.pk)
    return redirect(member.url("mailboxes:detail", back.mailbox.pk))


@require_POST
@member_page(Role.ADMIN)
def account(request: MemberRequest, pk: int) -> HttpResponse:
    """Use the other account that has signed in for the mailbox, or forget it."""
    mailbox = queries.mailbox_for(request.member, pk)
    if request.POST.get("use") != "1":
        flow.discard(request.member.user, mailbox)
        messages.success(request, "The account was not taken.")
        return redirect(request.member.url("mailboxes:detail", pk))
    try:
        name = flow.confirm(request.member.user, _session_of(request), mailbox)
    except flow.BadState:
        messages.error(request, _OVER)
    else:
        messages.success(request, f"{mailbox.address} signs in as {name}.")
        ask_for_test(request.session, pk)
    return redirect(request.member.url("mailboxes:detail", pk))


def _session_of(request: MemberRequest | UserRequest) -> str:
    return request.session.session_key or ""
