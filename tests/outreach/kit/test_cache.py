"""The cache that outlives Redis."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache

from outreach.kit.cache import SturdyCache

AWAY = "redis://127.0.0.1:1/0"  # nobody listens there


@pytest.fixture(params=["redis", "away"])
def sturdy(request: pytest.FixtureRequest) -> Iterator[BaseCache]:
    found: BaseCache = cache if request.param == "redis" else SturdyCache(AWAY, {})
    found.clear()
    yield found
    found.clear()


def test_what_is_put_in_comes_out(sturdy: BaseCache) -> None:
    for value in ([1.5, 2.5], {"a": None}, 7, "ü", True):
        sturdy.set("key", value, 60)
        assert sturdy.get("key") == value
    assert sturdy.get("other", "nothing") == "nothing"
    assert sturdy.delete("key")
    assert sturdy.get("key") is None


def test_a_lock_is_taken_once(sturdy: BaseCache) -> None:
    assert sturdy.add("lock", value=True, timeout=60)
    assert not sturdy.add("lock", value=True, timeout=60)
    assert sturdy.touch("lock", 60)


def test_processes_share_what_they_count_while_redis_is_there() -> None:
    cache.set("attempts", [1.0], 60)
    assert SturdyCache(cache._redis._servers[0], {}).get("attempts") == [1.0]  # type: ignore[attr-defined]


def test_nothing_in_redis_is_ever_run() -> None:
    cache.set("key", [1.0], 60)
    redis = cache._redis  # type: ignore[attr-defined]
    raw = redis._cache.get_client(None).get(redis.make_key("key"))
    assert raw == b"[1.0]"


def test_an_outage_is_told_to_whoever_runs_the_server(caplog: pytest.LogCaptureFixture) -> None:
    SturdyCache(AWAY, {}).get("key")
    assert "redis does not answer" in caplog.text
