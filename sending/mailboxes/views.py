"""HTTP of the mailboxes' pages."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.ledger.queries import totals
from sending.mailboxes import queries, services
from sending.mailboxes.budgets import budgets_of
from sending.mailboxes.errors import AddressTaken, MailboxError
from sending.mailboxes.forms import WARN_ABOVE, MailboxForm
from sending.mailboxes.states import WAYS_OUT, MailboxState
from sending.mailboxes.testing import test_connections

_FOLDER = "sending/mailboxes"


@require_GET
@member_page(Role.VIEWER)
def mailbox_list(request: MemberRequest) -> HttpResponse:
    """List the mailboxes with state, budget and freshness."""
    context = {
        "rows": budgets_of(queries.mailboxes_of(request.member)),
        "may_connect": request.member.may(Role.ADMIN),
    }
    return render_region(request, f"{_FOLDER}/list.html", context, region="mailboxes")


@require_http_methods(["GET", "POST"])
@member_page(Role.ADMIN)
def mailbox_create(request: MemberRequest) -> HttpResponse:
    """Connect a mailbox and test it at once."""
    form = MailboxForm(_sent(request))
    if form.is_valid():
        data = form.cleaned_data
        try:
            mailbox = services.create_mailbox(
                request.member,
                form.columns(),
                smtp=data["smtp_password"],
                imap=data["imap_password"] or data["smtp_password"],
            )
        except AddressTaken as error:
            form.add_error("address", str(error))
        else:
            test_connections(mailbox)
            return redirect(request.member.url("mailboxes:detail", mailbox.pk))
    return _form_page(request, form)


@require_http_methods(["GET", "POST"])
@member_page(Role.ADMIN)
def mailbox_edit(request: MemberRequest, pk: int) -> HttpResponse:
    """Change a mailbox; what is changed is tested at once."""
    mailbox = queries.mailbox_for(request.member, pk)
    form = MailboxForm(_sent(request), mailbox=mailbox)
    if form.is_valid():
        data = form.cleaned_data
        try:
            services.update_mailbox(mailbox, form.columns(), smtp=data["smtp_password"], imap=data["imap_password"])
        except AddressTaken as error:
            form.add_error("address", str(error))
        else:
            test_connections(queries.mailbox_for(request.member, pk))
            return redirect(request.member.url("mailboxes:detail", pk))
    return _form_page(request, form, mailbox=mailbox)


@require_GET
@member_page(Role.VIEWER)
def mailbox_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one mailbox: state, budget, newest tests with their dialogue, totals."""
    mailbox = queries.mailbox_for(request.member, pk)
    context = {
        "mailbox": mailbox,
        "budget": budgets_of([mailbox])[0],
        "tests": queries.newest_tests(mailbox),
        "totals": totals(request.member.workspace.pk, mailbox_id=pk),
        "warn_above": WARN_ABOVE,
        "way_out": WAYS_OUT[MailboxState(mailbox.state)],
        "may_edit": request.member.may(Role.ADMIN),
        "may_act": request.member.may(Role.MEMBER),
    }
    return render_region(request, f"{_FOLDER}/detail.html", context)


@require_POST
@member_page(Role.MEMBER)
def mailbox_test(request: MemberRequest, pk: int) -> HttpResponse:
    """Sign in to both servers now."""
    results = test_connections(queries.mailbox_for(request.member, pk))
    if all(result.passed for result in results):
        messages.success(request, "Both servers let us in.")
    else:
        messages.error(request, "The test did not pass. What is wrong, and what to do, stands below.")
    return redirect(request.member.url("mailboxes:detail", pk))


@require_POST
@member_page(Role.MEMBER)
def mailbox_pause(request: MemberRequest, pk: int) -> HttpResponse:
    """Send nothing from the mailbox until it is resumed."""
    mailbox = queries.mailbox_for(request.member, pk)
    try:
        services.pause(mailbox.pk, f"Paused by {request.member.user.email}.")
    except MailboxError as error:
        messages.error(request, str(error))
    return redirect(request.member.url("mailboxes:detail", pk))


@require_POST
@member_page(Role.MEMBER)
def mailbox_resume(request: MemberRequest, pk: int) -> HttpResponse:
    """Let a paused or blocked mailbox send again, at its usual pace."""
    mailbox = queries.mailbox_for(request.member, pk)
    try:
        services.resume(mailbox.pk)
    except MailboxError as error:
        messages.error(request, str(error))
    return redirect(request.member.url("mailboxes:detail", pk))


@require_POST
@member_page(Role.ADMIN)
def mailbox_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Forget a mailbox that was never connected."""
    mailbox = queries.mailbox_for(request.member, pk)
    try:
        services.remove(mailbox)
    except MailboxError as error:
        messages.error(request, str(error))
        return redirect(request.member.url("mailboxes:detail", pk))
    messages.success(request, f"{mailbox.address} is removed.")
    return redirect(request.member.url("mailboxes:list"))


def _sent(request: MemberRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _form_page(request: MemberRequest, form: MailboxForm, mailbox: object = None) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render_region(request, f"{_FOLDER}/form.html", {"form": form, "mailbox": mailbox}, status=status)
