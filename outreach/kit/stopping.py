"""How a process at work learns that it is to end, so that it can hand back what it has not begun."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator


class Bell:
    """Rung once by a parent process, heard by every child that it has forked or will fork.

    It is a pipe whose one byte nobody takes out: whoever looks, however late, finds it. A child that was started as a
    fresh interpreter (macOS) hears nothing.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def ring(self) -> None:
        """Ring; safe in a signal handler, and any number of times."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"!")

    @property
    def has_rung(self) -> bool:
        return bool(select.select([self._reader], [], [], 0)[0])

    def fileno(self) -> int:
        return self._reader

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)


# Of the worker that this process is, or belongs to.
SHUTDOWN = Bell()


@contextlib.contextmanager
def told(stop: Callable[[], None], bell: Bell = SHUTDOWN) -> Iterator[None]:
    """Call `stop` once, in the running loop, when the bell rings or SIGTERM comes while the block lasts.

    A SIGTERM takes its usual effect at the end of the block. It is sent to each process of a service by some
    supervisors (systemd), while others (Docker, Celery's own) leave it to the parent to tell its children.
    """
    loop = asyncio.get_running_loop()
    has_heard = is_signalled = False

    def hear() -> None:
        nonlocal has_heard
        loop.remove_reader(bell.fileno())
        if not has_heard:
            has_heard = True
            stop()

    def take_signal() -> None:
        nonlocal is_signalled
        is_signalled = True
        hear()

    is_main = threading.current_thread() is threading.main_thread()
    usual = signal.getsignal(signal.SIGTERM)
    loop.add_reader(bell.fileno(), hear)
    if is_main:
        loop.add_signal_handler(signal.SIGTERM, take_signal)
    try:
        yield
    finally:
        loop.remove_reader(bell.fileno())
        if is_main:
            loop.remove_signal_handler(signal.SIGTERM)
            signal.signal(signal.SIGTERM, usual)
        if is_signalled:
            os.kill(os.getpid(), signal.SIGTERM)
