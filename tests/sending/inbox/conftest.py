"""One sandbox for all tests that read over IMAP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sending.sandbox.world import SandboxWorld
from tests.sending.inbox.boxes import ACCOUNTS


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxWorld]:
    with SandboxWorld(tmp_path_factory.mktemp("sandbox"), ACCOUNTS, time_scale=100_000) as running:
        yield running
