"""The one door to the API: which key, for which workspace, with which scope and role, how often, with what body.

Each operation says what it needs with reads() or writes(); one that says nothing keeps the program from starting, so
that a forgotten check shows as an error and never as somebody's data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers
from ninja.operation import Operation
from ninja.security import HttpBearer

from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.models import ApiKey
from outreach.accounts.programs import admitted
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.rest.kept import HEADER, Settle, done_once
from outreach.rest.limits import Rate, spend
from outreach.rest.problems import Refused, answer, refuse

Run = Callable[..., HttpResponseBase]
_JSON, _FORM = "application/json", "multipart/form-data"
_FORM_OVERHEAD_BYTES = 64 * 1024  # fields and boundaries beside a file


class ApiRequest(HttpRequest):
    """A request that has passed the door."""

    member: Member  # the person whose key it is, in the key's workspace, with at most the key's role
    api_key: ApiKey
    auth: Any
    settle: Settle  # of an operation that `prepares`: what follows is one transaction with the keeping of its answer


class ApiKeyBearer(HttpBearer):
    """What an operation needs. The door has asked for it before ninja does: here it only says so to the schema."""

    openapi_description = "An API key of the workspace: Settings, API keys."

    def __init__(
        self,
        scope: Scope,
        role: Role,
        *,
        file_limit_bytes: int = 0,
        is_repeatable: bool = False,
        prepares: bool = False,
    ) -> None:
        super().__init__()
        self.scope = scope
        self.role = role
        self.file_limit_bytes = file_limit_bytes
        self.is_repeatable = is_repeatable
        self.prepares = prepares

    def authenticate(self, request: HttpRequest, token: str) -> Member | None:  # noqa: ARG002
        return getattr(request, "member", None)


def reads(scope: Scope, **extra: Any) -> dict[str, Any]:
    """Return the arguments of an operation that a viewer's key with this scope may ask for."""
    return _arguments(ApiKeyBearer(scope, Role.VIEWER), extra)


def writes(
    scope: Scope,
    *,
    role: Role = Role.MEMBER,
    file_limit_bytes: int = 0,
    is_repeatable: bool = False,
    prepares: bool = False,
) -> dict[str, Any]:
    """Return the arguments of an operation that changes something; file_limit_bytes where it takes a file.

    is_repeatable: done twice it is as done once, and it has transactions of its own, in which no answer can be kept.
    prepares: it begins with what takes long and changes nothing, and calls request.settle() behind that.
    """
    need = ApiKeyBearer(scope, role, file_limit_bytes=file_limit_bytes, is_repeatable=is_repeatable, prepares=prepares)
    return _arguments(need, {})


def _arguments(need: ApiKeyBearer, extra: Mapping[str, Any]) -> dict[str, Any]:
    return {"auth": need, "openapi_extra": {"x-scope": need.scope.value, "x-role": need.role.value, **extra}}


def door(run: Run) -> Run:
    """Let the run of one operation be reached by those it is for. Raises ImproperlyConfigured when it says nothing."""
    operation: Operation = run.__self__  # type: ignore[attr-defined]
    need = need_of(operation)

    @wraps(run)
    def opened(request: ApiRequest, **path: Any) -> HttpResponseBase:
        rate = None
        try:
            request.api_key, request.member = _admit(request)
            rate = spend(request.api_key.pk, now_s=clock.now().timestamp())
            _check(request, need, rate)
            _check_body(request, operation, need)
            response = _answered(request, run, path, need)
        except Exception as error:  # noqa: BLE001  # each becomes a problem; what is not foreseen is logged there
            response = operation.api.on_exception(request, error)
        if rate is not None:
            rate.tell(response)
        add_never_cache_headers(response)
        return response

    return opened


def need_of(operation: Operation) -> ApiKeyBearer:
    needs = [auth for auth in operation.auth_callbacks if isinstance(auth, ApiKeyBearer)]
    if len(needs) != 1 or len(operation.auth_callbacks) != 1:
        raise ImproperlyConfigured(f"{operation.view_func.__qualname__} does not say which scope it needs")
    return needs[0]


def refused(_request: HttpRequest, error: Exception) -> HttpResponseBase:
    """Answer a Refused that went through an operation."""
    assert isinstance(error, Refused)
    return answer(error.problem)


def _answered(request: ApiRequest, run: Run, path: Mapping[str, Any], need: ApiKeyBearer) -> HttpResponseBase:
    if request.method == "POST" and HEADER in request.headers and not need.is_repeatable:
        return done_once(request, request.member.workspace, lambda settle: _run(request, run, path, need, settle))
    return _run(request, run, path, need, lambda: None)


def _run(
    request: ApiRequest, run: Run, path: Mapping[str, Any], need: ApiKeyBearer, settle: Settle
) -> HttpResponseBase:
    request.settle = settle
    if not need.prepares:
        settle()
    return run(request, **path)


def _admit(request: HttpRequest) -> tuple[ApiKey, Member]:
    """Return who comes in. Unknown, revoked, expired, left without its maker: all are told the same."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    found = admitted(text.strip()) if kind.lower() == "bearer" else None
    if found is None:
        raise refuse(
            401, "Send a valid key of the workspace as “Authorization: Bearer okey_…”.",
            WWW_Authenticate='Bearer realm="api"',
        )  # fmt: skip
    return found


def _check(request: ApiRequest, need: ApiKeyBearer, rate: Rate) -> None:
    if rate.left < 0:
        raise refuse(
            429, f"The requests of this minute are used up. Wait {rate.resets_in_s} s.",
            Retry_After=str(rate.resets_in_s),
        )  # fmt: skip
    if need.scope not in request.api_key.scopes:
        raise refuse(403, f"This key does not have the scope {need.scope}.", code="scope_missing")
    if not request.member.may(need.role):
        raise refuse(
            403, f"This key acts as {request.member.role.article}; this takes {need.role.article}.",
            code="role_too_small",
        )  # fmt: skip


def _check_body(request: HttpRequest, operation: Operation, need: ApiKeyBearer) -> None:
    wanted = media_type(operation)
    if not wanted:
        return
    if request.content_type != wanted:
        raise refuse(415, f"Send the body as {wanted}.", Accept_Post=wanted)
    limit = need.file_limit_bytes + _FORM_OVERHEAD_BYTES if wanted == _FORM else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        raise refuse(413, f"The body may have {limit:,} bytes.")


def media_type(operation: Operation) -> str:
    """Return what kind of body an operation takes, "" for none."""
    sources = {model.__ninja_param_source__ for model in operation.models}
    if sources & {"form", "file"}:
        return _FORM
    return _JSON if "body" in sources else ""
