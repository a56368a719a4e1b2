"""The one door to a page: who asks, for which workspace, with which role.

Each view says who may open it with @public, @signed_in or @member_page(Role.X). AccessMiddleware refuses
a view that says nothing, so that a forgotten check shows as an error and never as somebody's data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from outreach.accounts.models import Membership, User, Workspace
from outreach.accounts.roles import Role

P = ParamSpec("P")
View = Callable[..., HttpResponseBase]
_MARK = "outreach_access"
# Views of other packages, which carry no mark: allauth's pages check the session themselves.
_KNOWN_MODULES = ("allauth.account.", "django.contrib.staticfiles.", "django.views.static")


@dataclass(frozen=True, slots=True)
class Member:
    """A signed-in person inside one workspace: the key that every query for a request asks for."""

    user: User
    workspace: Workspace
    role: Role

    def url(self, name: str, *args: object) -> str:
        """Reverse a URL name inside this workspace."""
        return reverse(name, args=[self.workspace.slug, *args])

    def may(self, needed: Role) -> bool:
        return self.role.reaches(needed)

    def require(self, needed: Role) -> None:
        """Refuse a role that is too small. Raises PermissionDenied."""
        if not self.may(needed):
            raise PermissionDenied(f"Your role here is {self.role}; this needs {needed}.")


class MemberRequest(HttpRequest):
    """A request that has passed member_page."""

    member: Member
    htmx: HtmxDetails


class UserRequest(HttpRequest):
    """A request that has passed signed_in."""

    user: User  # type: ignore[assignment]  # never anonymous behind the decorator
    htmx: HtmxDetails


def public(view: View) -> View:
    """Mark a view that anybody may open."""
    setattr(view, _MARK, "public")
    return view


def signed_in(view: Callable[Concatenate[UserRequest, P], HttpResponse]) -> View:
    """Open the view to any signed-in person, outside of a workspace."""

    @wraps(view)
    def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(cast("UserRequest", request), *args, **kwargs)

    setattr(checked, _MARK, "signed_in")
    return checked


def member_page(
    needed: Role,
) -> Callable[[Callable[Concatenate[MemberRequest, P], HttpResponseBase]], View]:
    """Open the view to members of the workspace in the URL whose role reaches `needed`.

    Sets request.member and drops the `workspace` argument. Strangers get 404, smaller roles 403.
    """

    def decorate(view: Callable[Concatenate[MemberRequest, P], HttpResponseBase]) -> View:
        @wraps(view)
        def checked(request: HttpRequest, workspace: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            member = member_of(request.user, workspace)
            if not member.may(needed):
                raise PermissionDenied(f"Your role here is {member.role}; this needs {needed}.")
            asking = cast("MemberRequest", request)
            asking.member = member
            return view(asking, *args, **kwargs)

        setattr(checked, _MARK, needed.value)
        return checked

    return decorate


def member_of(user: User, slug: str) -> Member:
    """Return the person's membership of the workspace. Raises Http404 for strangers, as for no workspace."""
    row = Membership.objects.select_related("workspace").filter(user=user, workspace__slug=slug).first()
    if row is None:
        raise Http404("No such workspace")
    return Member(user=user, workspace=row.workspace, role=Role(row.role))


class AccessMiddleware:
    """Refuse every view that does not say who may open it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, _request: HttpRequest, view: View, _args: tuple[object, ...], _kwargs: dict[str, object]
    ) -> None:
        if getattr(view, _MARK, None) or view.__module__.startswith(_KNOWN_MODULES):
            return
        raise ImproperlyConfigured(f"{view.__module__}.{view.__qualname__} does not say who may open it")
