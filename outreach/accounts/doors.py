"""allauth's pages, marked for the access check and answering with the status that tells what happened."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus

from allauth.account import views as account
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from outreach.accounts.access import View, public, signed_in


def _telling(view: View) -> View:
    """Answer a refused form with 422, or 429 when it was one attempt too many; allauth says 200."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponseBase:
        response = view(request)
        form = (response.context_data or {}).get("form") if isinstance(response, TemplateResponse) else None
        if form is not None and form.is_bound and form.errors:
            limited = form.has_error("__all__", "too_many_login_attempts")
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS if limited else HTTPStatus.UNPROCESSABLE_ENTITY
        return response

    return answered


sign_in = public(_telling(account.login))
sign_up = public(_telling(account.signup))
sign_out = public(_telling(account.logout))
inactive = public(_telling(account.account_inactive))
password = signed_in(_telling(account.password_change))
