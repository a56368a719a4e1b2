"""The dialogue of a connection test while it runs, for whoever watches the page of the mailbox.

The lines go through the cache, from the process that tests to the one that is asked for the page: nothing depends on
them, and what came of the test is stored when it is over (`testing`). A test runs inside the request that began it, so
it ends with it, in MOST_S at most, and there is no worker, queue or row that could be left behind.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from django.core.cache import cache

from sending.smtp import Explanation, Line

# Longer than any test: what a killed process leaves is forgotten.
_KEPT_S = 90
# Each of the first lines is passed on at once. No honest server says so many; a talkative one is watched less closely.
_AT_ONCE = 60
_PAUSE_S = 0.5
# A cache that takes longer than this is left alone: the test itself must not wait for it.
_SLOW_S = 0.25


@dataclass
class Watched:
    """One protocol's part of a test under way. passed: None while it is not known yet."""

    protocol: str
    transcript: list[dict[str, Any]] = field(default_factory=list)
    passed: bool | None = None
    what: str = ""
    why: str = ""
    fix: str = ""


class Live:
    """Passes on what is said while the connections of one mailbox are tested. Used from several threads."""

    def __init__(self, mailbox_id: int, protocols: Sequence[str]) -> None:
        self._mailbox_id = mailbox_id
        self._run = uuid4().hex
        self._lock = threading.Lock()
        self._parts = {name: Watched(name) for name in protocols}
        self._lines: dict[str, list[Line]] = {name: [] for name in protocols}
        self._passed_on_at = 0.0
        self._is_on = True
        self._pass_on()

    def note(self, protocol: str, line: Line) -> None:
        """Add a line of a dialogue."""
        with self._lock:
            self._lines[protocol].append(line)
            lines = self._parts[protocol].transcript
            lines.append(asdict(line))
            if len(lines) <= _AT_ONCE or time.monotonic() - self._passed_on_at > _PAUSE_S:
                self._pass_on()

    def tell(self, protocol: str, problem: Explanation | None) -> None:
        """Say what came of one protocol; None: the server let us in."""
        with self._lock:
            part = self._parts[protocol]
            part.passed = problem is None
            if problem is not None:
                part.what, part.why, part.fix = problem.what, problem.why, problem.fix
            self._pass_on()

    def heard(self, protocol: str) -> tuple[Line, ...]:
        """Return the lines so far."""
        with self._lock:
            return tuple(self._lines[protocol])

    def end(self) -> None:
        """Forget it: what came of the test is stored, or never will be."""
        with self._lock:
            if self._is_on and (cache.get(_key(self._mailbox_id)) or {}).get("run") == self._run:
                cache.delete(_key(self._mailbox_id))

    def _pass_on(self) -> None:
        if not self._is_on:
            return
        began = time.monotonic()
        told = {"run": self._run, "parts": [asdict(part) for part in self._parts.values()]}
        cache.set(_key(self._mailbox_id), told, _KEPT_S)
        self._passed_on_at = time.monotonic()
        self._is_on = self._passed_on_at - began < _SLOW_S


def watched(mailbox_id: int) -> list[Watched]:
    """Return the test of a mailbox that is under way, part by part; nothing when there is none."""
    told = cache.get(_key(mailbox_id))
    return [Watched(**part) for part in told["parts"]] if told else []


def _key(mailbox_id: int) -> str:
    return f"mailbox-test:{mailbox_id}"
