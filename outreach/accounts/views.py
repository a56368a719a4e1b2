"""HTTP of accounts and workspaces."""

from __future__ import annotations

from allauth.core import ratelimit
from django.contrib import messages
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from outreach.accounts import queries, services
from outreach.accounts.access import (
    LAST_WORKSPACE,
    MemberRequest,
    UserRequest,
    member_page,
    public,
    set_plain_cookie,
    signed_in,
)
from outreach.accounts.context import THEME, THEMES
from outreach.accounts.errors import AccountsError
from outreach.accounts.forms import MemberForm, NewWorkspaceForm, ProfileForm, RoleForm, WorkspaceSettingsForm
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.redirects import own_path


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer what cannot be understood, a host that is not ours among it: without the cookie of Django's own answer."""
    return HttpResponseBadRequest(render_to_string("400.html"))


@require_safe
@public
def health(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Say whether the process serves and reaches its database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database does not answer"}, status=503)
    return JsonResponse({"status": "ok"})


@require_safe
@public
def start(request: HttpRequest) -> HttpResponse:
    """Lead a visitor on: to their workspace, to sign-in, or to the very first sign-up."""
    if not request.user.is_authenticated:
        return redirect("account_signup" if queries.is_empty_instance() else "account_login")
    spaces = [row.workspace for row in queries.memberships_of(request.user)]
    last = request.COOKIES.get(LAST_WORKSPACE, "")
    chosen = next((space for space in spaces if space.slug == last), spaces[0] if spaces else None)
    if chosen is None:
        return redirect("accounts:workspaces")
    return redirect(reverse("reports:home", args=[chosen.slug]))


@require_GET
@signed_in
def workspaces(request: UserRequest) -> HttpResponse:
    """List the person's workspaces, to go to one of them."""
    context = {"memberships": queries.memberships_of(request.user)}
    return render_region(request, "accounts/workspaces.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def workspace_create(request: UserRequest) -> HttpResponse:
    """Create another workspace."""
    form = NewWorkspaceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        workspace = services.create_workspace(request.user, data["name"], data["time_zone"])
        return redirect(reverse("reports:home", args=[workspace.slug]))
    return render_region(request, "accounts/workspace_create.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "POST"])
@signed_in
def profile(request: UserRequest) -> HttpResponse:
    """Show and change one's own name; the password has a page of its own."""
    form = ProfileForm(request.POST if request.method == "POST" else None, initial={"name": request.user.name})
    if request.method == "POST" and form.is_valid():
        services.rename_user(request.user, form.cleaned_data["name"])
        messages.success(request, "Profile saved.")
        return redirect("accounts:profile")
    return render_region(request, "accounts/profile.html", {"form": form}, status=_status(form))


@require_POST
@public
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or the system's choice, and go back."""
    response = redirect(own_path(request.POST.get("next", ""), otherwise="/"))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        set_plain_cookie(response, THEME, chosen)
    else:
        response.delete_cookie(THEME)
    return response


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER, changes=Role.ADMIN)
def workspace_settings(request: MemberRequest) -> HttpResponse:
    """Show the workspace's settings; admins change them."""
    workspace = request.member.workspace
    initial = {name: getattr(workspace, name) for name in ("name", "time_zone", "postal_address")}
    form = WorkspaceSettingsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.update_workspace(workspace, **form.cleaned_data)
        messages.success(request, "Settings saved.")
        return redirect(request.member.url("workspace:settings"))
    context = {"form": form, "may_change": request.member.may(Role.ADMIN)}
    return render_region(request, "accounts/workspace_settings.html", context, status=_status(form))


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER, changes=Role.ADMIN)
def members(request: MemberRequest) -> HttpResponse:
    """List the members; admins add people who have an account."""
    form = MemberForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _add(request, form):
        return redirect(request.member.url("workspace:members"))
    context = {
        "form": form,
        "members": queries.members_of(request.member),
        "roles": list(Role),
        "may_change": request.member.may(Role.ADMIN),
        "may_make_owners": request.member.may(Role.OWNER),
    }
    return render_region(request, "accounts/members.html", context, status=_status(form))


@require_http_methods(["GET", "POST"])
@member_page(Role.ADMIN)
def member_role(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a member another role; a refusal stands beside the choice."""
    row = queries.membership_for(request.member, pk)
    form = RoleForm(request.POST if request.method == "POST" else None, initial={"role": row.role})
    if request.method == "POST" and form.is_valid():
        role = Role(form.cleaned_data["role"])
        try:
            services.change_role(request.member, row, role)
        except AccountsError as error:
            form.add_error("role", str(error))
        else:
            messages.success(request, f"{row.user} is {role.article} now.")
            return redirect(request.member.url("workspace:members"))
    roles = [role for role in Role if request.member.may(role)]
    context = {"row": row, "form": form, "roles": roles, "chosen": form["role"].value()}
    return render_region(request, "accounts/member_role.html", context, status=_status(form))


@require_http_methods(["GET", "POST"])
@member_page(Role.ADMIN)
def member_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask once, then take a member out; who takes themselves out is led to their other workspaces."""
    row = queries.membership_for(request.member, pk)
    problem = ""
    if request.method == "POST":
        try:
            services.remove_member(request.member, row)
        except AccountsError as error:
            problem = str(error)
        else:
            messages.success(request, f"{row.user} is no longer a member of {request.member.workspace}.")
            is_self = row.user_id == request.member.user.pk
            return redirect(reverse("accounts:workspaces") if is_self else request.member.url("workspace:members"))
    context = {"row": row, "problem": problem}
    return render_region(request, "accounts/member_removal.html", context, status=422 if problem else 200)


def _add(request: MemberRequest, form: MemberForm) -> bool:
    """Add the person that the form names; False with an error in the form."""
    role = Role(form.cleaned_data["role"])
    if role is Role.OWNER:
        request.member.require(Role.OWNER)
    # Each try tells whether an address has an account here: nobody gets to ask that about a whole list.
    if not ratelimit.consume(request, action="add_member", user=request.user):
        form.add_error(None, "Too many tries. Wait an hour, then go on.")
        return False
    user = queries.user_of(form.cleaned_data["email"])
    if user is None:
        form.add_error("email", "Nobody with this address has an account on this server.")
        return False
    if not services.add_member(request.member.workspace, user, role):
        form.add_error("email", "They are a member already. Change their role in the list.")
        return False
    messages.success(request, f"{user} is {role.article} now.")
    return True


def _status(form: object) -> int:
    bound = getattr(form, "is_bound", False)
    return 422 if bound and getattr(form, "errors", None) else 200
