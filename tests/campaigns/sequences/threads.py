"""Acts that happen at the same moment, each on a connection of its own, lined up before one lock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from campaigns.sequences import services
from campaigns.sequences.errors import SequenceError
from campaigns.sequences.models import Campaign

PATIENCE_S = 30


def at_once(campaign: Campaign, *acts: Callable[[], object]) -> list[SequenceError | None]:
    """Let all of them stand before the campaign's lock, then let go; return what each raised."""
    with held(campaign) as release:
        threads = [InThread(act) for act in acts]
        for thread in threads:
            thread.is_blocked()
        release()
        return [thread.outcome() for thread in threads]


@contextmanager
def held(campaign: Campaign) -> Iterator[Callable[[], None]]:
    """Stand in the middle of an edit of the campaign, until the block ends or the function is called."""
    transaction.set_autocommit(False)
    try:
        services.rename(campaign, campaign.name)
        yield transaction.commit
        transaction.commit()
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


class InThread:
    """An act in a thread with a connection of its own."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._outcome: SequenceError | None = None
        self._pid = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def is_blocked(self) -> None:
        """Return once the act waits for a lock."""
        assert self._ready.wait(PATIENCE_S)
        with connection.cursor() as cursor:
            for _ in range(PATIENCE_S * 1_000):
                cursor.execute("SELECT cardinality(pg_blocking_pids(%s)), pg_sleep(0.001)", [self._pid])
                if cursor.fetchall()[0][0]:
                    return
        raise AssertionError("the act does not wait")

    def outcome(self) -> SequenceError | None:
        """Return the error of this room that the act raised, or None. Any other error fails the test by itself."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the act waits for ever"
        return self._outcome

    def _run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self._pid = cursor.fetchone()[0]
            self._ready.set()
            self._act()
        except SequenceError as error:
            self._outcome = error
        finally:
            connection.close()
