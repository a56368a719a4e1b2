"""A cache that outlives Redis: while Redis is away, each process counts for itself."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

_log = logging.getLogger(__name__)


class JsonSerializer:
    """Plain values only: Django's own serializer is pickle, which runs whatever somebody has put into Redis."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        return json.loads(stored)


class SturdyCache(BaseCache):
    """Redis first, this process's memory while Redis does not answer.

    Rate limits live here. Without Redis they hold per process instead of for all, so guessing stays slow and
    nobody is locked out by an outage.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = {"serializer": JsonSerializer(), **params.get("OPTIONS", {})}
        self._redis = RedisCache(server, {**params, "OPTIONS": options})
        self._memory = LocMemCache("sturdy", {})

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._ask("add", key, value, *args, **kwargs))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._ask("get", key, default, version)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        self._ask("set", key, value, *args, **kwargs)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(self._ask("incr", key, delta, version))

    def touch(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._ask("touch", key, *args, **kwargs))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._ask("delete", key, version))

    def clear(self) -> None:
        self._memory.clear()
        self._ask("clear")

    def _ask(self, verb: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(self._redis, verb)(*args, **kwargs)
        except RedisError as error:
            _log.warning("redis does not answer, counting in memory", extra={"error": type(error).__name__})
            return getattr(self._memory, verb)(*args, **kwargs)
