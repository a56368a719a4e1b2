"""A workspace with an admin, a sandbox to sign in to, and the settings of the instance as a test wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.test import Client

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.env import env
from outreach.kit.crypto import instance_keyring
from sending.mailboxes import testing
from sending.sandbox.world import SandboxWorld
from tests.builders import make_member, make_workspace

ACCOUNTS = {f"me{number}@acme.test": f"sandbox-secret-{number}" for number in range(3)}


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxWorld]:
    with SandboxWorld(tmp_path_factory.mktemp("mailboxes-sandbox"), ACCOUNTS) as running:
        yield running


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace("acme"), Role.ADMIN)


@pytest.fixture
def admin(client: Client, member: Member) -> Client:
    """The browser of the workspace's admin."""
    client.force_login(member.user)
    return client


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Change a variable of the instance's environment for this test."""

    def change(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        forget()

    def forget() -> None:
        env.cache_clear()
        instance_keyring.cache_clear()

    yield change
    monkeypatch.undo()
    forget()


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent server is left after a moment, not after a quarter of a minute."""
    monkeypatch.setattr(testing, "TIMEOUTS", replace(testing.TIMEOUTS, greeting=0.4, command=0.4))
