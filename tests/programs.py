"""Programs that come in over the HTTP API."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.test import Client

from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.models import ApiKey
from outreach.accounts.programs import Wish, create_key
from outreach.accounts.roles import Role

API = "/api/v1"


def make_key(member: Member, scopes: Collection[Scope] = tuple(Scope), **values: Any) -> tuple[ApiKey, str]:
    """Make a key with all that its maker may do; returns it with its text."""
    row, secret = create_key(member, Wish(**{"name": "CRM", "scopes": scopes, "role": member.role, **values}))
    return row, secret.text


class Program:
    """A client that sends a key, and JSON; it has no cookies."""

    def __init__(self, text: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {text}"})

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Send a request to the API; header names with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = json.dumps(body) if body is not None else ""
        return self.client.generic(method, API + path, content, "application/json", headers=sent)

    def send(self, path: str, form: dict[str, Any], **headers: str) -> Any:
        """Send a form with files."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(API + path, form, headers=sent)


def program_of(member: Member, scopes: Collection[Scope] = tuple(Scope), *, role: Role | None = None) -> Program:
    return Program(make_key(member, scopes, role=role or member.role)[1])
