"""The one door to a page: who asks, for which workspace, with which role.

Each view says who may open it with @public, @signed_in, @member_page(Role.X) or @by_api_key. AccessMiddleware refuses
a view that says nothing, so that a forgotten check shows as an error and never as somebody's data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from outreach.accounts.models import Membership, User, Workspace
from outreach.accounts.roles import Role

P = ParamSpec("P")
View = Callable[..., HttpResponseBase]
LAST_WORKSPACE = "workspace"  # the cookie that remembers where a person was last
YEAR_S = 365 * 24 * 3600
_MARK = "outreach_access"


@dataclass(frozen=True, slots=True)
class Member:
    """A person inside one workspace, signed in or by an API key of theirs: what every query for a request asks for."""

    user: User
    workspace: Workspace
    role: Role

    def url(self, name: str, *args: object) -> str:
        """Reverse a URL name inside this workspace."""
        return reverse(name, args=[self.workspace.slug, *args])

    def may(self, needed: Role) -> bool:
        return self.role.reaches(needed)

    def require(self, needed: Role) -> None:
        """Refuse a role that is too small. Raises PermissionDenied with the sentence that the page shows."""
        if not self.may(needed):
            raise PermissionDenied(
                f"You are {self.role.article} of {self.workspace.name}. "
                f"This takes {needed.article}: ask an owner of the workspace for that role."
            )


class MemberRequest(HttpRequest):
    """A request that has passed member_page."""

    member: Member
    htmx: HtmxDetails


class UserRequest(HttpRequest):
    """A request that has passed signed_in."""

    user: User  # never anonymous behind the decorator
    htmx: HtmxDetails


def public(view: View) -> View:
    """Mark a view that anybody may open."""
    setattr(view, _MARK, "public")
    return view


def by_api_key(view: View) -> View:
    """Mark a view of the HTTP API, whose own door (outreach/rest/door.py) asks each request for a key."""
    setattr(view, _MARK, "api_key")
    return view


def signed_in(view: Callable[Concatenate[UserRequest, P], HttpResponseBase]) -> View:
    """Open the view to any signed-in person, outside of a workspace."""

    @wraps(view)
    def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _ask_to_sign_in(request)
        return _unkept(view(cast("UserRequest", request), *args, **kwargs))

    setattr(checked, _MARK, "signed_in")
    return checked


def member_page(
    needed: Role, *, changes: Role = Role.MEMBER
) -> Callable[[Callable[Concatenate[MemberRequest, P], HttpResponseBase]], View]:
    """Open the view to members of the workspace in the URL whose role reaches `needed`.

    Anything but reading needs `changes`, too, so that no POST passes for a viewer. Sets request.member and drops
    the `workspace` argument. Strangers get 404, smaller roles 403.
    """
    writing = changes if changes.reaches(needed) else needed

    def decorate(view: Callable[Concatenate[MemberRequest, P], HttpResponseBase]) -> View:
        @wraps(view)
        def checked(request: HttpRequest, workspace: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _ask_to_sign_in(request)
            asking = cast("MemberRequest", request)
            asking.member = member_of(request.user, workspace)
            asking.member.require(needed if request.method in _READING else writing)
            return _remembered(asking, _unkept(view(asking, *args, **kwargs)))

        setattr(checked, _MARK, needed.value)
        return checked

    return decorate


def member_of(user: User, slug: str) -> Member:
    """Return the person's membership of the workspace. Raises Http404 for strangers, as for no workspace."""
    row = Membership.objects.select_related("workspace").filter(user=user, workspace__slug=slug).first()
    if row is None:
        raise Http404("No such workspace")
    return Member(user=user, workspace=row.workspace, role=Role(row.role))


def access_of(view: View) -> str | None:
    """Return who may open a view: "public", "signed_in", "api_key", a role, or None when it does not say."""
    mark: str | None = getattr(view, _MARK, None)
    return mark


class AccessMiddleware:
    """Refuse every view that does not say who may open it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, _request: HttpRequest, view: View, _args: tuple[object, ...], _kwargs: dict[str, object]
    ) -> None:
        if access_of(view) is None:
            raise ImproperlyConfigured(f"{view.__module__}.{view.__qualname__} does not say who may open it")


_READING = {"GET", "HEAD", "OPTIONS"}


def _ask_to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Send to the sign-in page and back: to the page itself, or for a fragment or a form to the page around it."""
    htmx = HtmxDetails(request)
    back = request.get_full_path() if request.method == "GET" and not htmx else htmx.current_url_abs_path
    answer = redirect_to_login(back or reverse("accounts:start"))
    return HttpResponseClientRedirect(answer.url) if htmx else answer


def _unkept(response: HttpResponseBase) -> HttpResponseBase:
    """Keep what members see out of every cache: after sign-out, "back" shows nothing."""
    if not response.has_header("Cache-Control"):
        add_never_cache_headers(response)
    return response


def _remembered(request: MemberRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Remember the workspace as the one to open next time; polls of an old tab do not count."""
    slug = request.member.workspace.slug
    if request.method == "GET" and not request.htmx and request.COOKIES.get(LAST_WORKSPACE) != slug:
        set_plain_cookie(response, LAST_WORKSPACE, slug)
    return response


def set_plain_cookie(response: HttpResponseBase, name: str, value: str) -> None:
    """Set a cookie that holds a preference, out of reach of scripts and of other sites, for a year."""
    response.set_cookie(
        name, value, max_age=YEAR_S, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
    )
