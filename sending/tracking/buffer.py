"""Hits between the request and the database: in memory for a moment, then in Redis, then written many at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from multiprocessing.util import Finalize
from typing import cast

import redis
from redis.exceptions import RedisError

from outreach.env import env
from outreach.kit import clock
from sending.tracking.hits import Seen, line_of, read_line

STREAM = "outreach:hits"
EVERY_S = 0.1  # what a process that is killed loses at most
MOST_KEPT = 50_000  # hits in memory while neither Redis nor the database answers; of more, the oldest go
MOST_IN_REDIS = 5_000  # entries, 100 MB at most; while there are more, hits go straight to the database
_OF_AN_ENTRY = 100
_BATCH = 500
_AWAY_S = 5.0  # so long Redis is left alone after it has not answered, or is full
_FIELD = "h"
_logger = logging.getLogger(__name__)


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(env().redis_url, socket_connect_timeout=1, socket_timeout=1)


class Buffer:
    """The hits of one process. add() costs nothing; a thread of its own carries them on."""

    def __init__(
        self,
        store: Callable[[Sequence[Seen]], object],
        *,
        every_s: float = EVERY_S,
        at_rest: Callable[[], object] = lambda: None,
    ) -> None:
        """Take where hits go while Redis is away or full, and what its thread calls before it waits for more."""
        self._store, self._every_s, self._at_rest = store, every_s, at_rest
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
                Finalize(None, self.empty, exitpriority=0)  # not atexit's: a forked process ends without that
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
            finally:
                self._at_rest()

    def _hand_on(self, hits: Sequence[Seen]) -> None:
        if time.monotonic() >= self._away_until:
            try:
                waiting = put(hits)
            except RedisError as error:
                self._away_until = time.monotonic() + _AWAY_S
                _logger.warning("hits.redis_away", extra={"error": type(error).__name__})
            else:
                if waiting > MOST_IN_REDIS:  # nobody flushes, or not as fast as hits come
                    self._away_until = time.monotonic() + _AWAY_S
                    _logger.warning("hits.redis_full", extra={"entries": waiting})
                return
        # A batch whose answer was lost may be in Redis, too: a hit has one id, and is written once.
        self._store(hits)

    def _keep(self, hits: list[Seen]) -> None:
        with self._lock:
            self._kept = [*hits, *self._kept]
            if (lost := len(self._kept) - MOST_KEPT) > 0:
                del self._kept[:lost]
                _logger.error("hits.lost", extra={"hits": lost})


def put(hits: Sequence[Seen]) -> int:
    """Append hits to the stream, some in each entry; returns how many entries wait in it. Raises RedisError."""
    pipe = client().pipeline(transaction=False)
    for at in range(0, len(hits), _OF_AN_ENTRY):
        pipe.xadd(STREAM, {_FIELD: line_of(hits[at : at + _OF_AN_ENTRY])})
    pipe.xlen(STREAM)
    return cast("int", pipe.execute()[-1])


def take(most: int) -> tuple[list[bytes], list[Seen]]:
    """Return the oldest entries of the stream, and the hits in them; they stay until they are dropped."""
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", client().xrange(STREAM, count=most))
    hits: list[Seen] = []
    for _, fields in entries:
        try:
            hits += read_line(fields[_FIELD.encode()])
        except (ValueError, KeyError):
            _logger.warning("hits.unreadable")
    return [pk for pk, _ in entries], hits


def oldest() -> datetime | None:
    """Return when the oldest hit that waits in the stream was put there, None when none waits. Raises RedisError."""
    entries = cast("list[tuple[bytes, object]]", client().xrange(STREAM, count=1))
    return clock.instant(int(entries[0][0].partition(b"-")[0]) / 1000) if entries else None


def drop(ids: Sequence[bytes]) -> None:
    """Forget entries whose hits are committed."""
    if ids:
        client().xdel(STREAM, *ids)
