"""allauth's pages, marked for the access check and answering with the status that tells what happened."""

from __future__ import annotations

from functools import wraps

from allauth.account import views as account
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from outreach.accounts.access import View, public, signed_in
from outreach.accounts.queries import is_empty_instance, is_sign_up_open


def _telling(view: View) -> View:
    """Answer a refused form with 422, or 429 when it was one attempt too many; allauth says 200 to both."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponseBase:
        response = view(request)
        if isinstance(response, TemplateResponse):
            response.status_code = _status((response.context_data or {}).get("form"))
        return response

    return answered


def _entrance(view: View) -> View:
    """Tell the page whether it receives the first visitor, and whether others may come in; a shut door is a 403."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponseBase:
        response = view(request)
        if isinstance(response, TemplateResponse):
            is_shut = response.context_data is None  # allauth gives its page of the shut door no context
            facts = {"is_first": is_empty_instance(), "sign_up_open": is_sign_up_open()}
            response.context_data = {**(response.context_data or {}), **facts}
            if is_shut:
                response.status_code = 403
        return response

    return answered


def _status(form: BaseForm | None) -> int:
    if form is None or not form.is_bound or not form.errors:
        return 200
    is_limited = form.has_error("__all__", "too_many_login_attempts")
    return 429 if is_limited else 422


sign_in = public(_entrance(_telling(account.login)))
sign_up = public(_entrance(_telling(account.signup)))
sign_out = public(_telling(account.logout))
inactive = public(_telling(account.account_inactive))
password = signed_in(_telling(account.password_change))
