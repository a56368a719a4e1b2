"""One running sandbox for most tests of the room: its people react almost at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sending.sandbox.store import Store
from sending.sandbox.world import SandboxWorld

ACCOUNTS = {f"me{number}@acme.test": f"secret-{number}" for number in range(20)}


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxWorld]:
    folder = tmp_path_factory.mktemp("sandbox")
    with SandboxWorld(folder, ACCOUNTS, time_scale=100_000, floor_s=0.1) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()
