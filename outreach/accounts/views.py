"""HTTP of accounts and workspaces."""

from __future__ import annotations

from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from outreach.accounts import queries, services
from outreach.accounts.access import MemberRequest, UserRequest, member_page, public, signed_in
from outreach.accounts.context import THEMES
from outreach.accounts.forms import MemberForm, ProfileForm, RoleForm, WorkspaceForm, WorkspaceSettingsForm
from outreach.accounts.models import User
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region

_YEAR_S = 365 * 24 * 3600


@require_GET
@public
def health(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Say that the process serves and reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@require_GET
@public
def start(request: HttpRequest) -> HttpResponse:
    """Lead a visitor on: to their workspace, to sign-in, or to the very first sign-up."""
    if not request.user.is_authenticated:
        return redirect("account_login" if User.objects.exists() else "account_signup")
    spaces = queries.workspaces_of(request.user)
    last = request.COOKIES.get("workspace", "")
    chosen = next((space for space in spaces if space.slug == last), spaces[0] if spaces else None)
    if chosen is None:
        return redirect("accounts:workspace_create")
    return redirect(reverse("reports:home", args=[chosen.slug]))


@require_http_methods(["GET", "POST"])
@signed_in
def workspace_create(request: UserRequest) -> HttpResponse:
    """Create another workspace."""
    form = WorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        workspace = services.create_workspace(request.user, data["name"], data["time_zone"])
        return redirect(reverse("reports:home", args=[workspace.slug]))
    return render_region(request, "accounts/workspace_create.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "POST"])
@signed_in
def profile(request: UserRequest) -> HttpResponse:
    """Show and change one's own name; the password has a page of its own."""
    form = ProfileForm(request.POST or None, initial={"name": request.user.name})
    if request.method == "POST" and form.is_valid():
        User.objects.filter(pk=request.user.pk).update(name=form.cleaned_data["name"])
        messages.success(request, "Profile saved.")
        return redirect("accounts:profile")
    context = {"form": form, "workspaces": queries.workspaces_of(request.user)}
    return render_region(request, "accounts/profile.html", context, status=_status(form))


@require_POST
@public
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or the system's choice, and go back."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=_YEAR_S, samesite="Lax", secure=request.is_secure(), httponly=True)
    else:
        response.delete_cookie("theme")
    return response


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def workspace_settings(request: MemberRequest) -> HttpResponse:
    """Show the workspace's settings; admins change them."""
    workspace = request.member.workspace
    if request.method == "POST":
        request.member.require(Role.ADMIN)
    initial = {name: getattr(workspace, name) for name in ("name", "time_zone", "postal_address")}
    form = WorkspaceSettingsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.update_workspace(workspace, **form.cleaned_data)
        messages.success(request, "Settings saved.")
        return redirect(request.member.url("workspace:settings"))
    return render_region(request, "accounts/workspace_settings.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def members(request: MemberRequest) -> HttpResponse:
    """List the members; admins add people who have an account."""
    if request.method == "POST":
        request.member.require(Role.ADMIN)
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _add(request, form):
        return redirect(request.member.url("workspace:members"))
    context = {"form": form, "members": queries.members_of(request.member), "roles": list(Role)}
    return render_region(request, "accounts/members.html", context, status=_status(form))


@require_POST
@member_page(Role.ADMIN)
def member_role(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a member another role."""
    membership = queries.membership_for(request.member, pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        try:
            services.change_role(request.member, membership, Role(form.cleaned_data["role"]))
        except (services.LastOwner, PermissionError) as error:
            messages.error(request, str(error))
    return redirect(request.member.url("workspace:members"))


@require_POST
@member_page(Role.ADMIN)
def member_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a member out of the workspace."""
    membership = queries.membership_for(request.member, pk)
    try:
        services.remove_member(request.member, membership)
    except (services.LastOwner, PermissionError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{membership.user.email} is no longer a member.")
    return redirect(request.member.url("workspace:members"))


def _add(request: MemberRequest, form: MemberForm) -> bool:
    role = Role(form.cleaned_data["role"])
    if role is Role.OWNER:
        request.member.require(Role.OWNER)
    user = User.objects.filter(email__iexact=form.cleaned_data["email"]).first()
    if user is None:
        form.add_error("email", "Nobody with this address has an account on this server.")
        return False
    if not services.add_member(request.member.workspace, user, role):
        form.add_error("email", "They are a member already.")
        return False
    messages.success(request, f"{user.email} is a member now.")
    return True


def _status(form: object) -> int:
    bound = getattr(form, "is_bound", False)
    return 422 if bound and getattr(form, "errors", None) else 200
