"""How allauth behaves here: who may sign up, what a guess costs, where one lands afterwards."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib import messages
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import salted_hmac

from outreach.accounts.access import YEAR_S, set_plain_cookie
from outreach.accounts.errors import AddressTaken, SignUpClosed
from outreach.accounts.models import User
from outreach.accounts.queries import is_sign_up_open
from outreach.accounts.services import create_first_owner, sign_up
from outreach.env import env
from outreach.kit.redirects import is_own_path

_BROWSER = "browser"
_signer = TimestampSigner(salt="outreach.accounts.browser")
_SAID = {"account/messages/password_changed.txt": "Your password is changed. Every other browser is signed out."}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """allauth's questions, answered."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This address and password do not go together. Check both and try again.",
        "email_taken": "This address cannot be used here. If it is yours, sign in.",
        "enter_current_password": "This is not your current password.",
        "too_many_login_attempts": "Too many failed attempts. Wait a minute, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return is_sign_up_open()

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: ARG002, FBT001, FBT002
        """Store the new person and their workspace together; of two first visitors the later finds a shut door."""
        store = sign_up if env().allow_sign_up else create_first_owner
        try:
            return store(form.founder()).user
        except (SignUpClosed, AddressTaken) as error:
            messages.error(request, str(error))
            raise ImmediateHttpResponse(redirect("account_login")) from error

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        """Let the browser remember that this person has signed in with it."""
        response: HttpResponse = super().post_login(request, user, **details)
        if _known_browser(request, user.email) is None:
            note = f"{_fingerprint(user.email)}.{secrets.token_urlsafe(16)}"
            set_plain_cookie(response, _BROWSER, _signer.sign(note))
        return response

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return reverse("accounts:profile")

    def is_safe_url(self, url: str) -> bool:
        return is_own_path(url)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *_: Any, **__: Any
    ) -> None:
        """Say only what a person would not see anyway: being signed in or out speaks for itself."""
        if text := _SAID.get(message_template or ""):
            messages.add_message(request, level, text)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count failed attempts per address, but those from a browser its owner has used by themselves.

        So guessing is slow from anywhere at once, and still nobody can lock the owner out by guessing wrongly
        (OWASP calls it a device cookie).
        """
        email = str(credentials.get("email", "")).lower()
        return _known_browser(request, email) or email


def _known_browser(request: HttpRequest, email: str) -> str | None:
    """Return the mark of a browser in which the owner of this address has signed in within a year."""
    try:
        note = _signer.unsign(request.COOKIES.get(_BROWSER, ""), max_age=YEAR_S)
    except BadSignature:
        return None
    return note if note.startswith(_fingerprint(email) + ".") else None


def _fingerprint(email: str) -> str:
    return salted_hmac("outreach.accounts.browser", email.lower(), algorithm="sha256").hexdigest()[:32]
