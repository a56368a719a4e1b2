"""Ask a provider's token endpoint: a code for tokens, an old token for a new one. One bounded request each."""

from __future__ import annotations

from outreach.env import OAuthClient, env
from outreach.kit.https import NoAnswer, post_form
from sending.mailboxes.oauth.answers import Grant, ProviderAway, read_answer
from sending.mailboxes.oauth.providers import Provider, address, client_of
from sending.smtp.server import tls_context

# A lock is held meanwhile, and often a person or a server waits.
TIMEOUT_S = 15.0


def exchange(provider: Provider, *, code: str, verifier: str, redirect_uri: str) -> Grant:
    """Return what the provider grants for the code that it gave to the browser. Raises OAuthError."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }
    return _ask(provider, fields)


def refresh(provider: Provider, refresh_token: str) -> Grant:
    """Return a new access token, and a new refresh token where the provider replaces it. Raises OAuthError."""
    return _ask(provider, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def client_for(provider: Provider) -> OAuthClient:
    """Return how this instance is known to the provider. Raises ProviderAway where it is not."""
    client = client_of(provider)
    if client is None:
        raise ProviderAway(f"The owner of this instance has not set up the sign-in with {provider.name}.")
    return client


def _ask(provider: Provider, fields: dict[str, str]) -> Grant:
    client = client_for(provider)
    try:
        answer = post_form(
            address(provider.token_url),
            fields | {"client_id": client.id, "client_secret": client.secret},
            context=tls_context(provider.ca_pem),
            private=env().private_networks,
            timeout_s=TIMEOUT_S,
        )
    except NoAnswer as error:
        raise ProviderAway(f"{provider.name} gives no token now: {error}") from error
    return read_answer(provider.name, answer)
