"""What an access token comes from, and what can go wrong: whoever signs in needs to know no more of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

# Both take the token that a server has just refused, "" where none was: another one is asked for then. They return a
# token that is good for some minutes, and raise TokenRefused or TokenUnavailable.
Tokens = Callable[[str], Awaitable[str]]
BlockingTokens = Callable[[str], str]


def xoauth2(username: str, token: str) -> str:
    """Return what signs in with a token, before base64, over every protocol alike."""
    return f"user={username}\x01auth=Bearer {token}\x01\x01"


class TokenError(Exception):
    """Base: there is no access token; the words are for people and hold no secret."""


class TokenRefused(TokenError):
    """The provider gives no token for this mailbox any more; a person must sign in again."""


class TokenUnavailable(TokenError):
    """The provider gives no token at the moment; trying again later may help."""
