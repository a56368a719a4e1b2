"""Read what a provider's token endpoint says: a grant, its end, or nothing of use. Pure; nothing here asks anybody."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from outreach.kit.https import Answer

# RFC 6749 section 5.2; the three others are Microsoft's, where a person has something to do (OpenID Connect 3.1.2.6).
_ENDED = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})
_DEFAULT_LIFE_S = 3600
_SHORTEST_LIFE_S, _LONGEST_LIFE_S = 60, 24 * 3600
_MOST_TOKEN = 16_384  # characters; Microsoft's are about 2,500 long
_LONGEST_WAIT_S = 3600
_SECONDS = re.compile(r"[0-9]{1,12}")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_NOT_A_WORD = re.compile(r"[^a-z0-9_]")


class OAuthError(Exception):
    """Base: the provider gives no token; the words are for people and hold nothing secret."""


class GrantEnded(OAuthError):
    """The provider gives no tokens for this account any more: a person must sign in again."""


class ProviderAway(OAuthError):
    """No usable answer now. retry_after_s: the wait that the provider asked for, 0 where it asked for none."""

    def __init__(self, words: str, *, retry_after_s: int = 0) -> None:
        super().__init__(words)
        self.retry_after_s = retry_after_s


class WrongAnswer(OAuthError):
    """What the provider granted is not what is needed."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider gave. refresh_token: "" where the old one stays good. life_s: of the access token, in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    life_s: int
    scopes: frozenset[str]
    id_token: str = field(default="", repr=False)


def read_answer(name: str, answer: Answer) -> Grant:
    """Return what the provider (its name, for people) granted. Raises GrantEnded or ProviderAway."""
    found = _object(answer.body)
    if answer.status == 200 and found is not None:
        return _grant(name, found)
    error = _word(found.get("error")) if found else ""
    if answer.status in {400, 401, 403} and error in _ENDED:
        raise GrantEnded(f"{name} gives no access to this mailbox any more ({error}).")
    if answer.status == 429:
        raise ProviderAway(f"{name} asks us to wait ({answer.status}).", retry_after_s=_retry_after(answer.headers))
    if error in {"invalid_client", "unauthorized_client"}:
        raise ProviderAway(f"{name} does not accept the client of this instance ({error}). Its owner must look at it.")
    told = f"{answer.status} {error}".strip()
    raise ProviderAway(f"{name} gives no token now ({told}).", retry_after_s=_retry_after(answer.headers))


def account_in(id_token: str, *, client_id: str, issuers: Sequence[str], nonce: str, now_s: float) -> str:
    """Return the address of who signed in, in lower case. Raises WrongAnswer.

    The token came straight from the provider over verified TLS, which stands in for its signature (OpenID Connect
    Core 3.1.3.7, step 6). preferred_username comes first: Microsoft lets administrators write anything into email.
    """
    claims = _claims(id_token)
    audience = claims.get("aud")
    is_ours = client_id in audience if isinstance(audience, list) else audience == client_id
    is_theirs = is_issuer(claims.get("iss"), issuers)
    until = claims.get("exp")
    is_fresh = isinstance(until, int | float) and until > now_s - 60
    if not (is_ours and is_theirs and is_fresh and claims.get("nonce") == nonce):
        raise WrongAnswer("The provider's answer about who signed in is not for this sign-in.")
    for name in ("preferred_username", "email"):
        value = claims.get(name)
        if isinstance(value, str) and "@" in value and claims.get("email_verified") is not False:
            return value.strip().lower()[:254]
    raise WrongAnswer("The provider did not say which account has signed in.")


def is_issuer(name: object, issuers: Sequence[str]) -> bool:
    """Say whether a provider calls itself so; an issuer that ends with a slash stands for all below it."""
    return isinstance(name, str) and any(name == one or (one.endswith("/") and name.startswith(one)) for one in issuers)


def _grant(name: str, found: Mapping[str, Any]) -> Grant:
    access, refresh = found.get("access_token"), found.get("refresh_token") or ""
    if not isinstance(access, str) or not _is_token(access) or (refresh and not _is_token(refresh)):
        raise ProviderAway(f"{name} answered with something that is no token.")
    life = found.get("expires_in")
    life_s = int(life) if isinstance(life, int | str) and _SECONDS.fullmatch(str(life)) else _DEFAULT_LIFE_S
    scope, identity = found.get("scope"), found.get("id_token")
    return Grant(
        access_token=access,
        refresh_token=refresh,
        life_s=min(max(life_s, _SHORTEST_LIFE_S), _LONGEST_LIFE_S),
        scopes=frozenset(scope.lower().split()) if isinstance(scope, str) else frozenset(),
        id_token=identity if isinstance(identity, str) else "",
    )


def _is_token(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MOST_TOKEN and bool(_TOKEN.fullmatch(value))


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _word(value: object) -> str:
    """Return an error code as it may be shown: what else an answer says may hold what was sent."""
    return _NOT_A_WORD.sub("", value)[:60] if isinstance(value, str) else ""


def _claims(id_token: str) -> dict[str, Any]:
    try:
        payload = id_token.split(".")[1]
        found = _object(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, binascii.Error, ValueError):
        found = None
    return found or {}


def _retry_after(headers: Mapping[str, str]) -> int:
    value = headers.get("retry-after", "").strip()
    return min(int(value), _LONGEST_WAIT_S) if value.isdecimal() and len(value) < 10 else 0
