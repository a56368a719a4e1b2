"""The two IMAP servers of this room, each started once: the sandbox's, and Debian's Dovecot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sending.sandbox.world import SandboxWorld
from tests.sending.imap import dovecot
from tests.sending.imap.post import Post

ACCOUNTS = {f"me{number}@acme.test": f'sécret "{number}\\' for number in range(80)}


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxWorld]:
    with SandboxWorld(tmp_path_factory.mktemp("imap-sandbox"), ACCOUNTS) as running:
        yield running


@pytest.fixture(scope="session")
def _dovecot() -> Iterator[dovecot.Dovecot]:
    with dovecot.running(ACCOUNTS) as running:
        yield running


@pytest.fixture(scope="session")
def _used() -> dict[str, int]:
    return {}


@pytest.fixture(params=["sandbox", pytest.param("dovecot", marks=pytest.mark.dovecot)])
def post(request: pytest.FixtureRequest, _used: dict[str, int]) -> Post:
    """An account of its own for each test, at each of the two servers."""
    server = request.getfixturevalue("_world" if request.param == "sandbox" else "_dovecot")
    number = _used[request.param] = _used.get(request.param, -1) + 1
    return Post(server, list(ACCOUNTS)[number])


@pytest.fixture
def dovecot_post(_dovecot: dovecot.Dovecot, _used: dict[str, int]) -> Post:
    """An account of its own at Dovecot."""
    number = _used["dovecot"] = _used.get("dovecot", -1) + 1
    return Post(_dovecot, list(ACCOUNTS)[number])
