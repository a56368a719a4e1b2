"""The way to a provider's sign-in page and back: authorization code with PKCE, and a state that is good once.

A state is signed, and bound to the mailbox, the person and the browser session that began; its row holds the sealed
PKCE verifier, which is taken out by whoever comes back first. RFC 6749 section 4.1, RFC 7636, RFC 9207, RFC 9700.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.core import signing
from django.db import transaction
from django.urls import reverse

from outreach.accounts.access import member_of
from outreach.accounts.models import User
from outreach.accounts.roles import Role
from outreach.env import env
from outreach.kit import clock
from outreach.kit.crypto import SealBroken
from sending.mailboxes.models import Mailbox, PendingSignIn
from sending.mailboxes.oauth.access import store_grant
from sending.mailboxes.oauth.answers import Grant, GrantEnded, OAuthError, WrongAnswer, account_in, is_issuer
from sending.mailboxes.oauth.asking import client_for, exchange
from sending.mailboxes.oauth.providers import Provider, address, provider_of
from sending.mailboxes.secrets import opened, sealed
from sending.mailboxes.states import SignInKind

GOOD_FOR = timedelta(minutes=10)
_SALT = "mailboxes.oauth.state"
_MOST_STATE = 500
_MOST_CODE = 4096


class BadState(Exception):
    """What came back belongs to no sign-in that this person has begun in this browser, or to one that is over."""


@dataclass(frozen=True, slots=True)
class Back:
    """Where a person comes back to. account: who signed in, where that is another one than the mailbox.

    problem: what has gone wrong, in words for the person, "" where nothing has.
    """

    mailbox: Mailbox
    account: str = ""
    problem: str = ""


def begin(user: User, session_key: str, mailbox: Mailbox) -> str:
    """Return the address at the provider to which the browser goes. Raises ProviderAway where none is set up."""
    provider = _provider(mailbox)
    client = client_for(provider)
    state = signing.dumps([mailbox.pk, secrets.token_urlsafe(24)], salt=_SALT)
    verifier = secrets.token_urlsafe(48)
    with transaction.atomic():
        PendingSignIn.objects.filter(mailbox=mailbox, user=user).delete()
        PendingSignIn.objects.create(
            mailbox=mailbox,
            user=user,
            state_hash=_hash(state),
            session_hash=_hash(session_key),
            provider=provider.id,
            verifier=sealed(mailbox.pk, _verifier_of(state), verifier),
        )
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    fields = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect_uri(),
        "scope": provider.scope,
        "state": state,
        "nonce": _hash(verifier),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "login_hint": mailbox.address,
    }
    return f"{address(provider.authorize_url)}?{urlencode({**fields, **provider.extra})}"


def finish(user: User, session_key: str, answer: Mapping[str, str]) -> Back:
    """Take the provider's answer that the browser brings, and keep what it grants. Raises BadState.

    The tokens of another account than the mailbox's are kept apart until the person says yes (`confirm`).
    """
    state = answer.get("state", "")
    row = _row_of(user, session_key, state)
    provider = _provider(row.mailbox)
    verifier = _taken(row, state)
    problem = _denied(provider, answer)
    if problem:
        row.delete()
        return Back(row.mailbox, problem=problem)
    try:
        grant = exchange(provider, code=answer["code"], verifier=verifier, redirect_uri=redirect_uri())
        account = _account(provider, grant, nonce=_hash(verifier))
    except GrantEnded:
        row.delete()
        return Back(row.mailbox, problem=f"{provider.name} does not take this sign-in any more. Begin again.")
    except OAuthError as error:
        row.delete()
        return Back(row.mailbox, problem=str(error))
    if account != row.mailbox.address.lower():
        return _waiting(row, account, grant)
    with transaction.atomic():
        row.delete()
        store_grant(row.mailbox.pk, grant, account=account)
    return Back(row.mailbox)


def waiting_for(user: User, session_key: str, mailbox: Mailbox) -> PendingSignIn | None:
    """Return the sign-in with another account that waits for this person's yes."""
    rows = PendingSignIn.objects.filter(
        mailbox=mailbox, user=user, session_hash=_hash(session_key), grant__isnull=False, provider=mailbox.sign_in
    )
    return rows.filter(begun_at__gt=clock.now() - GOOD_FOR).first()


