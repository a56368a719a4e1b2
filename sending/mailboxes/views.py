"""HTTP of the mailboxes' pages."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.addresses import BadAddress
from outreach.kit.htmx import render_region
from outreach.slots import MAILBOX_BOOK, MAILBOX_FEEDBACK, MAILBOX_READING
from sending.imap import Protocol
from sending.ledger.kinds import OF_MAILBOX
from sending.ledger.queries import feed, totals
from sending.mailboxes import queries, services
from sending.mailboxes.budgets import budgets_of
from sending.mailboxes.ceilings import warnings_of
from sending.mailboxes.cooling import cooling_in
from sending.mailboxes.discovery import Found, discover
from sending.mailboxes.errors import AddressTaken, MailboxError
from sending.mailboxes.filling import fill, filled_before, reading_of, servers_of
from sending.mailboxes.forms import MailboxForm, as_typed
from sending.mailboxes.guarding import guarded
from sending.mailboxes.health import newest_changes
from sending.mailboxes.live import watched
from sending.mailboxes.models import Mailbox
from sending.mailboxes.oauth.flow import waiting_for
from sending.mailboxes.oauth.providers import configured
from sending.mailboxes.presets import Preset, by_server
from sending.mailboxes.selfmail import obstacle_of, recipients_for
from sending.mailboxes.states import BY_PERSON, MailboxState, SignInKind, way_out
from sending.mailboxes.testing import test_connections
from sending.mailboxes.trials import ask_for_test, takes_test_now

_FOLDER = "sending/mailboxes"
# The hidden fields by which the form remembers what was filled into it.
_PRESET, _ADDRESS, _READING = "filled_preset", "filled_address", "filled_reading"
_DIGITS = 10


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
            return _tested(request, mailbox)
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
            return _tested(request, queries.mailbox_for(request.member, pk))
    return _form_page(request, form, mailbox=mailbox)


@require_POST
@member_page(Role.ADMIN)
def mailbox_servers(request: MemberRequest, pk: int | None = None) -> HttpResponse:
    """Fill the servers of the address's provider into the form; nothing is saved."""
    mailbox = queries.mailbox_for(request.member, pk) if pk else None
    typed = as_typed(request.POST)
    try:
        found = discover(str(typed["address"]))
    except BadAddress as error:
        form = MailboxForm(mailbox=mailbox, values=typed)
        return _form_page(request, form, mailbox=mailbox, region="servers", problem=error.cause)
    reading = reading_of(found.preset, str(typed["reading"]))
    theirs = servers_of(found.preset, found.address, reading)
    filled = fill(
        {name: str(typed[name]) for name in theirs},
        theirs,
        _filled_in_by_us(request, mailbox),
        replace="replace" in request.POST,
    )
    offered = _provider_offered(found.preset, mailbox, str(typed["sign_in"]))
    # A host for reading that a person has typed goes with the protocol that they have chosen.
    chosen = {"sign_in": offered} | ({"reading": reading} if "imap_host" in filled.values else {})
    form = MailboxForm(mailbox=mailbox, values=typed | filled.values | chosen)
    no_pop3 = typed["reading"] == Protocol.POP3 and reading is not Protocol.POP3
    response = _form_page(
        request, form, mailbox=mailbox, region="servers", found=found, filled=filled, reading=reading, no_pop3=no_pop3
    )
    return trigger_client_event(response, "servers-filled", after="settle")


@require_GET
@member_page(Role.ADMIN)
def mailbox_limit(request: MemberRequest) -> HttpResponse:
    """Say what is to be said about a daily limit while it is typed."""
    return render(request, f"{_FOLDER}/_warnings.html", {"warnings": _warnings(request.GET)})


