"""How sign-up behaves: the first visitor of an empty instance owns it, later ones need the door to be open."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from outreach.accounts.models import User
from outreach.env import env


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return env().allow_sign_up or not User.objects.exists()

    def get_login_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return str(settings.LOGIN_REDIRECT_URL)