def confirm(user: User, session_key: str, mailbox: Mailbox) -> str:
    """Keep the tokens of another account for the mailbox, and return that account. Raises BadState."""
    with transaction.atomic():
        row = waiting_for(user, session_key, mailbox)
        if row is None or not PendingSignIn.objects.filter(pk=row.pk).delete()[0]:
            raise BadState
        try:
            known = json.loads(opened(mailbox.pk, "grant", row.grant))
        except SealBroken as error:
            raise BadState from error
        store_grant(mailbox.pk, Grant(**(known | {"scopes": frozenset(known["scopes"])})), account=row.account)
        if _provider(mailbox).renames:
            names = {"smtp_username": row.account, "imap_username": row.account}
            Mailbox.objects.filter(pk=mailbox.pk).update(**names)
    return row.account


def discard(user: User, mailbox: Mailbox) -> None:
    """Forget what a person has begun or left waiting."""
    PendingSignIn.objects.filter(mailbox=mailbox, user=user).delete()


def trim() -> int:
    """Forget the sign-ins that nobody came back from. Returns how many rows went."""
    return PendingSignIn.objects.filter(begun_at__lt=clock.now() - GOOD_FOR).delete()[0]


def redirect_uri() -> str:
    """Return the one address of this instance that is registered at the providers."""
    return env().public_url + reverse("oauth:return")


def _row_of(user: User, session_key: str, state: str) -> PendingSignIn:
    try:
        if len(state) > _MOST_STATE:
            raise BadState
        mailbox_id, _ = signing.loads(state, salt=_SALT, max_age=GOOD_FOR)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadState from error
    row = (
        PendingSignIn.objects.select_related("mailbox__workspace")
        .filter(state_hash=_hash(state), session_hash=_hash(session_key), user=user, mailbox=mailbox_id)
        .first()
    )
    if row is None or row.provider != row.mailbox.sign_in:
        raise BadState
    member_of(user, row.mailbox.workspace.slug).require(Role.ADMIN)  # as when it was begun, ten minutes ago
    return row


def _taken(row: PendingSignIn, state: str) -> str:
    """Take the verifier out; of two who bring the same state one gets it. Raises BadState."""
    if not PendingSignIn.objects.filter(pk=row.pk, verifier__isnull=False).update(verifier=None):
        raise BadState
    try:
        return opened(row.mailbox_id, _verifier_of(state), row.verifier)
    except SealBroken as error:
        raise BadState from error


def _denied(provider: Provider, answer: Mapping[str, str]) -> str:
    issuer = answer.get("iss", "")
    if issuer and not is_issuer(issuer, provider.issuers):
        return f"The answer did not come from {provider.name}. Nothing was changed."
    error = answer.get("error", "")
    if error == "access_denied":
        return f"{provider.name} says that the access was not allowed. Nothing was changed."
    if error:
        known = error if error.isidentifier() and len(error) < 60 else "an unknown error"
        return f"{provider.name} did not complete the sign-in ({known}). Nothing was changed."
    if not 0 < len(answer.get("code", "")) <= _MOST_CODE:
        return f"{provider.name} sent no code. Nothing was changed."
    return ""


def _account(provider: Provider, grant: Grant, *, nonce: str) -> str:
    """Return who signed in. Raises WrongAnswer when what was granted does not do."""
    missing = [scope for scope in provider.needed if scope.lower() not in grant.scopes]
    if missing:
        raise WrongAnswer(
            f"{provider.name} was not allowed to let this program send and read mail. Sign in again, and leave every "
            "box ticked."
        )
    if not grant.refresh_token:
        raise WrongAnswer(f"{provider.name} gave no lasting permission. Sign in again.")
    return account_in(
        grant.id_token,
        client_id=client_for(provider).id,
        issuers=provider.issuers,
        nonce=nonce,
        now_s=clock.now().timestamp(),
    )


def _waiting(row: PendingSignIn, account: str, grant: Grant) -> Back:
    known = asdict(grant) | {"scopes": sorted(grant.scopes), "id_token": ""}
    PendingSignIn.objects.filter(pk=row.pk).update(
        account=account, grant=sealed(row.mailbox_id, "grant", json.dumps(known))
    )
    return Back(row.mailbox, account=account)


def _provider(mailbox: Mailbox) -> Provider:
    provider = provider_of(SignInKind(mailbox.sign_in))
    if provider is None:
        raise BadState
    return provider


def _verifier_of(state: str) -> str:
    return f"verifier:{_hash(state)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
