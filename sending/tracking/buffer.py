"""Hits between the request and the database: in memory for a moment, then in Redis, then written many at a time."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import cast

import redis
from redis.exceptions import RedisError

from outreach.env import env
from sending.tracking.hits import Seen, line_of, read_line

STREAM = "outreach:hits"
EVERY_S = 0.1  # what a process that is killed loses at most
MOST_KEPT = 50_000  # hits in memory while neither Redis nor the database answers; of more, the oldest go
_BATCH = 500
_AWAY_S = 5.0  # so long Redis is left alone after it has not answered
_FIELD = "h"
_logger = logging.getLogger(__name__)


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(env().redis_url, socket_connect_timeout=1, socket_timeout=1)


class Buffer:
    """The hits of one process. add() costs nothing; a thread of its own carries them on."""

    def __init__(self, store: Callable[[Sequence[Seen]], object], *, every_s: float = EVERY_S) -> None:
        """Take where hits go while Redis is away."""
        self._store, self._every_s = store, every_s
        self._kept: list[Seen] = []
        self._lock, self._carrying = threading.Lock(), threading.Lock()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self._away_until = 0.0

    def add(self, hit: Seen) -> None:
        with self._lock:
            self._kept.append(hit)
            if self._thread is None:
                self._thread = threading.Thread(target=self._carry, name="hits", daemon=True)
                self._thread.start()
                atexit.register(self.empty)
        self._woken.set()

    def empty(self) -> int:
        """Carry on what there is; returns how many. What cannot be stored anywhere stays."""
        with self._carrying:
            with self._lock:
                taken, self._kept = self._kept, []
            done = 0
            try:
                for at in range(0, len(taken), _BATCH):
                    self._hand_on(taken[at : at + _BATCH])
                    done = min(at + _BATCH, len(taken))
            finally:
                if done < len(taken):
                    self._keep(taken[done:])
            return done

    def _carry(self) -> None:
        while True:
            self._woken.wait()
            time.sleep(self._every_s)  # gathers what comes meanwhile
            self._woken.clear()
            try:
                self.empty()
            except Exception:
                _logger.exception("hits.kept")
                time.sleep(1)
                self._woken.set()

    def _hand_on(self, hits: Sequence[Seen]) -> None:
        if time.monotonic() >= self._away_until:
            try:
                put(hits)
            except RedisError as error:
                self._away_until = time.monotonic() + _AWAY_S
                _logger.warning("hits.redis_away", extra={"error": type(error).__name__})
            else:
                return
        # A batch whose answer was lost may be in Redis, too: a hit has one id, and is written once.
        self._store(hits)

    def _keep(self, hits: list[Seen]) -> None:
        with self._lock:
            self._kept = [*hits, *self._kept]
            if (lost := len(self._kept) - MOST_KEPT) > 0:
                del self._kept[:lost]
                _logger.error("hits.lost", extra={"hits": lost})


def put(hits: Iterable[Seen]) -> None:
    """Append hits to the stream. Raises RedisError."""
    pipe = client().pipeline(transaction=False)
    for hit in hits:
        pipe.xadd(STREAM, {_FIELD: line_of(hit)})
    pipe.execute()


def take(most: int) -> tuple[list[bytes], list[Seen]]:
    """Return the oldest entries of the stream, and the hits in them; they stay until they are dropped."""
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", client().xrange(STREAM, count=most))
    hits = []
    for _, fields in entries:
        try:
            hits.append(read_line(fields[_FIELD.encode()]))
        except (ValueError, KeyError):
            _logger.warning("hits.unreadable")
    return [pk for pk, _ in entries], hits


def drop(ids: Sequence[bytes]) -> None:
    """Forget entries whose hits are committed."""
    if ids:
        client().xdel(STREAM, *ids)
