"""The one way to an access token of a mailbox: the stored one while it is good, else a new one, asked for once.

Whoever needs a token calls `access_token`. The provider is asked inside a short transaction of its own that locks the
mailbox's credential and nothing else: of many who need a new token at once one asks, and the others find it there. What
the provider answers is written before the lock is given back, so that a refresh token that replaces the last one is
never lost between two workers. While the provider is away nobody asks it again before `ask_at`.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache

from django.db import Error, connection, connections, transaction

from outreach.kit import clock
from outreach.kit.away import is_away
from outreach.kit.crypto import SealBroken
from sending.mailboxes.models import Credential, Mailbox
from sending.mailboxes.oauth.answers import Grant, GrantEnded, ProviderAway
from sending.mailboxes.oauth.asking import refresh
from sending.mailboxes.oauth.providers import Provider, provider_of
from sending.mailboxes.secrets import ACCESS_TOKEN, LOST, REFRESH_TOKEN, opened, sealed
from sending.mailboxes.services import refuse_sign_in
from sending.smtp import BlockingTokens, TokenRefused, Tokens, TokenUnavailable

log = logging.getLogger(__name__)

# A token is replaced when less than this is left of its life, of about an hour.
MARGIN = timedelta(minutes=5)
# Without the provider it is still used while so much is left.
_LAST_MOMENT = timedelta(seconds=30)
_WAIT_STEP, _WAIT_MOST = timedelta(seconds=20), timedelta(minutes=30)
# Each waits for a provider with a connection to the database in its hands.
_MOST_AT_ONCE = 4


def access_token(mailbox_id: int, stale: str = "") -> str:
    """Return a token with which the mailbox signs in to its servers; never the `stale` one that a server has refused.

    Takes up to the time of one request for each who asks before. Raises TokenRefused (the mailbox needs a new sign-in
    then, and says so) or TokenUnavailable.
    """
    row = Credential.objects.select_related("mailbox").get(mailbox=mailbox_id)
    try:
        return _kept(row, stale, MARGIN) or _renewed(mailbox_id, stale)
    except GrantEnded as error:
        refuse_sign_in(mailbox_id, str(error))
        raise TokenRefused(str(error)) from error
    except SealBroken as error:
        log.exception("mailboxes.seal_broken mailbox=%s", mailbox_id)
        refuse_sign_in(mailbox_id, LOST.what)
        raise TokenRefused(LOST.what) from error
    except ProviderAway as error:
        raise TokenUnavailable(str(error)) from error


def tokens_for(mailbox: Mailbox, host: str) -> BlockingTokens:
    """Return where the mailbox's reader gets its tokens from, for the server of this name."""

    def tokens(stale: str) -> str:
        _require_own_server(mailbox, host)
        return access_token(mailbox.pk, stale)

    return tokens