@require_GET
@member_page(Role.VIEWER)
def mailbox_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one mailbox: state, budget, newest tests with their dialogue, totals."""
    mailbox = queries.mailbox_for(request.member, pk)
    provider = by_server(mailbox.smtp_host, mailbox.address)
    may_act, may_edit = request.member.may(Role.MEMBER), request.member.may(Role.ADMIN)
    context = {
        "mailbox": mailbox,
        "domain": mailbox.address.rpartition("@")[2],
        "recipients": recipients_for(request.member, mailbox) if may_act else (),
        "not_now": obstacle_of(mailbox) if may_act else "",
        "provider": provider,
        "warnings": warnings_of(mailbox.daily_limit, provider),
        "budget": budgets_of([mailbox])[0],
        "book_url": MAILBOX_BOOK,
        "feedback_url": MAILBOX_FEEDBACK,
        "reading_url": MAILBOX_READING,
        "changes": newest_changes(mailbox),
        "tests": queries.newest_tests(mailbox),
        "watched": watched(pk),
        "test_at_once": may_act and takes_test_now(request.session, pk),
        "story": feed(request.member, kinds=OF_MAILBOX, mailbox_id=pk, limit=8),
        "totals": totals(request.member.workspace.pk, mailbox_id=pk),
        "guarded": guarded(mailbox) if mailbox.state in BY_PERSON else None,
        "way_out": way_out(MailboxState(mailbox.state), SignInKind(mailbox.sign_in)),
        "sign_in": queries.sign_in_of(mailbox),
        "cooling": cooling_in(request.member.workspace.pk, mailbox_id=pk),
        "other": waiting_for(request.member.user, request.session.session_key or "", mailbox) if may_edit else None,
        "may_edit": may_edit,
        "may_act": may_act,
    }
    return render_region(request, f"{_FOLDER}/detail.html", context)


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
    """Let a paused or blocked mailbox send again, at its usual pace; against complaints only with a reason."""
    mailbox = queries.mailbox_for(request.member, pk)
    try:
        services.resume(mailbox.pk, by=request.member, why=request.POST.get("why", ""))
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


def _tested(request: MemberRequest, mailbox: Mailbox) -> HttpResponse:
    """Test a mailbox that was saved, unless somebody must sign in for it first, and go to its page.

    Where scripts run, the page itself begins the test, so that it can be watched.
    """
    sign_in = queries.sign_in_of(mailbox)
    if sign_in is None or sign_in.is_signed_in:
        if request.POST.get("scripted"):
            ask_for_test(request.session, mailbox.pk)
        else:
            test_connections(mailbox)
    return redirect(request.member.url("mailboxes:detail", mailbox.pk))


def _sent(request: MemberRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _form_page(
    request: MemberRequest,
    form: MailboxForm,
    *,
    mailbox: Mailbox | None = None,
    region: str = "",
    **context: object,
) -> HttpResponse:
    """Show the form; a problem, or a form that was refused, answers 422."""
    names = ("daily_limit", "smtp_host", "address")
    told = {name: str(form[name].value() or "") for name in names}
    url = request.member.url
    servers_url = url("mailboxes:edit_servers", mailbox.pk) if mailbox else url("mailboxes:servers")
    context |= {"form": form, "mailbox": mailbox, "servers_url": servers_url, "warnings": _warnings(told)}
    found = context.get("found")
    context["can_sign_in"] = isinstance(found, Found) and _can_sign_in(found.preset)
    if found is None:
        context |= {name: request.POST.get(name, "") for name in (_PRESET, _ADDRESS, _READING)}
    status = 422 if "problem" in context or (form.is_bound and form.errors) else 200
    return render_region(request, f"{_FOLDER}/form.html", context, region=region, status=status)


def _provider_offered(preset: Preset, mailbox: Mailbox | None, typed: str) -> str:
    """Return the kind of sign-in to show as chosen: that of the provider, where the instance is set up for it."""
    is_ours = mailbox is None and typed in {"", SignInKind.PASSWORD}
    return preset.oauth if is_ours and preset.oauth and _can_sign_in(preset) else typed or SignInKind.PASSWORD


def _can_sign_in(preset: Preset) -> bool:
    """Say whether mailboxes of this preset can sign in with their provider here."""
    return preset.oauth in {provider.id for provider in configured()}


def _filled_in_by_us(request: MemberRequest, mailbox: Mailbox | None) -> Mapping[str, str]:
    """Return what the form held that no person had typed: what was filled in before, or a new form's defaults."""
    told = (request.POST.get(name, "") for name in (_PRESET, _ADDRESS, _READING))
    before = filled_before(*told)
    if before or mailbox:
        return before
    return {name: str(field.initial) for name, field in MailboxForm.base_fields.items() if field.initial}


def _warnings(told: Mapping[str, str]) -> tuple[str, ...]:
    limit = told.get("daily_limit", "").strip()
    provider = by_server(told.get("smtp_host", "").strip(), told.get("address", ""))
    return warnings_of(int(limit), provider) if limit.isdecimal() and len(limit) < _DIGITS else ()
