"""How sign-up behaves: the first visitor of an empty instance owns it, later ones need the door to be open."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import redirect

from outreach.accounts.models import User
from outreach.accounts.services import SignUpClosed, sign_up
from outreach.env import env


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """allauth's questions, answered."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return env().allow_sign_up or not User.objects.exists()

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: ARG002, FBT001, FBT002
        """Store the new user and their workspace together."""
        data = form.cleaned_data
        user.email = data["email"].strip().lower()
        user.set_password(data["password1"])
        try:
            sign_up(
                user,
                workspace_name=data["workspace_name"],
                time_zone=data["time_zone"],
                is_open=env().allow_sign_up,
            )
        except SignUpClosed as error:
            raise ImmediateHttpResponse(redirect("account_login")) from error
        return user

    def get_login_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return str(settings.LOGIN_REDIRECT_URL)