def async_tokens_for(mailbox: Mailbox, host: str) -> Tokens:
    """Return where the mailbox's courier gets its tokens from; its loop, and its own threads, never wait for it."""
    ask = tokens_for(mailbox, host)

    def ask_apart(stale: str) -> str:
        try:
            return ask(stale)
        finally:
            connections.close_all()

    async def tokens(stale: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(_askers(), ask_apart, stale)

    return tokens


def store_grant(mailbox_id: int, grant: Grant, *, account: str) -> None:
    """Keep what a sign-in has granted, and forget the passwords: they are not needed any more."""
    Credential.objects.filter(mailbox=mailbox_id).update(
        smtp_password=None,
        imap_password=None,
        account=account,
        changed_at=clock.now(),
        **_columns(mailbox_id, grant),
    )


def _require_own_server(mailbox: Mailbox, host: str) -> None:
    """Let a provider's tokens go to its own mail servers only, whatever a row says. Raises TokenRefused."""
    provider = provider_of(mailbox.sign_in)
    if provider is None or not provider.owns(host):
        name = provider.name if provider else "the provider"
        raise TokenRefused(f"{host} is no mail server of {name}: its tokens do not go there.")


def _kept(row: Credential, stale: str, margin: timedelta) -> str:
    """Return the stored token, "" when it is none, has too little left, or is the one that was refused."""
    if row.access_token is None or row.access_until is None or row.access_until - clock.now() < margin:
        return ""
    token = opened(row.mailbox_id, ACCESS_TOKEN, row.access_token)
    return "" if token == stale else token


def _renewed(mailbox_id: int, stale: str) -> str:
    row, answer = None, None
    try:
        # Durable: never inside a transaction of the caller, which would hold its locks while the provider thinks.
        with transaction.atomic(durable=True):
            row = Credential.objects.select_for_update(of=("self",)).select_related("mailbox").get(mailbox=mailbox_id)
            token = _kept(row, stale, MARGIN)
            if token:
                return token  # somebody else has asked meanwhile
            answer = _asked(row)
            _write(row, answer)
    except Error as error:
        if not is_away(error) or row is None or not isinstance(answer, Grant):
            raise
        _write_late(row, answer)
    if isinstance(answer, Grant):
        return answer.access_token
    token = _kept(row, stale, _LAST_MOMENT) if isinstance(answer, ProviderAway) else ""
    if token:
        return token
    raise answer


def _asked(row: Credential) -> Grant | GrantEnded | ProviderAway:
    """Ask the provider, unless it is known what it would say."""
    provider = provider_of(row.mailbox.sign_in)
    if provider is None or row.refresh_token is None:
        name = provider.name if provider else "a provider"
        return GrantEnded(f"Nobody is signed in with {name} for this mailbox.")
    if row.ask_at is not None and row.ask_at > clock.now():
        return ProviderAway(row.ask_words)
    return _asked_now(row, provider)


def _asked_now(row: Credential, provider: Provider) -> Grant | GrantEnded | ProviderAway:
    started_at = clock.now()
    try:
        answer: Grant | GrantEnded | ProviderAway = refresh(
            provider, opened(row.mailbox_id, REFRESH_TOKEN, row.refresh_token)
        )
    except (GrantEnded, ProviderAway) as error:
        answer = error
    took_ms = int((clock.now() - started_at).total_seconds() * 1000)
    log.info("mailboxes.token_asked mailbox=%s answer=%s ms=%s", row.mailbox_id, type(answer).__name__, took_ms)
    return answer


def _write(row: Credential, answer: Grant | GrantEnded | ProviderAway) -> None:
    rows = Credential.objects.filter(mailbox=row.mailbox_id)
    match answer:
        case Grant():
            rows.update(**_columns(row.mailbox_id, answer))
        case GrantEnded():
            rows.update(refresh_token=None, access_token=None, access_until=None)
        case ProviderAway() if row.ask_at is None or row.ask_at <= clock.now():
            wait = min(_WAIT_STEP * 2 ** min(row.ask_failures, 8), _WAIT_MOST)
            rows.update(
                ask_at=clock.now() + max(wait, timedelta(seconds=answer.retry_after_s)),
                ask_failures=min(row.ask_failures + 1, 100),
                ask_words=str(answer)[:300],
            )


def _write_late(row: Credential, grant: Grant) -> None:
    """Keep a grant whose transaction the database has dropped: the provider may take no other refresh token now."""
    connection.close_if_unusable_or_obsolete()
    Credential.objects.filter(mailbox=row.mailbox_id, refresh_token=row.refresh_token).update(
        **_columns(row.mailbox_id, grant)
    )


def _columns(mailbox_id: int, grant: Grant) -> dict[str, bytes | datetime | int | str | None]:
    columns: dict[str, bytes | datetime | int | str | None] = {
        "access_token": sealed(mailbox_id, ACCESS_TOKEN, grant.access_token),
        "access_until": clock.now() + timedelta(seconds=grant.life_s),
        "ask_at": None,
        "ask_failures": 0,
        "ask_words": "",
    }
    if grant.refresh_token:
        columns["refresh_token"] = sealed(mailbox_id, REFRESH_TOKEN, grant.refresh_token)
    return columns


@cache
def _askers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="oauth")
