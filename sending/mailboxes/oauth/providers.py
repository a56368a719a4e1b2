"""What is known about the providers that a mailbox can sign in with, and how this instance is known to them.

The addresses are constants of the program: no setting, form or row can send a secret of the instance elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from outreach.env import OAuthClient, env
from sending.mailboxes.states import SignInKind


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. {tenant} stands in its addresses for OUTREACH_MICROSOFT_TENANT.

    needed: the scopes without which no mail can be sent and read. hosts: the only mail servers that get its tokens.
    issuers: how it may call itself in an id_token. renames: its mail servers know a person by the account alone.
    """

    id: SignInKind
    name: str
    authorize_url: str
    token_url: str
    needed: tuple[str, ...]
    identity: tuple[str, ...]  # the scopes by which we learn who signed in, and that tokens can be renewed
    issuers: tuple[str, ...]
    hosts: frozenset[str]
    extra: Mapping[str, str] = field(default_factory=dict)  # of the address to which the browser is sent
    renames: bool = False
    ca_pem: str | None = None  # None: the public authorities

    @property
    def scope(self) -> str:
        return " ".join((*self.needed, *self.identity))

    def owns(self, host: str) -> bool:
        """Say whether this is one of the mail servers that get its tokens."""
        return host.lower().rstrip(".") in self.hosts


# developers.google.com/identity/protocols/oauth2/web-server and developers.google.com/gmail/imap/xoauth2-protocol,
# known to 2026-11-26. Without prompt=consent a second consent brings no refresh token.
GOOGLE = Provider(
    id=SignInKind.GOOGLE,
    name="Google",
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106  # an address
    needed=("https://mail.google.com/",),
    identity=("openid", "email"),
    issuers=("https://accounts.google.com", "accounts.google.com"),
    hosts=frozenset({"smtp.gmail.com", "imap.gmail.com", "pop.gmail.com"}),
    extra={"access_type": "offline", "prompt": "consent"},
    renames=True,
)
# learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-
# using-oauth and learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, known to 2026-11-26.
MICROSOFT = Provider(
    id=SignInKind.MICROSOFT,
    name="Microsoft",
    authorize_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
    token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",  # noqa: S106  # an address
    needed=(
        "https://outlook.office.com/SMTP.Send",
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/POP.AccessAsUser.All",
    ),
    identity=("offline_access", "openid", "email", "profile"),
    issuers=("https://login.microsoftonline.com/",),
    hosts=frozenset(
        {
            "smtp.office365.com", "outlook.office365.com", "smtp-mail.outlook.com", "imap-mail.outlook.com",
            "pop-mail.outlook.com",
        }
    ),
    extra={"prompt": "select_account"},
)  # fmt: skip
_ALL = {SignInKind.GOOGLE: GOOGLE, SignInKind.MICROSOFT: MICROSOFT}


def provider_of(kind: str) -> Provider | None:
    """Return the provider of a kind of sign-in; None for passwords."""
    return _ALL.get(SignInKind(kind))


def client_of(provider: Provider) -> OAuthClient | None:
    """Return how this instance is known to the provider; None where its owner has not set that up."""
    return {SignInKind.GOOGLE: env().google, SignInKind.MICROSOFT: env().microsoft}[provider.id]


def configured() -> list[Provider]:
    """Return the providers that a mailbox of this instance can sign in with."""
    return [provider for provider in _ALL.values() if client_of(provider) is not None]


def address(url: str) -> str:
    """Return one of a provider's addresses with the tenant filled in."""
    return url.format(tenant=env().microsoft_tenant)
