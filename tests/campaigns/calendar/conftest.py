"""What the calendar reckons holds whatever zone the server stands in (I6)."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Iterator

import pytest


@pytest.fixture(params=["UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia"], scope="module")
def each_server_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    clock.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    clock.tzset()
